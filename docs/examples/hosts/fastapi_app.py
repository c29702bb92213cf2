"""FastAPI: the bus lives as long as the app. Run it with `uvicorn fastapi_app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from bellwire.core import Bus
from bellwire.hookspecs import Workflow


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with Bus.from_file() as bus:  # BELLWIRE_CONFIG, else ./bellwire.toml
        app.state.bus = bus
        yield


app = FastAPI(lifespan=lifespan)


def get_bus(request: Request) -> Bus:
    bus: Bus = request.app.state.bus
    return bus


@app.post("/workflows/{workflow_id}/approve")
async def approve(workflow_id: str, bus: Annotated[Bus, Depends(get_bus)]) -> dict[str, str]:
    workflow = Workflow(
        project_name="payments",
        workflow_id=workflow_id,
        workflow_subject="Add an index to orders",
        workflow_status="wait_for_execution",
    )
    event = await bus.anotify_workflow("approve", workflow)
    return {"event": event.id}
