import json
import os

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import connection, models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from verify import VerificationError, verify

SECRETS = os.environ["HOOK_SECRET"].split()  # one, or both while they are changed

# A whole project in one file; in yours, the model and the view stand in an app.
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("HOOK_DATABASE", "hooks.db")}
    },
)
django.setup()


class Taken(models.Model):
    webhook_id = models.CharField(max_length=100, primary_key=True)

    class Meta:
        app_label = "receiver"

    def __str__(self) -> str:
        return self.webhook_id


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    try:
        delivery = verify(request.body, request.headers, SECRETS)
    except VerificationError as error:
        return HttpResponse(f"{error}\n", status=401)
    with transaction.atomic():  # one transaction: the id, and the work
        _, new = Taken.objects.get_or_create(webhook_id=delivery.webhook_id)
        if new:
            take(json.loads(request.body))
    return HttpResponse("ok\n")


def take(event: dict) -> None:
    if event["event"] == "workflow":  # a later version may send other events and other actions: ignore them
        workflow = event["payload"]["workflow"]
        print(workflow["workflow_id"], event["action"], flush=True)


urlpatterns = [path("", receive)]

if __name__ == "__main__":
    with connection.schema_editor() as schema:
        schema.create_model(Taken)  # in earnest: a migration
    execute_from_command_line(["manage.py", "runserver", "--noreload", os.environ.get("PORT", "8000")])
