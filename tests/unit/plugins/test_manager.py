"""What a bus asks of what is plugged into it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Generator, Mapping
from typing import Any, Self

import attrs
import pytest

from bellwire.core.errors import PluginError
from bellwire.core.plugins import BUILT_IN_KINDS, ChannelTypes, PluginInfo, Plugins
from bellwire.hookspecs import (
    ChannelConfig,
    Delivery,
    Event,
    JSONValue,
    Message,
    Outcome,
    Sent,
    TestMessage,
    Veto,
    hookimpl,
    sample_workflow_event,
)

EVENT = sample_workflow_event()
TEST = TestMessage.for_platform("SQLE")


@pytest.fixture
def plugins() -> Plugins:
    return Plugins(ChannelTypes(disabled=(), installed=tuple))


class Pager:
    @hookimpl
    async def notify_workflow(self, event: Event, delivery: Delivery) -> Outcome:
        return Sent()


class Fax:
    """A channel for everything, in plain def."""

    @hookimpl
    def notify_event(self, event: Event, delivery: Delivery) -> Outcome:
        return Sent()

    @hookimpl
    def notify_test(self, delivery: Delivery, test: TestMessage) -> Outcome:
        return Sent(response=f"{test.message[:9]} {delivery}")


class NoNights:
    """A filter."""

    def __init__(self, reason: str = "at night") -> None:
        self.reason = reason

    @hookimpl
    def notify_filter(self, event: Event, channel: str) -> Veto | None:
        return Veto(self.reason) if channel == "pager" else None


@attrs.frozen(kw_only=True)
class InvoiceEvent(Event):
    kind = "invoice"
    number: str = "1"

    @property
    def ordering_key(self) -> str:
        return self.number

    def payload(self) -> Mapping[str, JSONValue]:
        return {"invoice": {"number": self.number}}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], **envelope: Any) -> Self:
        return cls(number=payload["invoice"]["number"], **envelope)


# --- channels -------------------------------------------------------------------------------------------------------


def test_a_channel_delivers_by_the_hook_of_the_events_kind(plugins: Plugins) -> None:
    plugins.open_channel("ops", Pager())

    hook = plugins.delivery_hook("ops", EVENT)
    assert hook is not None
    assert (hook.name, hook.is_async) == ("notify_workflow", True)
    call = hook.call(EVENT, None)
    assert asyncio.run(call) == Sent()  # type: ignore[arg-type]  # a coroutine, as is_async says


def test_notify_event_is_the_fallback(plugins: Plugins) -> None:
    plugins.open_channel("fax", Fax())

    hook = plugins.delivery_hook("fax", EVENT)
    assert hook is not None
    assert (hook.name, hook.is_async) == ("notify_event", False)
    assert hook.call(EVENT, None) == Sent()


def test_a_channel_without_a_hook_for_the_kind_has_none(plugins: Plugins) -> None:
    plugins.open_channel("ops", Pager())

    assert plugins.delivery_hook("ops", InvoiceEvent(action="paid")) is None
    assert plugins.test_hook("ops") is None
    assert plugins.delivery_hook("closed", EVENT) is None
    assert plugins.test_hook("closed") is None


def test_the_test_hook_gets_its_arguments_in_its_own_order(plugins: Plugins) -> None:
    plugins.open_channel("fax", Fax())

    hook = plugins.test_hook("fax")
    assert hook is not None
    assert hook.call(TEST, "by fax") == Sent(response="This is a by fax")
    assert plugins.delivery_hook("fax", TEST) is hook


def test_an_implementation_may_take_fewer_arguments(plugins: Plugins) -> None:
    class Simple:
        @hookimpl
        def notify_workflow(self, delivery: str) -> str:
            return f"only {delivery}"

        @hookimpl
        def notify_event(self) -> str:
            return "nothing at all"

    plugins.open_channel("ops", Simple())
    workflow, other = plugins.delivery_hook("ops", EVENT), plugins.delivery_hook("ops", InvoiceEvent(action="paid"))
    assert workflow is not None
    assert other is not None
    assert workflow.call("event", "delivery") == "only delivery"
    assert other.call("event", "delivery") == "nothing at all"


def test_a_channel_that_opens_again_takes_over_at_once_and_the_old_one_may_finish(plugins: Plugins) -> None:
    class First(Pager):
        @hookimpl
        def notify_workflow(self, event: Event, delivery: Delivery) -> Outcome:  # type: ignore[override]  # in plain def
            return Sent(response="first")

    class Second(First):
        @hookimpl
        def notify_workflow(self, event: Event, delivery: Delivery) -> Outcome:  # type: ignore[override]  # in plain def
            return Sent(response="second")

    plugins.open_channel("ops", First())
    old = plugins.delivery_hook("ops", EVENT)
    plugins.open_channel("ops", Second())
    new = plugins.delivery_hook("ops", EVENT)

    assert old is not None
    assert new is not None
    assert old.call(None, None) == Sent(response="first")
    assert new.call(None, None) == Sent(response="second")
    assert [info.name for info in plugins.listing()] == ["ops"]


def test_a_replacement_that_is_refused_leaves_the_old_channel_in_place(plugins: Plugins) -> None:
    plugins.open_channel("ops", Pager())
    old = plugins.delivery_hook("ops", EVENT)

    with pytest.raises(PluginError):
        plugins.open_channel("ops", object())

    assert plugins.delivery_hook("ops", EVENT) is old
    assert [info.name for info in plugins.listing()] == ["ops"]


def test_what_pluggy_alone_finds_wrong_is_told_and_leaves_the_old_channel_in_place_too(plugins: Plugins) -> None:
    class TwoSortsOfWrapper(Pager):
        @hookimpl(wrapper=True, hookwrapper=True)
        def notify_render(self) -> Generator[None, Message, Message]:
            return (yield)

    with pytest.raises(PluginError, match=r"channel ops: .*mutually exclusive"):
        plugins.open_channel("ops", TwoSortsOfWrapper())
    assert plugins.listing() == ()

    plugins.open_channel("ops", Pager())
    with pytest.raises(PluginError, match="mutually exclusive"):
        plugins.open_channel("ops", TwoSortsOfWrapper())
    assert plugins.listing() == (PluginInfo(name="ops", role="channel", distribution="", hooks=("notify_workflow",)),)


def test_a_closed_channel_is_gone_and_closing_it_again_does_nothing(plugins: Plugins) -> None:
    plugins.open_channel("ops", Pager())
    plugins.close_channel("ops")
    plugins.close_channel("ops")

    assert plugins.delivery_hook("ops", EVENT) is None
    assert plugins.listing() == ()


def test_channels_that_are_equal_are_two_channels_all_the_same(plugins: Plugins) -> None:
    @attrs.frozen
    class Equal:
        name: str = attrs.field(eq=False)

        @hookimpl
        def notify_workflow(self, event: Event, delivery: Delivery) -> Outcome:
            return Sent(response=self.name)

    assert Equal("one") == Equal("two")
    plugins.open_channel("one", Equal("one"))
    plugins.open_channel("two", Equal("two"))
    plugins.close_channel("one")

    hook = plugins.delivery_hook("two", EVENT)
    assert hook is not None
    assert hook.call(None, None) == Sent(response="two")


def test_one_object_may_be_two_channels(plugins: Plugins) -> None:
    shared = Pager()
    plugins.open_channel("one", shared)
    plugins.open_channel("two", shared)
    plugins.close_channel("one")

    assert plugins.delivery_hook("one", EVENT) is None
    assert plugins.delivery_hook("two", EVENT) is not None


def test_an_object_that_cannot_be_compared_or_hashed_is_a_channel_like_any_other(plugins: Plugins) -> None:
    class Odd(Pager):
        __hash__ = None  # type: ignore[assignment]  # that is what is odd about it

        def __eq__(self, other: object) -> bool:
            raise AssertionError

    plugins.open_channel("one", Odd())
    plugins.open_channel("two", Odd())
    plugins.close_channel("one")
    assert [info.name for info in plugins.listing()] == ["two"]


def test_a_name_is_a_plugins_or_a_channels(plugins: Plugins) -> None:
    plugins.register(NoNights(), "ops")
    with pytest.raises(PluginError, match="the name 'ops' is taken by a plugin already"):
        plugins.open_channel("ops", Pager())

    plugins.open_channel("fax", Fax())
    with pytest.raises(PluginError, match="the name 'fax' is taken by a channel already"):
        plugins.register(NoNights(), "fax")
    plugins.unregister("fax")
    plugins.close_channel("ops")
    assert {info.name: info.role for info in plugins.listing()} == {"ops": "plugin", "fax": "channel"}


# --- plugins --------------------------------------------------------------------------------------------------------


def test_a_plugin_is_known_by_its_module_and_class_unless_it_is_named(plugins: Plugins) -> None:
    first, second = NoNights(), NoNights()

    assert plugins.register(first) == f"{__name__}:NoNights"
    assert plugins.register(second) == f"{__name__}:NoNights#2"
    assert plugins.register(NoNights(), "third") == "third"
    assert plugins.register(first) == f"{__name__}:NoNights"  # once more the same
    assert len(plugins.listing()) == 3


def test_a_class_is_called_without_arguments(plugins: Plugins) -> None:
    plugins.register(NoNights)
    assert plugins.veto(EVENT, "pager") == (f"{__name__}:NoNights", Veto("at night"))


def test_a_class_that_wants_arguments_is_refused_with_the_way_out(plugins: Plugins) -> None:
    class Picky:
        def __init__(self, address: str) -> None: ...

    with pytest.raises(PluginError, match=r"Picky\(\) raised TypeError: .* register an object of it instead"):
        plugins.register(Picky)


def test_a_channels_config_is_no_plugin_and_is_told_where_it_belongs(plugins: Plugins) -> None:
    with pytest.raises(
        PluginError, match=r"ChannelConfig is a channel's config class, not a plugin.*entry point of the"
    ):
        plugins.register(ChannelConfig)
    with pytest.raises(PluginError, match=r"a channel's config belongs into Settings\(channels=\{…\}\)"):
        plugins.register(ChannelConfig())
    with pytest.raises(PluginError, match=r"'a:B' is a text; to plug in what it names, load\('a:B'\)"):
        plugins.register("a:B")
    with pytest.raises(PluginError, match="a plugin cannot be NoneType"):
        plugins.register(None)


def test_plugins_and_channels_are_listed_with_their_hooks_and_distribution(plugins: Plugins) -> None:
    plugins.register(NoNights(), "mine")
    plugins.open_channel("fax", Fax())
    plugins.register(_BuiltIn(), "built-in")

    assert plugins.listing() == (
        PluginInfo(name="mine", role="plugin", distribution="", hooks=("notify_filter",)),
        PluginInfo(name="fax", role="channel", distribution="", hooks=("notify_event", "notify_test")),
        PluginInfo(name="built-in", role="plugin", distribution="bellwire", hooks=("notify_filter",)),
    )


class _BuiltIn(NoNights):
    __module__ = "bellwire.channels.webhook"


# --- event kinds ----------------------------------------------------------------------------------------------------


def test_an_event_class_adds_a_kind_and_its_hook(plugins: Plugins) -> None:
    class Accounting:
        @hookimpl
        def notify_invoice(self, event: InvoiceEvent, delivery: Delivery) -> Outcome:
            return Sent(response=event.number)

    with pytest.raises(PluginError, match="there is no hook 'notify_invoice'"):
        plugins.open_channel("books", Accounting())
    assert plugins.register(InvoiceEvent) == "invoice"
    plugins.open_channel("books", Accounting())

    event = InvoiceEvent(action="paid", number="7")
    hook = plugins.delivery_hook("books", event)
    assert hook is not None
    assert hook.call(event, None) == Sent(response="7")
    assert plugins.kind("invoice") is InvoiceEvent
    assert set(plugins.kinds()) == {"invoice", *BUILT_IN_KINDS}


def test_a_channel_may_be_ready_for_a_kind_that_comes_later(plugins: Plugins) -> None:
    class Accounting(Pager):
        @hookimpl(optionalhook=True)
        def notify_invoice(self, event: InvoiceEvent, delivery: Delivery) -> Outcome:
            return Sent(response=event.number)

    plugins.open_channel("books", Accounting())
    plugins.add_kind(InvoiceEvent)

    hook = plugins.delivery_hook("books", InvoiceEvent(action="paid"))
    assert hook is not None
    assert hook.name == "notify_invoice"


def test_a_kind_once_more_does_nothing_and_another_class_of_the_kind_is_refused(plugins: Plugins) -> None:
    plugins.add_kind(InvoiceEvent)
    plugins.add_kind(InvoiceEvent)

    @attrs.frozen(kw_only=True)
    class Other(InvoiceEvent): ...

    with pytest.raises(PluginError, match=r"the event kind 'invoice' of .*Other is taken by .*InvoiceEvent"):
        plugins.add_kind(Other)


def kind_refusal(plugins: Plugins, **own: Any) -> str:
    with pytest.raises(PluginError) as caught:
        plugins.add_kind(type("Odd", (InvoiceEvent,), own))
    return str(caught.value)


@pytest.mark.parametrize("kind", ["Invoice", "in voice", "9invoice", "in-voice", ""])
def test_a_kind_that_could_be_no_hooks_name_is_refused(plugins: Plugins, kind: str) -> None:
    assert "because its hook is notify_<kind>" in kind_refusal(plugins, kind=kind)


@pytest.mark.parametrize("kind", ["event", "test", "filter", "render", "settled"])
def test_a_kind_whose_hook_is_something_else_is_refused(plugins: Plugins, kind: str) -> None:
    assert f"notify_{kind} is a hook of another sort" in kind_refusal(plugins, kind=kind)


def test_all_that_an_event_class_lacks_is_told_at_once(plugins: Plugins) -> None:
    class Bare(Event):
        number: str

    with pytest.raises(PluginError) as caught:
        plugins.register(Bare)
    assert str(caught.value).split("; ") == [
        'class Bare does not say its kind: write `kind = "invoice"`, without an annotation',
        "class Bare declares fields, but lacks @attrs.frozen(kw_only=True) above it",
        "class Bare does not define ordering_key, payload, from_payload",
    ]


def test_a_kind_with_an_annotation_would_be_a_field_and_is_refused(plugins: Plugins) -> None:
    @attrs.frozen(kw_only=True)
    class Odd(InvoiceEvent):
        kind: str = "odd"  # type: ignore[misc]  # the misuse

    with pytest.raises(PluginError, match="does not say its kind"):
        plugins.register(Odd)


def test_a_fresh_registry_has_the_types_and_kinds_and_nothing_else(plugins: Plugins) -> None:
    plugins.add_kind(InvoiceEvent)
    plugins.register(NoNights())
    plugins.open_channel("ops", Pager())

    fresh = plugins.fresh()

    assert (fresh.types, fresh.kinds(), fresh.listing()) == (plugins.types, plugins.kinds(), ())
    fresh.open_channel("ops", Fax())
    assert plugins.delivery_hook("ops", InvoiceEvent(action="paid")) is None


# --- filters --------------------------------------------------------------------------------------------------------


def test_a_veto_comes_with_the_plugin_that_said_it(plugins: Plugins) -> None:
    assert plugins.veto(EVENT, "pager") is None
    plugins.register(NoNights(), "nights")

    assert plugins.veto(EVENT, "ops") is None
    found = plugins.veto(EVENT, "pager")
    assert found == ("nights", Veto("at night"))
    assert type(found[1]) is Veto


def test_the_last_registered_filter_is_asked_first(plugins: Plugins) -> None:
    plugins.register(NoNights("first"), "first")
    plugins.register(NoNights("second"), "second")
    assert plugins.veto(EVENT, "pager") == ("second", Veto("second"))

    class Eager(NoNights):
        @hookimpl(trylast=True)
        def notify_filter(self, event: Event, channel: str) -> Veto | None:
            return Veto("last")

    plugins.register(Eager(), "last")
    assert plugins.veto(EVENT, "pager") == ("second", Veto("second"))
    plugins.unregister("second")
    plugins.unregister("first")
    assert plugins.veto(EVENT, "pager") == ("last", Veto("last"))


class Raises:
    """A plugin whose every hook fails."""

    @hookimpl
    def notify_filter(self, event: Event, channel: str) -> Veto | None:
        raise RuntimeError(channel)

    @hookimpl
    def notify_render(self, event: Event) -> Message | None:
        msg = "no words"
        raise RuntimeError(msg)

    @hookimpl
    def notify_settled(self, outcome: Outcome) -> None:
        msg = "no heart"
        raise RuntimeError(msg)


def test_a_filter_that_raises_vetoes_nothing_and_silences_no_other(
    plugins: Plugins, caplog: pytest.LogCaptureFixture
) -> None:
    plugins.register(NoNights(), "nights")
    plugins.register(Raises(), "broken")

    assert plugins.veto(EVENT, "ops") is None
    assert plugins.veto(EVENT, "pager") == ("nights", Veto("at night"))
    assert "the plugin broken failed in notify_filter and is passed over: RuntimeError: ops" in caplog.text


def test_a_failure_is_logged_with_its_traceback_when_it_is_new_and_quietly_while_it_stays(
    plugins: Plugins, caplog: pytest.LogCaptureFixture
) -> None:
    plugins.register(Raises(), "broken")
    caplog.set_level(logging.DEBUG, logger="bellwire.core.plugins.calls")

    for channel in ("ops", "ops", "ops", "other", "ops"):
        plugins.veto(EVENT, channel)

    assert [record.levelname for record in caplog.records] == ["ERROR", "DEBUG", "DEBUG", "ERROR", "ERROR"]
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, False, True, True]


@pytest.mark.parametrize("answer", [False, True, "no", ["no"], 0])
def test_a_filter_that_returns_something_else_is_logged_and_vetoes_nothing(
    plugins: Plugins, caplog: pytest.LogCaptureFixture, answer: object
) -> None:
    class Odd:
        @hookimpl
        def notify_filter(self, event: Event) -> object:
            return answer

    plugins.register(Odd(), "odd")

    assert plugins.veto(EVENT, "ops") is None
    assert f"it returned a {type(answer).__name__}, where a Veto or None is expected" in caplog.text


def test_a_filter_that_returns_a_coroutine_is_logged_and_the_coroutine_closed(
    plugins: Plugins, caplog: pytest.LogCaptureFixture
) -> None:
    async def later() -> Veto:
        return Veto("too late")

    class Odd:
        @hookimpl
        def notify_filter(self, event: Event) -> object:
            return later()

        @hookimpl
        def notify_settled(self, event: Event) -> object:
            return later()

    plugins.register(Odd(), "odd")

    assert plugins.veto(EVENT, "ops") is None
    plugins.settled(EVENT, None, Sent())  # type: ignore[arg-type]  # nobody looks at it
    assert "it returned a coroutine, where a Veto or None is expected" in caplog.text
    assert "it returned a coroutine, where None is expected" in caplog.text


def test_a_wrapper_around_filters_sees_the_vetoes_and_may_change_them(plugins: Plugins) -> None:
    class Pardon:
        @hookimpl(wrapper=True)
        def notify_filter(self, channel: str) -> Generator[None, list[Veto], list[Veto]]:
            vetoes = yield
            assert all(isinstance(veto, Veto) for veto in vetoes)
            return [] if channel == "pager" else [Veto("by the wrapper")]

    plugins.register(NoNights(), "nights")
    plugins.register(Pardon(), "pardon")

    assert plugins.veto(EVENT, "pager") is None
    assert plugins.veto(EVENT, "ops") == ("", Veto("by the wrapper"))


def test_a_wrapper_that_raises_vetoes_nothing(plugins: Plugins, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        @hookimpl(wrapper=True)
        def notify_filter(self) -> Generator[None, list[Veto], list[Veto]]:
            yield
            raise RuntimeError

        @hookimpl(wrapper=True)
        def notify_render(self) -> Generator[None, Message, Message]:
            yield
            raise RuntimeError

        @hookimpl(wrapper=True)
        def notify_settled(self) -> Generator[None, None, None]:
            yield
            raise RuntimeError

    plugins.register(NoNights(), "nights")
    plugins.register(Broken(), "broken")

    assert plugins.veto(EVENT, "pager") is None
    assert plugins.render(EVENT, "webhook", "en") is None
    plugins.settled(EVENT, None, Sent())  # type: ignore[arg-type]  # nobody looks at it
    assert caplog.text.count("RuntimeError") >= 3


# --- renderers ------------------------------------------------------------------------------------------------------


class Says:
    def __init__(self, title: str | None) -> None:
        self.title = title

    @hookimpl
    def notify_render(self, event: Event, channel_type: str, locale: str) -> Message | None:
        return Message(title=f"{self.title} {channel_type} {locale}", body="") if self.title else None


def test_the_last_registered_renderer_that_has_words_is_heard(plugins: Plugins) -> None:
    assert plugins.render(EVENT, "im", "zh") is None
    plugins.register(Says("first"))
    plugins.register(Says("second"))
    plugins.register(Says(None))

    assert plugins.render(EVENT, "im", "zh") == Message(title="second im zh", body="")


def test_a_renderer_that_raises_or_says_something_else_is_passed_over(
    plugins: Plugins, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd:
        @hookimpl
        def notify_render(self) -> str:
            return "a bare text"

    plugins.register(Says("first"))
    plugins.register(Raises(), "broken")
    plugins.register(Odd(), "odd")

    assert plugins.render(EVENT, "im", "en") == Message(title="first im en", body="")
    assert "RuntimeError: no words" in caplog.text
    assert "it returned a str, where a Message or None is expected" in caplog.text


def test_a_wrapper_may_add_to_what_a_renderer_says(plugins: Plugins) -> None:
    class Footer:
        @hookimpl(wrapper=True)
        def notify_render(self) -> Generator[None, Message, Message]:
            message = yield
            return attrs.evolve(message, body="-- sent by us")

    plugins.register(Says("first"))
    plugins.register(Footer())

    assert plugins.render(EVENT, "im", "en") == Message(title="first im en", body="-- sent by us")


# --- observers ------------------------------------------------------------------------------------------------------


def test_every_observer_hears_whatever_another_one_does(plugins: Plugins, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    class Observer:
        def __init__(self, name: str) -> None:
            self.name = name

        @hookimpl
        def notify_settled(self, event: Event, outcome: Outcome) -> object:
            heard.append(f"{self.name} {event.action} {type(outcome).__name__}")
            return "whatever it returns"

    assert not plugins.observed
    plugins.settled(EVENT, None, Sent())  # type: ignore[arg-type]  # nobody looks at it
    plugins.register(Observer("first"))
    plugins.register(Raises())
    plugins.register(Observer("second"))
    assert plugins.observed

    plugins.settled(EVENT, None, Sent())

    assert heard == ["second create Sent", "first create Sent"]
    assert "RuntimeError: no heart" in caplog.text


def test_a_channel_may_observe_and_render_as_well(plugins: Plugins) -> None:
    class Chatty(Pager):
        @hookimpl
        def notify_render(self, event: Event) -> Message:
            return Message(title="mine", body="")

        @hookimpl
        def notify_settled(self, event: Event) -> None: ...

    plugins.open_channel("chat", Chatty())
    assert plugins.observed
    assert plugins.render(EVENT, "chat", "en") == Message(title="mine", body="")
    plugins.close_channel("chat")
    assert not plugins.observed
    assert plugins.render(EVENT, "chat", "en") is None


# --- all at once ----------------------------------------------------------------------------------------------------


def test_publishers_may_ask_while_channels_open_and_close(plugins: Plugins) -> None:
    plugins.register(NoNights(), "nights")
    stop = threading.Event()
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            while not stop.is_set():
                assert plugins.veto(EVENT, "pager") == ("nights", Veto("at night"))
                hook = plugins.delivery_hook("ops", EVENT)
                assert hook is None or hook.name == "notify_workflow"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for round_ in range(150):
        plugins.open_channel("ops", Pager())
        plugins.register(Says(None), f"says-{round_}")
        plugins.close_channel("ops")
        plugins.unregister(f"says-{round_}")
    stop.set()
    for thread in threads:
        thread.join()

    assert failures == []
    assert [info.name for info in plugins.listing()] == ["nights"]
