"""The items of the setting ``plugins``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from bellwire.core.errors import PluginError
from bellwire.core.plugins import BUILT_IN_KINDS, ChannelTypes, Plugins
from bellwire.hookspecs import Veto, sample_workflow_event

if TYPE_CHECKING:
    from tests.unit.plugins.conftest import Installer

EVENT = sample_workflow_event()
FILTERS = """
from bellwire.hookspecs import Veto, hookimpl

class Plugin:
    @hookimpl
    def notify_filter(self, event, channel):
        return Veto("from the class")

class Outer:
    class Inner(Plugin):
        pass

ready = Plugin()

@hookimpl
def notify_filter(event, channel):
    return Veto("from the module")
"""
KIND = """
import attrs
from bellwire.hookspecs import Event

@attrs.frozen(kw_only=True)
class InvoiceEvent(Event):
    kind = "invoice"
    ordering_key = "1"
    def payload(self): return {}
    @classmethod
    def from_payload(cls, payload, **envelope): return cls(**envelope)
"""


@pytest.fixture
def plugins() -> Plugins:
    return Plugins(ChannelTypes(disabled=(), installed=tuple))


def refusal(plugins: Plugins, reference: str) -> str:
    with pytest.raises(PluginError) as caught:
        plugins.load(reference)
    return str(caught.value)


@pytest.mark.parametrize(
    ("reference", "name", "reason"),
    [
        ("my_filters:Plugin", "my_filters:Plugin", "from the class"),
        (" my_filters : Plugin ", "my_filters:Plugin", "from the class"),
        ("my_filters:ready", "my_filters:Plugin", "from the class"),
        ("my_filters:Outer.Inner", "my_filters:Outer.Inner", "from the class"),
        ("my_filters", "my_filters", "from the module"),
    ],
)
def test_a_class_an_object_and_a_module_can_be_named(
    install: Installer, plugins: Plugins, reference: str, name: str, reason: str
) -> None:
    install("my-filters", my_filters=FILTERS)

    plugins.load(reference)

    assert plugins.veto(EVENT, "ops") == (name, Veto(reason))


def test_an_item_once_more_does_nothing(install: Installer, plugins: Plugins) -> None:
    install("my-filters", my_filters=FILTERS)

    plugins.load("my_filters:Plugin")
    plugins.load("my_filters:Plugin")

    assert len(plugins.listing()) == 1


def test_a_class_whose_object_the_host_registered_itself_is_left_at_that(install: Installer, plugins: Plugins) -> None:
    install("my-filters", my_filters=FILTERS)
    import my_filters  # type: ignore[import-not-found]  # installed above

    plugins.register(my_filters.Plugin())
    plugins.load("my_filters:Plugin")

    assert [info.name for info in plugins.listing()] == ["my_filters:Plugin"]


def test_an_event_class_adds_a_kind(install: Installer, plugins: Plugins) -> None:
    install("my-kinds", my_kinds=KIND)

    plugins.load("my_kinds:InvoiceEvent")

    assert set(plugins.kinds()) == {"invoice", *BUILT_IN_KINDS}


def test_a_config_class_becomes_a_type_when_it_is_given_a_name(install: Installer, plugins: Plugins) -> None:
    install("my-pager", my_pager=install.pager)

    assert 'plugins = ["NAME=my_pager:PagerConfig"]' in refusal(plugins, "my_pager:PagerConfig")
    plugins.load("pager = my_pager:PagerConfig")

    assert plugins.types.get("pager").__name__ == "PagerConfig"


def test_a_name_for_what_is_no_config_class_is_refused(install: Installer, plugins: Plugins) -> None:
    install("my-filters", my_filters=FILTERS)

    assert refusal(plugins, "pager=my_filters:Plugin") == (
        "the channel type 'pager' cannot be registered: class Plugin does not derive from ChannelConfig: "
        "class Plugin(ChannelConfig)"
    )


def test_a_module_that_is_not_there_is_told_with_the_way_out(plugins: Plugins) -> None:
    assert refusal(plugins, "not_there.notify:Plugin") == (
        "there is no module 'not_there': is its package installed, or its folder on PYTHONPATH?"
    )


def test_a_module_that_lacks_another_is_not_taken_for_missing_itself(install: Installer, plugins: Plugins) -> None:
    install("my-filters", lacking="import something_else_entirely")

    assert refusal(plugins, "lacking:Plugin") == (
        "the module 'lacking' needs the module 'something_else_entirely', which is not installed"
    )


@pytest.mark.parametrize(
    ("source", "reason"), [("1/0", "ZeroDivisionError: division by zero"), ("raise SystemExit(3)", "SystemExit: 3")]
)
def test_a_module_that_raises_is_told_with_what_it_raised(
    install: Installer, plugins: Plugins, source: str, reason: str
) -> None:
    install("my-filters", broken_filters=source)

    assert refusal(plugins, "broken_filters:Plugin") == f"the module 'broken_filters' cannot be imported: {reason}"


def test_an_attribute_that_is_not_there_is_told_with_the_one_that_was_meant(
    install: Installer, plugins: Plugins
) -> None:
    install("my-filters", my_filters=FILTERS)

    assert refusal(plugins, "my_filters:Plugn") == "the module 'my_filters' has no 'Plugn', did you mean 'Plugin'?"
    assert refusal(plugins, "my_filters:Outer.Iner") == "the class Outer has no 'Iner', did you mean 'Inner'?"
    assert refusal(plugins, "my_filters:Xyz") == "the module 'my_filters' has no 'Xyz'"


@pytest.mark.parametrize("reference", ["", ":", "a:", ":b", "a b:c", "a:b:c", "../x", "a=", "a-b:c", "a..b:c"])
def test_what_is_written_otherwise_is_told_how_to_write_it(plugins: Plugins, reference: str) -> None:
    assert "must be written module:Name, such as 'myapp.notify:Plugin'" in refusal(plugins, reference)


def test_a_module_without_hooks_is_refused(install: Installer, plugins: Plugins) -> None:
    install("my-filters", empty_filters="class Plugin: ...")

    assert refusal(plugins, "empty_filters").startswith("plugin empty_filters: empty_filters implements no hook; ")
    assert "empty_filters" in sys.modules
