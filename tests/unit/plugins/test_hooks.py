"""What a plugin's or a channel's author is told when a hook cannot be called as it is written."""

from __future__ import annotations

import functools
import types
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from bellwire.core.errors import PluginError
from bellwire.core.plugins import ChannelTypes, Plugins
from bellwire.hookspecs import Delivery, Event, Message, Outcome, Sent, Veto, hookimpl, sample_workflow_event


def plugins() -> Plugins:
    return Plugins(ChannelTypes(disabled=(), installed=tuple))


def channel_refusal(channel: object) -> str:
    registry = plugins()
    with pytest.raises(PluginError) as caught:
        registry.open_channel("ops", channel)
    assert registry.listing() == ()  # nothing is half registered
    assert registry.delivery_hook("ops", sample_workflow_event()) is None
    return str(caught.value).removeprefix("channel ops: ")


def plugin_refusal(plugin: object) -> str:
    registry = plugins()
    with pytest.raises(PluginError) as caught:
        registry.register(plugin, "mine")
    assert registry.listing() == ()
    assert registry.veto(sample_workflow_event(), "ops") is None
    return str(caught.value).removeprefix("plugin mine: ")


class Works:
    @hookimpl
    async def notify_workflow(self, event: Event, delivery: Delivery) -> Outcome:
        return Sent()


