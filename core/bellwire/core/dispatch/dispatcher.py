"""The dispatcher: one event loop that keeps every lane busy and visits the database as seldom as it can.

One visit settles all that has finished since the last one and claims as much as there are free slots, in a single
transaction, so batches grow by themselves with the load.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from typing import TYPE_CHECKING, Any, Final, cast

from bellwire.core.errors import DatabaseError, SchemaError
from bellwire.core.outbox import (
    ChannelHealth,
    Claim,
    DispatcherRow,
    Exchange,
    LaneDemand,
    Outbox,
    Retention,
    Watch,
)
from bellwire.hookspecs import Failed

from . import breaker
from .caretaker import Caretaker
from .delivering import Delivered, Deliverer
from .telling import Teller
from .threads import DaemonThreads
from .visits import NO_HURRY, Visits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bellwire.core.plugins import Plugins
    from bellwire.hookspecs import ChannelEvent

    from .lane import Lane

logger = logging.getLogger("bellwire.dispatch")

HEARTBEAT: Final = 5.0
"""Seconds between two heartbeats; each also renews the leases and looks for dispatchers that are gone."""
SWEEP: Final = 2.0
"""Seconds between two looks at everything, for what no signal announces."""
LONGEST_OUTAGE_PAUSE: Final = 5.0


class Dispatcher:
    """Delivers through *lanes* until it is told to stop. ``once``: until nothing is due."""

    def __init__(
        self,
        outbox: Outbox,
        plugins: Plugins,
        lanes: Mapping[str, Lane],
        presence: DispatcherRow,
        *,
        keep: Retention,
        publish: Callable[[ChannelEvent], None],
        once: bool = False,
    ) -> None:
        self.id: Final = presence.id
        self._outbox: Final = outbox
        self._plugins: Final = plugins
        self._lanes: Final = lanes
        self._caretaker: Final = Caretaker(outbox, presence, keep)
        self._once: Final = once
        self._deliverer: Final = Deliverer(plugins, outbox.database.now)
        self._database: Final = DaemonThreads(1, "bellwire-database")
        self._in_flight: Final[dict[asyncio.Task[None], Claim]] = {}
        self._finished: list[Delivered] = []
        self._settling: list[Delivered] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._visits: Final = Visits(lanes.values())
        self._teller: Final = Teller(plugins, lambda event: self._database.run(publish, event), self._visits.everywhere)
        self._told_to_stop: Callable[[], None] | None = None
        self._stop_by: float | None = None
        self._finishing = False
        self._outage = ""
        self._outdated: SchemaError | None = None
        self._woken = False

    # -- from any thread --------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Something was published: look at once."""
        if not self._woken:  # one call into the loop serves all who publish until it runs
            self._woken = True
            self._from_outside(self._woken_up)

    def wake_again(self) -> None:
        """Something is being committed right now: look in a moment, and once more if that was too soon."""
        self._from_outside(self._visits.shortly)

    def stop(self, drain: float, *, finish: bool = False) -> None:
        """Claims nothing more, lets what is in flight finish for *drain* seconds, then breaks it off.

        With *finish* it still claims what is due by then: what a host published just before it closed the bus.
        """
        self._told_to_stop = functools.partial(self._begin_stop, drain, finish=finish)
        self._from_outside(self._told_to_stop)

    def halt(self, patience: float) -> Callable[[], None]:
        """Has the loop's thread wait between two steps, from now until the function that it returns is called.

        It gives up after *patience* seconds, where a step takes longer.
        """
        halted, go_on = threading.Event(), threading.Event()

        def wait() -> None:
            halted.set()
            go_on.wait()

        if self._from_outside(wait):
            halted.wait(patience)
        return go_on.set

    def _from_outside(self, call: Callable[[], object]) -> bool:
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(call)
            except RuntimeError:
                return False  # the loop has closed: it has stopped already
        return self._loop is not None

    # -- on the loop ------------------------------------------------------------------------------------------------

    async def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Dispatches until :meth:`stop`; the database must be open. *started* is called when the loop is ready.

        Raises :class:`~bellwire.core.errors.SchemaError` when the tables become too new for this code. What is being
        sent then is sent again by a newer dispatcher.
        """
        self._loop = asyncio.get_running_loop()
        watch = Watch(self._outbox.database)
        helpers = [
            asyncio.create_task(self._open_lanes()),
            asyncio.create_task(self._beat()),
            asyncio.create_task(self._expire()),
            asyncio.create_task(self._look_regularly(watch)),
        ]
        started()
        if self._told_to_stop is not None:  # before there was a loop
            self._told_to_stop()
        try:
            await self._pump()
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await self._leave(watch)

    async def _pump(self) -> None:
        while not self._done():
            await self._visits.wait()
            if self._outdated is not None:
                raise self._outdated
            finished, self._finished = self._finished, []
            demands = self._demands()
            if not finished and not demands:
                continue
            for demand in demands:
                self._lanes[demand.channel].hungry = False  # before the visit: what is published during it counts
            self._settling = finished
            exchange = await self._exchange(finished, demands)
            self._settling = []
            if exchange is not None:
                self._apply(exchange, finished)

    def _done(self) -> bool:
        if self._finished or self._in_flight:
            return False
        if self._stop_by is not None and not self._finishing:
            return True
        if not self._once and not self._finishing:
            return False
        settled_lanes = (
            lane.state == "broken" or (lane.state == "open" and not lane.hungry) for lane in self._lanes.values()
        )
        return all(settled_lanes)

    def _demands(self) -> list[LaneDemand]:
        if self._stop_by is not None and not self._finishing:
            return []
        return [demand for lane in self._lanes.values() if (demand := lane.demand()) is not None]

    async def _exchange(self, finished: list[Delivered], demands: Sequence[LaneDemand]) -> Exchange | None:
        settlements = [delivered.settlement for delivered in finished]
        pause = 0.1
        while True:
            try:
                exchange = await self._database.run(self._outbox.exchange, self.id, settlements, demands, self._advance)
            except DatabaseError as error:
                if isinstance(error, SchemaError):
                    raise  # it was closed by the heartbeat, which found the tables too new
                if not self._outage:
                    logger.error("the outbox cannot be reached; nothing is lost, trying again: %s", error)  # noqa: TRY400 - the sentence says all
                elif str(error) != self._outage:
                    logger.info("still trying to reach the outbox: %s", error)
                self._outage = str(error)
                if self._stop_by is not None and asyncio.get_running_loop().time() > self._stop_by:
                    return None  # the leases will run out, and others take over
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_OUTAGE_PAUSE)
            else:
                if self._outage:
                    self._outage = ""
                    logger.warning("the outbox can be reached again")
                return exchange

    def _advance(self, health: ChannelHealth, sent: Sequence[bool], now: int) -> ChannelHealth:
        return breaker.advance(health, sent, now, holds=self._lanes[health.channel].config.hold_when_down)

    def _apply(self, exchange: Exchange, finished: list[Delivered]) -> None:
        for channel in exchange.unfinished:
            self._lanes[channel].hungry = True
        for claim in exchange.claims:
            self._start(self._lanes[claim.channel], claim)
        for settled in exchange.settled:
            if settled.state == "waiting":
                self._visits.when_due(settled.delay)
        if exchange.next_due_in is not None:
            self._visits.when_due(exchange.next_due_in)
        self._teller.tell(exchange, finished)
        for channel in exchange.unfinished:
            if self._lanes[channel].demand():
                self._visits.for_lane(self._lanes[channel])
        if not self._in_flight and (self._once or self._finishing):
            self._visits.now()  # to see whether that was all

    def _start(self, lane: Lane, claim: Claim) -> None:
        lane.begin()
        task = cast("asyncio.AbstractEventLoop", self._loop).create_task(self._deliver(lane, claim))
        self._in_flight[task] = claim

    async def _deliver(self, lane: Lane, claim: Claim) -> None:
        overdue: list[asyncio.Future[Any]] = []
        try:
            delivered = await self._deliverer.deliver(lane, claim, overdue.append)
        except BaseException:  # which it never should: then the slot is free all the same, and the lease runs out
            self._free(lane)
            raise
        finally:  # not by a done callback, which would be one more turn of the loop for each delivery
            self._in_flight.pop(cast("asyncio.Task[None]", asyncio.current_task()), None)
        if overdue:
            overdue[0].add_done_callback(lambda call: self._come_back(lane, call))
        else:
            self._free(lane)
        self._finished.append(delivered)
        if isinstance(delivered.outcome, Failed):
            self._visits.within(NO_HURRY)
        else:
            self._visits.for_lane(lane)  # also where its slot is not free yet

    def _come_back(self, lane: Lane, call: asyncio.Future[Any]) -> None:
        if not call.cancelled():
            call.exception()  # asked for, because asyncio would log it at length, with whatever the channel put into it
        self._free(lane)
        self._visits.for_lane(lane)

    def _free(self, lane: Lane) -> None:
        lane.busy -= 1
        lane.hungry = True  # a slot is free, and the next of the same key may go

    # -- what wakes it ----------------------------------------------------------------------------------------------

    def _woken_up(self) -> None:
        self._woken = False
        self._visits.everywhere()

    async def _look_regularly(self, watch: Watch) -> None:
        elapsed = 0.0
        while True:
            await asyncio.sleep(watch.seconds)
            elapsed += watch.seconds
            try:
                news = await self._database.run(watch.changed)
            except DatabaseError:
                news = elapsed >= SWEEP  # the exchange meets the same fault, and tells of it
            if news or elapsed >= SWEEP:
                elapsed = 0.0
                self._visits.everywhere()

    async def _open_lanes(self) -> None:
        tried = {lane: asyncio.Event() for lane in self._lanes.values()}
        openers = [asyncio.create_task(lane.keep_open(event)) for lane, event in tried.items()]
        waiters = [asyncio.create_task(self._after(lane, event)) for lane, event in tried.items()]
        try:
            await asyncio.gather(*waiters)
            if not tried:
                self._visits.now()
            await asyncio.gather(*openers)
        finally:
            for task in (*openers, *waiters):
                task.cancel()

    async def _after(self, lane: Lane, tried: asyncio.Event) -> None:
        await tried.wait()
        while not lane.ordered:  # what was parked while it had an order would wait for ever
            try:
                await self._database.run(self._outbox.unpark, lane.name)
                break
            except DatabaseError:
                await asyncio.sleep(1)  # the exchange meets the same fault, and tells of it
        lane.hungry = True
        self._visits.now()

    # -- being there ------------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            ended = [delivered.settlement.claim for delivered in (*self._finished, *self._settling)]
            held = [*self._in_flight.values(), *ended]
            lanes = {name: lane.described for name, lane in self._lanes.items()}
            try:
                await self._database.run(self._caretaker.beat, held, lanes)
            except SchemaError as error:
                self._outdated = error
                self._visits.now()
                return
            except DatabaseError as error:
                logger.debug("no heartbeat: %s", error)
            except Exception:  # such as a driver's own: without heartbeats every lease would run out
                logger.exception("no heartbeat")
            await asyncio.sleep(HEARTBEAT)

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(self._caretaker.seconds_until_expiring)
            try:
                await self._database.run(self._caretaker.expire)
            except DatabaseError as error:
                logger.debug("nothing is removed: %s", error)
                await asyncio.sleep(HEARTBEAT)
            except Exception:
                logger.exception("nothing is removed")
                await asyncio.sleep(HEARTBEAT)

    def _begin_stop(self, drain: float, *, finish: bool) -> None:
        loop = asyncio.get_running_loop()
        if self._stop_by is None:
            self._stop_by = loop.time() + drain
            self._finishing = finish and drain > 0
            loop.call_at(self._stop_by, self._break_off)
            self._visits.everywhere()
        elif drain == 0:
            self._break_off()
        self._visits.now()

    def _break_off(self) -> None:
        self._finishing = False
        for task in list(self._in_flight):
            task.add_done_callback(lambda ended: self._in_flight.pop(ended, None))  # one that never began says nothing
            task.cancel()
        self._visits.now()

    async def _leave(self, watch: Watch) -> None:
        self._visits.close()
        # together, because one that does not close must not keep the others from closing
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()))
        try:
            await self._database.run(watch.close)
            await self._database.run(self._caretaker.leave)
        except DatabaseError as error:
            logger.debug("the heartbeat stays behind: %s", error)
        await self._teller.finish()
        self._deliverer.close()
        self._database.close()
        self._teller.close()
