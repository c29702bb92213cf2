"""A stub of a channel that speaks through a chat robot, and the shortest worked example of a channel's shape.

It has a config as robots need it and a text to say, but sends nothing, so it refuses to be enabled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bellwire.hookspecs import (
    ChannelConfig,
    ChannelContext,
    Delivery,
    Failed,
    Outcome,
    Problem,
    Secret,
    WorkflowEvent,
    channel_config,
    hookimpl,
    setting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ImChannel", "ImConfig"]

_STUB = (
    "the im channel is a stub and sends nothing; set enable = false, use the webhook channel, "
    "or write a channel of your own (docs/guide/channels.md)"
)


@channel_config
class ImConfig(ChannelConfig):
    """Speaks through a chat robot. A stub: it cannot be enabled."""

    provider: Literal["dingtalk", "feishu", "wecom"] = setting(
        default="dingtalk", title="Provider", help="Whose chat robot it is."
    )
    url: str = setting(
        default="",
        title="Robot's URL",
        help="The webhook address that the chat shows when a robot is added to it.",
        format="http-url",
    )
    secret: Secret | None = setting(
        default=None, title="Secret", help="Signs the robot's messages, where its settings ask for that.", format="line"
    )

    def check(self) -> Iterator[Problem]:
        """Refuses to be enabled."""
        if self.enable:
            yield Problem("enable", _STUB)

    async def open(self, context: ChannelContext) -> ImChannel:
        """A channel that would send through ``context.client()``."""
        return ImChannel(context)


class ImChannel:
    """What a robot would be told, and the honest answer that it is not told."""

    def __init__(self, context: ChannelContext) -> None:
        self._context = context

    @hookimpl
    async def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> Outcome:
        """Fails. A real channel would post the text to its robot, and return ``Sent`` or ``Failed`` by the answer."""
        text = self._context.render(event)
        self._context.logger.debug("delivery %s was not sent: %s", delivery.id, text.title)
        return Failed(stage="config", detail=_STUB, retryable=False)
