"""Flask: the factory makes the bus. Run it with `flask --app flask_app run`."""

import atexit

from flask import Flask, current_app

from bellwire.core import Bus
from bellwire.hookspecs import Workflow


def create_app(bus: Bus | None = None) -> Flask:
    app = Flask(__name__)
    if bus is None:
        bus = Bus.from_file()  # BELLWIRE_CONFIG, else ./bellwire.toml
        atexit.register(bus.close)
    bus.start()
    app.extensions["bellwire"] = bus
    app.add_url_rule("/workflows/<workflow_id>/approve", view_func=approve, methods=["POST"])
    return app


def approve(workflow_id: str) -> dict[str, str]:
    bus: Bus = current_app.extensions["bellwire"]
    workflow = Workflow(
        project_name="payments",
        workflow_id=workflow_id,
        workflow_subject="Add an index to orders",
        workflow_status="wait_for_execution",
    )
    event = bus.notify_workflow("approve", workflow)
    return {"event": event.id}
