from unittest import mock

from django.apps import apps
from django.test import SimpleTestCase

from bellwire.core.testing import bus_for_tests


class ApprovingTests(SimpleTestCase):
    def test_it_publishes_an_event(self) -> None:
        with bus_for_tests() as bus, mock.patch.object(apps.get_app_config("workflows"), "bus", bus):
            self.client.post("/workflows/1734/approve")
            assert [(event.action, event.ordering_key) for event in bus.published] == [("approve", "1734")]
