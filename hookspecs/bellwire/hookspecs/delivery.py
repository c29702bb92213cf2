"""One event on its way through one channel, and what plugins may say about it."""

from __future__ import annotations

from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class Delivery:
    """One attempt to bring one event through one channel."""

    id: str
    """The same at every attempt and replay: give it to receivers, to de-duplicate by."""
    channel: str
    """The channel's configured name."""
    attempt: int = 1
    """This attempt's number, from 1; numbering goes on after a replay."""
    max_attempts: int = 1
    """The number of the last attempt that will be made by itself."""
    deadline: datetime
    """When the engine cuts this attempt off and calls it a time-out. In UTC."""
    is_test: bool = False
    """Whether a person pressed *Test*: nothing really happened."""


@attrs.frozen
class Veto:
    """A filter's word that a channel shall not hear of an event; the reason is kept for ``explain``."""

    reason: str = attrs.field(
        validator=attrs.validators.and_(attrs.validators.instance_of(str), attrs.validators.min_len(1))
    )


@attrs.frozen(kw_only=True)
class Message:
    """An event as a text for people, for channels that speak to them."""

    title: str
    """One line of plain text."""
    body: str
    """Plain text; may hold line breaks."""
    markdown: str | None = None
    """The body once more in Markdown (CommonMark), where a channel can show it."""
