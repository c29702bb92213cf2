from django.urls import path
from workflows.views import approve

urlpatterns = [path("workflows/<str:workflow_id>/approve", approve)]
