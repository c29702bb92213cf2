"""The contract as a whole: what it offers, and what it costs to import."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

import bellwire.hookspecs
from bellwire.hookspecs import HOOK_PREFIX, PROJECT_NAME, NotifySpecs, hookimpl, specs

PROTOCOLS = {
    "notify_workflow": specs.NotifiesWorkflow,
    "notify_event": specs.NotifiesEvent,
    "notify_test": specs.NotifiesTest,
    "notify_filter": specs.FiltersEvents,
    "notify_render": specs.RendersEvents,
    "notify_settled": specs.ObservesOutcomes,
}


def test_what_it_offers_is_listed_in_order_and_is_there() -> None:
    offered = bellwire.hookspecs.__all__
    capitals = [name for name in offered if name.isupper()]
    classes = [name for name in offered if name[0].isupper() and not name.isupper()]
    functions = [name for name in offered if name[0].islower()]

    assert list(offered) == [*sorted(capitals), *sorted(classes), *sorted(functions)]
    assert len(set(offered)) == len(offered)
    for name in offered:
        assert hasattr(bellwire.hookspecs, name), name


def test_nothing_public_is_left_out() -> None:
    modules = {name for name, value in vars(bellwire.hookspecs).items() if inspect.ismodule(value)}
    public = {name for name in vars(bellwire.hookspecs) if not name.startswith("_")} - modules - {"annotations"}
    assert public == set(bellwire.hookspecs.__all__)


def test_each_hook_is_specified_once_and_typed_once_alike() -> None:
    hooks = {name for name in vars(NotifySpecs) if not name.startswith("_")}
    assert hooks == set(PROTOCOLS)
    for name, protocol in PROTOCOLS.items():
        assert name.startswith(HOOK_PREFIX)
        specification, typed = getattr(NotifySpecs, name), getattr(protocol, name)
        assert list(inspect.signature(specification).parameters) == list(inspect.signature(typed).parameters)
        assert get_type_hints(specification) == get_type_hints(typed)
        assert inspect.getdoc(specification), name
        assert hasattr(specification, f"{PROJECT_NAME}_spec")


def test_only_rendering_asks_for_one_answer() -> None:
    first = [name for name in PROTOCOLS if getattr(getattr(NotifySpecs, name), f"{PROJECT_NAME}_spec")["firstresult"]]
    assert first == ["notify_render"]


def test_the_marker_leaves_the_function_as_it_is() -> None:
    def notify_filter(event: object, channel: str) -> None: ...

    assert hookimpl(notify_filter) is notify_filter


def test_every_public_thing_says_what_it_promises() -> None:
    silent = [
        name
        for name in bellwire.hookspecs.__all__
        if callable(value := getattr(bellwire.hookspecs, name)) and inspect.isfunction(value) | inspect.isclass(value)
        if not inspect.getdoc(value)
    ]
    assert silent == []


def test_importing_it_brings_neither_an_http_client_nor_a_database() -> None:
    script = "import sys, bellwire.hookspecs; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    for heavy in ("httpx", "sqlalchemy", "click", "cattrs", "asyncio", "bellwire.core"):
        assert f"'{heavy}'" not in done.stdout


@pytest.mark.parametrize(
    "path", sorted(Path(bellwire.hookspecs.__file__).parent.glob("*.py")), ids=lambda path: path.name
)
def test_a_file_is_one_idea_and_explains_itself(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.startswith('"""')
    assert not re.search(r"^\s*(from|import) bellwire\.(core|channels)", source, re.MULTILINE)