def test_a_misspelt_hook_is_refused_with_the_one_that_was_meant() -> None:
    class Pager:
        @hookimpl
        async def notify_workflw(self, event: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    assert (
        channel_refusal(Pager()) == "Pager.notify_workflw: there is no hook 'notify_workflw', "
        "did you mean 'notify_workflow'?"
    )


def test_a_hook_without_the_prefix_is_refused_with_the_one_that_was_meant() -> None:
    class Pager:
        @hookimpl
        async def workflow(self, event: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    assert channel_refusal(Pager()) == "Pager.workflow: there is no hook 'workflow', did you mean 'notify_workflow'?"


def test_a_hook_like_no_other_is_refused_with_all_that_there_are() -> None:
    class Pager:
        @hookimpl
        async def notify_by_fax(self, event: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    assert channel_refusal(Pager()) == (
        "Pager.notify_by_fax: there is no hook 'notify_by_fax'; the hooks are notify_event, notify_filter, "
        "notify_render, notify_settled, notify_test, notify_workflow"
    )


def test_a_forgotten_hookimpl_on_a_known_name_is_refused() -> None:
    class Pager:
        async def notify_workflow(self, event: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    assert channel_refusal(Pager()) == "Pager.notify_workflow lacks @hookimpl, so it would never be called"


def test_the_marker_of_another_project_is_none_of_ours() -> None:
    from pluggy import HookimplMarker

    class Pager:
        @HookimplMarker("pytest")
        async def notify_workflow(self, event: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    assert "Pager.notify_workflow lacks @hookimpl" in channel_refusal(Pager())


def test_an_unmarked_name_with_our_prefix_is_refused() -> None:
    class Pager(Works):
        def notify_ops(self) -> None: ...

    assert channel_refusal(Pager()) == (
        "Pager.notify_ops: names with notify_ are kept for hooks, and there is no such one; rename it"
    )


def test_a_hook_that_is_inherited_is_a_hook() -> None:
    class Pager(Works): ...

    registry = plugins()
    registry.open_channel("ops", Pager())
    assert registry.delivery_hook("ops", sample_workflow_event()) is not None


def test_an_overriding_method_that_lost_its_marker_is_refused() -> None:
    class Pager(Works):
        async def notify_workflow(self, event: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    assert "Pager.notify_workflow lacks @hookimpl" in channel_refusal(Pager())


def test_a_hook_that_is_optional_may_be_unknown() -> None:
    class Pager(Works):
        @hookimpl(optionalhook=True)
        async def notify_incident(self, event: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    registry = plugins()
    registry.open_channel("ops", Pager())
    assert registry.listing()[0].hooks == ("notify_incident", "notify_workflow")


def test_a_method_may_be_called_otherwise_than_its_hook() -> None:
    class Pager:
        @hookimpl(specname="notify_workflow")
        async def ring(self, event: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    registry = plugins()
    registry.open_channel("ops", Pager())
    assert registry.listing()[0].hooks == ("notify_workflow",)


def test_a_wrong_argument_is_refused_with_those_that_are_given() -> None:
    class Pager:
        @hookimpl
        async def notify_workflow(self, evnt: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    assert channel_refusal(Pager()) == (
        "Pager.notify_workflow takes 'evnt', but notify_workflow is given event and delivery, did you mean 'event'?"
    )


def test_the_test_hooks_argument_has_its_own_name() -> None:
    class Pager(Works):
        @hookimpl
        async def notify_test(self, event: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    assert channel_refusal(Pager()).startswith("Pager.notify_test takes 'event', but notify_test is given test and ")


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (lambda self, *args: None, "takes *args, which stays empty: name its arguments (notify_workflow is given "),
        (lambda self, **more: None, "takes *more, which stays empty"),
        (lambda self, event, *, delivery: None, "takes 'delivery' by keyword alone; take out the `*` before it"),
        (lambda self, event, delivery=None: None, "gives 'delivery' a default, and so would never receive it"),
    ],
)
def test_arguments_that_would_stay_empty_are_refused(method: Callable[..., Any], reason: str) -> None:
    pager = type("Pager", (), {"notify_workflow": hookimpl(method)})()

    assert channel_refusal(pager).startswith(f"Pager.notify_workflow {reason}")


def test_a_default_for_an_argument_of_the_authors_own_is_fine() -> None:
    class Pager:
        @hookimpl
        def notify_workflow(self, event: Event, delivery: Delivery, _retries: int = 3, *, _now: float = 0.0) -> Outcome:
            return Sent(status_code=_retries)

    registry = plugins()
    registry.open_channel("ops", Pager())
    hook = registry.delivery_hook("ops", sample_workflow_event())
    assert hook is not None
    assert hook.call(None, None) == Sent(status_code=3)


def test_a_decorated_method_is_seen_through_when_its_decorator_says_what_it_wraps() -> None:
    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return wrapper

    class Pager:
        @hookimpl
        @decorator
        def notify_workflow(self, delivery: str, event: str) -> str:
            return f"{event} by {delivery}"

    registry = plugins()
    registry.open_channel("ops", Pager())
    hook = registry.delivery_hook("ops", sample_workflow_event())
    assert hook is not None
    assert hook.call("event", "delivery") == "event by delivery"


def test_a_wrapper_around_a_delivery_is_refused() -> None:
    class Pager:
        @hookimpl(wrapper=True)
        def notify_workflow(self, event: Event, delivery: Delivery) -> Iterator[None]:
            yield

    class OldPager:
        @hookimpl(hookwrapper=True)
        def notify_workflow(self, event: Event, delivery: Delivery) -> Iterator[None]:
            yield

    expected = (
        "is a wrapper, but notify_workflow is called on one channel alone; deliver in it, or decorate it yourself"
    )
    assert channel_refusal(Pager()) == f"Pager.notify_workflow {expected}"
    assert channel_refusal(OldPager()) == f"OldPager.notify_workflow {expected}"


def test_a_generator_is_refused() -> None:
    class Pager:
        @hookimpl
        def notify_workflow(self, event: Event, delivery: Delivery) -> Iterator[None]:
            yield

    class AsyncPager:
        @hookimpl
        async def notify_workflow(self, event: Event, delivery: Delivery) -> AsyncIterator[None]:
            yield

    assert channel_refusal(Pager()) == "Pager.notify_workflow yields; it must return"
    assert channel_refusal(AsyncPager()) == "AsyncPager.notify_workflow yields; it must return"


def test_a_property_is_no_hook_and_is_not_evaluated() -> None:
    class Pager(Works):
        @property
        def notify_event(self) -> object:
            raise AssertionError

        @property
        def costly(self) -> object:
            raise AssertionError

    assert channel_refusal(Pager()) == "Pager.notify_event must be a method"


def test_a_channel_that_delivers_nothing_is_refused() -> None:
    class Pager:
        @hookimpl
        async def notify_test(self, test: Event, delivery: Delivery) -> Outcome:
            raise NotImplementedError

    assert channel_refusal(Pager()) == "Pager delivers nothing: it needs notify_workflow or notify_event"


def test_an_object_without_hooks_is_refused() -> None:
    assert channel_refusal(object()).startswith("object implements no hook; the hooks are notify_event, ")
    assert plugin_refusal(object()).startswith("object implements no hook; the hooks are notify_event, ")


@pytest.mark.parametrize(
    ("opened", "shown"), [(None, "None"), (Works, "a class")], ids=["nothing", "the class instead of an object"]
)
def test_an_open_that_returned_no_channel_is_told_what_to_return(opened: object, shown: str) -> None:
    assert channel_refusal(opened) == f"open() returned {shown}; it must return the object that has the hooks"


def test_a_filter_belongs_into_a_plugin_not_into_a_channel() -> None:
    class Pager(Works):
        @hookimpl
        def notify_filter(self, event: Event, channel: str) -> Veto | None:
            raise NotImplementedError

    assert channel_refusal(Pager()) == (
        "Pager.notify_filter would never be asked: publishing opens no channel. Put it into a plugin of its own"
    )


def test_a_delivery_belongs_into_a_channel_not_into_a_plugin() -> None:
    assert plugin_refusal(Works()) == (
        "Works.notify_workflow delivers, which only channels do: return it from the open() of a ChannelConfig"
    )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("notify_filter", "event, channel"),
        ("notify_render", "event, channel_type, locale"),
        ("notify_settled", "event, delivery, outcome"),
    ],
)
@pytest.mark.parametrize("body", ["...", "yield"])
def test_what_runs_without_an_event_loop_must_be_plain_def(name: str, arguments: str, body: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"async def {name}(self, {arguments}): {body}", scope)
    plugin = type("Mine", (), {name: hookimpl(scope[name])})()

    assert plugin_refusal(plugin) == f"Mine.{name} must be plain `def`: {name} runs where there is no event loop"


def test_a_wrapper_that_does_not_yield_is_refused() -> None:
    class Mine:
        @hookimpl(wrapper=True)
        def notify_render(self, event: Event) -> Message | None:
            raise NotImplementedError

    assert plugin_refusal(Mine()) == "Mine.notify_render is a wrapper, so it must yield once"


def test_all_that_is_wrong_is_told_at_once() -> None:
    class Mine:
        @hookimpl
        async def notify_filter(self, event: Event) -> Veto | None:
            raise NotImplementedError

        def notify_render(self) -> None: ...

        @hookimpl
        def notify_setled(self) -> None: ...

    assert plugin_refusal(Mine()).split("; ") == [
        "Mine.notify_filter must be plain `def`: notify_filter runs where there is no event loop",
        "Mine.notify_render lacks @hookimpl, so it would never be called",
        "Mine.notify_setled: there is no hook 'notify_setled', did you mean 'notify_settled'?",
    ]


def test_a_module_may_be_a_plugin_and_what_it_imports_is_not_its_own() -> None:
    module = types.ModuleType("my_filters")
    exec(
        "from bellwire.hookspecs import Veto, hookimpl\n@hookimpl\ndef notify_filter(event): return Veto('no')\n",
        module.__dict__,
    )
    module.notify_workflow = Works.notify_workflow  # type: ignore[attr-defined]  # as if it were imported
    registry = plugins()

    assert registry.register(module) == "my_filters"
    assert registry.veto(sample_workflow_event(), "ops") == ("my_filters", Veto("no"))


def test_a_module_that_forgot_the_marker_is_refused() -> None:
    module = types.ModuleType("my_filters")
    exec("def notify_filter(event, channel): ...", module.__dict__)

    assert plugin_refusal(module) == "my_filters.notify_filter lacks @hookimpl, so it would never be called"


@pytest.mark.parametrize("marker_above", [True, False])
@pytest.mark.parametrize("kind", [staticmethod, classmethod])
def test_static_and_class_methods_are_hooks_wherever_the_marker_stands(kind: Any, *, marker_above: bool) -> None:
    def of_a_class(cls: type, event: Event, channel: str) -> Veto:
        return Veto(channel)

    def of_none(event: Event, channel: str) -> Veto:
        return Veto(channel)

    notify_filter = of_none if kind is staticmethod else of_a_class
    method = hookimpl(kind(notify_filter)) if marker_above else kind(hookimpl(notify_filter))
    registry = plugins()
    registry.register(type("Mine", (), {"notify_filter": method})(), "mine")

    assert registry.veto(sample_workflow_event(), "ops") == ("mine", Veto("ops"))


def test_a_plugin_with_slots_and_a_hook_of_its_own_instance_work() -> None:
    class Slotted:
        __slots__ = ("reason",)

        def __init__(self) -> None:
            self.reason = "slotted"

        @hookimpl
        def notify_filter(self) -> Veto:
            return Veto(self.reason)

    class Dynamic: ...

    dynamic = Dynamic()
    dynamic.notify_filter = hookimpl(lambda channel: Veto(f"not {channel}"))  # type: ignore[attr-defined]  # at run time
    registry = plugins()
    registry.register(Slotted(), "slotted")
    assert registry.veto(sample_workflow_event(), "ops") == ("slotted", Veto("slotted"))
    registry.unregister("slotted")
    registry.register(dynamic, "dynamic")
    assert registry.veto(sample_workflow_event(), "ops") == ("dynamic", Veto("not ops"))
