"""A process that gevent or eventlet has patched: it publishes, and says who may dispatch instead."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.hosting.conftest import Receiver, Start

PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import warnings; warnings.simplefilter('ignore'); import eventlet; eventlet.monkey_patch()",
}
HOST = """
{patch}
import logging
logging.basicConfig(format="%(levelname)s %(message)s")
from bellwire.core import Bus, DispatchRefused
from bellwire.hookspecs import Workflow

bus = Bus.from_file()
try:
    bus.start()
except DispatchRefused as error:
    print("refused:", error)
for number in range(3):
    bus.notify_workflow("create", Workflow(
        project_name="p", workflow_id=str(number), workflow_subject="s", workflow_status="wait_for_audit"))
bus.close()
"""


@pytest.mark.parametrize("library", PATCHES)
def test_embedded_is_refused_with_the_way_out_and_publishing_still_stores(
    library: str, receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    (tmp_path / "host.py").write_text(HOST.format(patch=PATCHES[library]), "utf-8")
    host = start("python", "host.py")
    assert host.ends() == 0, host.text
    refusal = (
        f"{library} has patched this process, and an event loop cannot run beside it; "
        'set dispatch = "off" here and run `bellwire worker` beside it'
    )
    assert f"refused: {refusal}" in host.text
    assert host.text.count("ERROR events are stored, but nobody dispatches them here") == 1
    assert receiver.documents == []

    worker = start("bellwire", "worker", "--once")
    assert worker.ends() == 0, worker.text
    assert sorted(receiver.workflow_ids) == ["0", "1", "2"]
