"""The contract: all that a channel's or a plugin's author imports, and nothing else.

A complete channel is one config class and one method::

    @channel_config
    class PagerConfig(ChannelConfig):
        endpoint: str = setting(title="Endpoint", format="uri")

        async def open(self, context: ChannelContext) -> PagerChannel:
            return PagerChannel(self, context.client())

    class PagerChannel:
        @hookimpl
        async def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> Outcome: ...
"""

from __future__ import annotations

from .channel import ChannelConfig, ChannelContext, Clock, channel_config
from .connecting import ProxyOptions, TLSOptions
from .declared import DeclaredSetting, declared_settings
from .delivery import Delivery, Message, Veto
from .durations import parse_duration
from .events import (
    CHANNEL_ACTIONS,
    WORKFLOW_ACTIONS,
    ChannelEvent,
    Event,
    TestMessage,
    Workflow,
    WorkflowEvent,
    sample_workflow_event,
)
from .ids import new_id
from .markers import HOOK_PREFIX, PROJECT_NAME, hookimpl, hookspec
from .outcome import DeliveryError, Failed, FailureStage, Outcome, Sent, Stage
from .paths import ANY, KNOWN_PATHS, PathDoubt, path_doubt, split_path
from .payload import InvalidPayload, JSONValue, format_timestamp
from .redact import redact_url, url_origin
from .secret import MASK, Secret
from .setting import InvalidConfig, Problem, SettingFormat, SettingInfo, setting
from .setting_checks import value_problems
from .setting_types import SettingKind, SettingType
from .specs import (
    Channel,
    FiltersEvents,
    NotifiesEvent,
    NotifiesTest,
    NotifiesWorkflow,
    NotifySpecs,
    ObservesOutcomes,
    RendersEvents,
)

__all__ = [
    "ANY",
    "CHANNEL_ACTIONS",
    "HOOK_PREFIX",
    "KNOWN_PATHS",
    "MASK",
    "PROJECT_NAME",
    "WORKFLOW_ACTIONS",
    "Channel",
    "ChannelConfig",
    "ChannelContext",
    "ChannelEvent",
    "Clock",
    "DeclaredSetting",
    "Delivery",
    "DeliveryError",
    "Event",
    "Failed",
    "FailureStage",
    "FiltersEvents",
    "InvalidConfig",
    "InvalidPayload",
    "JSONValue",
    "Message",
    "NotifiesEvent",
    "NotifiesTest",
    "NotifiesWorkflow",
    "NotifySpecs",
    "ObservesOutcomes",
    "Outcome",
    "PathDoubt",
    "Problem",
    "ProxyOptions",
    "RendersEvents",
    "Secret",
    "Sent",
    "SettingFormat",
    "SettingInfo",
    "SettingKind",
    "SettingType",
    "Stage",
    "TLSOptions",
    "TestMessage",
    "Veto",
    "Workflow",
    "WorkflowEvent",
    "channel_config",
    "declared_settings",
    "format_timestamp",
    "hookimpl",
    "hookspec",
    "new_id",
    "parse_duration",
    "path_doubt",
    "redact_url",
    "sample_workflow_event",
    "setting",
    "split_path",
    "url_origin",
    "value_problems",
]
