"""A script: publish, and leave. Run it with `python script.py WORKFLOW_ID`."""

import sys

from bellwire.core import Bus
from bellwire.hookspecs import Workflow


def main() -> None:
    workflow = Workflow(
        project_name="payments",
        workflow_id=sys.argv[1],
        workflow_subject="Add an index to orders",
        workflow_status="finished",
    )
    with Bus.from_file() as bus:  # BELLWIRE_CONFIG, else ./bellwire.toml
        event = bus.notify_workflow("exec_success", workflow)
    print(event.id)


if __name__ == "__main__":
    main()
