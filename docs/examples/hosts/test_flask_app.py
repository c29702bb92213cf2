from flask_app import create_app

from bellwire.core.testing import bus_for_tests


def test_approving_publishes_an_event() -> None:
    with bus_for_tests() as bus:
        create_app(bus).test_client().post("/workflows/1734/approve")
        assert [(event.action, event.ordering_key) for event in bus.published] == [("approve", "1734")]
