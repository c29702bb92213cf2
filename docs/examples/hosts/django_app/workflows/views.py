from django.apps import apps
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bellwire.hookspecs import Workflow


@csrf_exempt  # the example has no login; yours has
@require_POST
def approve(request: HttpRequest, workflow_id: str) -> JsonResponse:
    workflow = Workflow(
        project_name="payments",
        workflow_id=workflow_id,
        workflow_subject="Add an index to orders",
        workflow_status="wait_for_execution",
    )
    event = apps.get_app_config("workflows").bus.notify_workflow("approve", workflow)
    return JsonResponse({"event": event.id})
