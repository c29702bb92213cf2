from fastapi.testclient import TestClient
from fastapi_app import app

from bellwire.core.testing import bus_for_tests


def test_approving_publishes_an_event() -> None:
    with bus_for_tests() as bus:
        app.state.bus = bus  # outside of `with TestClient(app)` the lifespan does not run
        TestClient(app).post("/workflows/1734/approve")
        assert [(event.action, event.ordering_key) for event in bus.published] == [("approve", "1734")]
