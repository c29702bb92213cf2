"""What the tour shows. Several threads have something to show, and none interrupts another."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from .safe import safe
from .table import Styled, make_console, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bellwire.core.outbox import AttemptView, DeliveryView
    from bellwire.hookspecs import WorkflowEvent

    from .demo_receivers import Arrival

_RECEIVERS: Final[Mapping[str, str]] = {
    "steady": "answers 200",
    "shaky": "answers 503 twice, then 200",
    "down": "nobody listens",
}


class Screen:
    """Standard output, on which the tour is shown."""

    def __init__(self) -> None:
        self._console = make_console()
        self._lock = threading.Lock()
        self._begun = time.monotonic()
        self._after_blank = True

    def title(self, text: str) -> None:
        """How it begins."""
        self._print((text, "bold"))
        self._print()

    def introduction(self, urls: Mapping[str, str], configuration: str) -> None:
        """Who is there, and how it is configured."""
        self._print("A platform publishes five events, and three webhook channels hear of each:")
        for name, url in urls.items():
            self._print(f"  {name:<7} {url}  {_RECEIVERS[name]}")
        self._print()
        self._print("In bellwire.toml, and alike for the two others:")
        for line in configuration.splitlines():
            self._print((f"  {line}", "dim"))
        self._print()

    def start_the_clock(self) -> None:
        """What happens from now on stands beside its time."""
        self._begun = time.monotonic()

    def published(self, event: WorkflowEvent) -> None:
        """One more event is stored."""
        workflow = event.workflow
        what = f"{event.action} of {workflow.workflow_id} ({workflow.workflow_status})"
        self._print((self._now(), "dim"), ("published ", "bold"), what)

    def arrival(self, arrival: Arrival) -> None:
        """A request arrived: it stands here as it came."""
        colour = "green" if arrival.answer is HTTPStatus.OK else "yellow"
        with self._lock:
            if not self._after_blank:
                self._line()
            self._line((self._now(), "dim"), (f"{arrival.receiver} receives its request {arrival.number}", "bold"))
            for line in arrival.head:
                self._line(line)
            self._line()
            self._line(arrival.body)
            self._line((f"--> answered {arrival.answer.value} {arrival.answer.phrase}", colour))
            self._line()

    def settled(self, action: str, channel: str, attempts: int, *, sent: bool) -> None:
        """A delivery ended for good."""
        how = ("delivered ", "green") if sent else ("given up  ", "red")
        sends = "1 send" if attempts == 1 else f"{attempts} sends"
        self._print((self._now(), "dim"), how, f"{action} to {channel}, after {sends}")

    def warning(self, message: str) -> None:
        """Something that the library logs."""
        self._print((self._now(), "dim"), ("warning   ", "yellow"), message)

    def log(self, attempts: Sequence[tuple[DeliveryView, AttemptView]], *, settled: bool) -> None:
        """Every attempt, and why the failed ones failed."""
        self._print()
        if not settled:
            self._print(("Not everything is settled yet; this machine is busy.", "yellow"))
        states = [delivery.state for delivery in {delivery.id: delivery for delivery, _ in attempts}.values()]
        self._print(
            (f"{states.count('delivered')} delivered, {states.count('failed')} given up. ", "bold"),
            "Of every attempt the outbox keeps:",
        )
        self._print()
        with self._lock:
            first = min((delivery.created_at for delivery, _ in attempts), default=0)
            print_table(
                ("CHANNEL", "ACTION", "ATTEMPT", "AT", "TOOK", "OUTCOME", "STAGE", "STATUS"),
                [_row(delivery, attempt, first) for delivery, attempt in attempts],
            )
        self._print()
        for channel, detail in dict.fromkeys((d.channel, a.detail) for d, a in attempts if a.detail):
            self._print((f"{channel:<7} ", "bold"), detail or "")

    def farewell(self) -> None:
        """How to go on."""
        self._print()
        self._print(("Go on with", "bold"))
        for command, purpose in (
            ("bellwire init", "a bellwire.toml of your own"),
            ("bellwire listen", "a receiver to develop with"),
            ("bellwire test CHANNEL", "does a channel work? if not, why?"),
            ("bellwire --help", "everything else: publish, worker, replay, explain"),
        ):
            self._print(f"  {command:<22} {purpose}")

    def _now(self) -> str:
        return f"{time.monotonic() - self._begun:6.2f} s  "

    def _print(self, *parts: str | tuple[str, str]) -> None:
        with self._lock:
            self._line(*parts)

    def _line(self, *parts: str | tuple[str, str]) -> None:
        from rich.text import Text

        pairs = [(part, "") if isinstance(part, str) else part for part in parts]
        self._after_blank = not parts
        self._console.print(Text.assemble(*((safe(text), style) for text, style in pairs)), soft_wrap=True)


def _row(delivery: DeliveryView, attempt: AttemptView, first: int) -> tuple[str | Styled, ...]:
    return (
        delivery.channel,
        delivery.action,
        str(attempt.number),
        f"{(attempt.started_at - first) / 1_000_000:.2f} s",
        f"{attempt.duration / 1_000:.1f} ms",
        Styled(attempt.outcome, "green" if attempt.outcome == "sent" else "red"),
        attempt.stage or "",
        "" if attempt.status_code is None else str(attempt.status_code),
    )
