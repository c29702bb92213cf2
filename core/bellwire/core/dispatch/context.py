"""What the engine lends a channel while it is open: :class:`bellwire.hookspecs.ChannelContext`, for real."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, final

import attrs

from bellwire.core.http import EgressPolicy, Notebook
from bellwire.hookspecs import ChannelConfig, Clock, Event, Message, ProxyOptions, TLSOptions

if TYPE_CHECKING:
    import httpx  # noqa: TC004 - attrs keeps the name alone; httpx can wait


@final
class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


SYSTEM_CLOCK: Final = SystemClock()


@final
@attrs.define(kw_only=True, eq=False)
class Context:
    """One channel's context, from its opening to its closing."""

    name: str
    platform_name: str
    locale: str
    clock: Clock
    config: ChannelConfig
    policy: EgressPolicy
    renderer: Callable[[Event], Message]
    notebook: Notebook | None = None
    """Takes down every request; of a test alone."""
    _transports: list[httpx.AsyncBaseTransport] = attrs.field(factory=list, init=False)

    @property
    def logger(self) -> logging.Logger:
        """``bellwire.channels.<name>``."""
        return logging.getLogger(f"bellwire.channels.{self.name}")

    def render(self, event: Event) -> Message:
        """*event* as a text for people."""
        return self.renderer(event)

    def transport(
        self, *, connect_timeout: float = 5.0, tls: TLSOptions | None = None, proxy: ProxyOptions | None = None
    ) -> httpx.AsyncBaseTransport:
        """A guarded transport with the channel's time-out and as many connections as it has slots."""
        from bellwire.core.http import Bounds, Limits, Witness, transport_for

        tls = self.config.tls_options() if tls is None else tls
        proxy = self.config.proxy_options() if proxy is None else proxy
        bounds = Bounds(
            policy=self.policy,
            connect_timeout=min(connect_timeout, self.config.timeout_seconds),
            total_timeout=self.config.timeout_seconds,
            limits=Limits(connections_per_origin=self.config.concurrency),
        )
        transport = transport_for(tls, proxy, bounds)
        self._transports.append(transport)
        if self.notebook is not None:  # whoever tests a channel is told of its warnings with the result
            return Witness(transport, self.notebook)
        for warning in tls.warnings():
            self.logger.warning("channel %s: %s", self.name, warning)
        return transport

    def client(
        self, *, connect_timeout: float = 5.0, tls: TLSOptions | None = None, proxy: ProxyOptions | None = None
    ) -> httpx.AsyncClient:
        """A guarded client on a transport of its own."""
        from bellwire.core.http import guarded_client

        return guarded_client(self.transport(connect_timeout=connect_timeout, tls=tls, proxy=proxy))

    async def aclose(self) -> None:
        """Closes every connection that the channel opened through this context."""
        while self._transports:
            await self._transports.pop().aclose()
