"""A channel's lane: opening and closing its channel, its slots, and what it can take right now.

Each lane stands alone: a channel that does not open, hangs, or fails takes nothing from its neighbours.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from bellwire.core.outbox import LaneDemand
from bellwire.hookspecs import ChannelConfig, DeliveryError, InvalidConfig, parse_duration

from .attempt import is_from_outside
from .closing import close_channel
from .pace import Pace
from .retry import RetryPolicy
from .threads import DaemonThreads

if TYPE_CHECKING:
    from bellwire.core.outbox import Claim
    from bellwire.core.plugins import Plugins

    from .context import Context

logger = logging.getLogger("bellwire.dispatch")

OPEN_PATIENCE: Final = 30.0
"""Seconds that a channel may take to open or to close."""
FIRST_REOPEN: Final = 5.0
LONGEST_REOPEN: Final = 60.0

LaneState: TypeAlias = Literal["opening", "open", "broken", "closed"]


class Lane:
    """One enabled channel in this process. All its methods run on the dispatcher's loop."""

    def __init__(self, context: Context, plugins: Plugins, secrets: tuple[str, ...]) -> None:
        self.context: Final = context
        self.name: Final = context.name
        self.config: Final[ChannelConfig] = context.config
        self.policy: Final = RetryPolicy.of(context.config)
        self.secrets: Final = secrets
        """Texts that must not appear in what is kept of an answer."""
        self.threads: Final = DaemonThreads(context.config.concurrency, f"bellwire-{context.name}")
        self.pace: Final = Pace(context.config.max_per_second, context.clock.monotonic())
        self.hold_key: Final = round(parse_duration(context.config.order_patience) * 1_000_000)
        """Microseconds that later deliveries wait behind one of their key that fails."""
        self.timeout: Final = timedelta(seconds=context.config.timeout_seconds)
        """How long one attempt may take."""
        self.state: LaneState = "opening"
        self.reason = ""
        """Why it is not open."""
        self.hungry = True
        """Whether something may be due for it."""
        self.busy = 0
        """Slots in use."""
        self.last_sent_at = 0
        """When something last got through here, in the database's microseconds."""
        self._plugins: Final = plugins
        self._channel: object | None = None

    @property
    def ordered(self) -> bool:
        """Whether deliveries with one key go one after another."""
        return self.config.ordering == "key"

    @property
    def described(self) -> str:
        """Its state in a word, and the reason if it is not open."""
        return f"{self.state}: {self.reason}" if self.reason else self.state

    def demand(self) -> LaneDemand | None:
        """What it can take right now; ``None`` for nothing."""
        slots = self.config.concurrency - self.busy
        if self.state != "open" or not self.hungry or slots <= 0:
            return None
        allowance = self.pace.allowance(self.context.clock.monotonic())
        if allowance is not None:
            slots = min(slots, allowance)
        if slots <= 0:
            return None
        return LaneDemand(channel=self.name, slots=slots, ordered=self.ordered, hold_key=self.hold_key)

    def begin(self) -> None:
        """One of its slots is used."""
        self.busy += 1
        self.pace.begin(1)

    def seconds_until_allowed(self) -> float | None:
        """How long its pace keeps it from taking what may be due; ``None`` when that is not what keeps it."""
        slots = self.config.concurrency - self.busy
        if (
            self.state != "open"
            or not self.hungry
            or slots <= 0
            or self.pace.allowance(self.context.clock.monotonic()) != 0
        ):
            return None
        return self.pace.seconds_until_next()

    def refuses_alone(self, claim: Claim) -> bool:
        """Whether others have got through since *claim* first failed: then its failing is its own."""
        return claim.holds_until is not None and self.last_sent_at > claim.holds_until - self.hold_key

    async def keep_open(self, opened: asyncio.Event) -> None:
        """Opens the channel, trying again for as long as it takes; sets *opened* after each try."""
        pause = FIRST_REOPEN
        while not await self._try_open():
            opened.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_REOPEN)
        opened.set()

    async def _try_open(self) -> bool:
        channel: object | None = None
        try:
            async with asyncio.timeout(OPEN_PATIENCE):
                channel = await self.config.open(self.context)
            self._plugins.open_channel(self.name, channel)
        except BaseException as error:
            if is_from_outside(error):
                raise
            reason = _reason(error)
            if reason != self.reason:
                logger.warning("channel %s cannot be opened; its deliveries wait: %s", self.name, reason)
            self.state, self.reason = "broken", reason
            await close_channel(channel, self.name, OPEN_PATIENCE)
            await self.context.aclose()
            return False
        if self.reason:
            logger.warning("channel %s is open again", self.name)
        self._channel, self.state, self.reason, self.hungry = channel, "open", "", True
        return True

    async def close(self) -> None:
        """Closes the channel and everything that it opened."""
        if self._channel is not None:
            self._plugins.close_channel(self.name)
            await close_channel(self._channel, self.name, OPEN_PATIENCE)
            self._channel = None
        await self.context.aclose()
        self.threads.close()
        self.state = "closed"


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return f"did not open within {OPEN_PATIENCE:g} s"
    if isinstance(error, DeliveryError):
        return error.failed.detail
    if isinstance(error, InvalidConfig):
        return "; ".join(map(str, error.problems))
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
