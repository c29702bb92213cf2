from django.apps import AppConfig
from django.conf import settings

from bellwire.core import Bus


class WorkflowsConfig(AppConfig):
    name = "workflows"
    bus: Bus

    def ready(self) -> None:
        self.bus = Bus.from_file(settings.BELLWIRE_CONFIG)  # opens nothing yet
