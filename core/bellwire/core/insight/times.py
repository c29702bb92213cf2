"""Times and numbers as people read them."""

from __future__ import annotations

from datetime import datetime


def local(moment: int) -> datetime:
    """*moment*, in microseconds since 1970 UTC, in this machine's zone."""
    return datetime.fromtimestamp(moment / 1_000_000).astimezone()


def shown(moment: int, now: int | None = None) -> str:
    """*moment* for a sentence: the time alone when it is of the same day as *now*."""
    then = local(moment)
    if now is not None and then.date() == local(now).date():
        return then.strftime("%H:%M:%S")
    return then.strftime("%Y-%m-%d %H:%M:%S")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """*number* and the noun that goes with it.

    >>> counted(1, "delivery", "deliveries"), counted(2, "attempt")
    ('1 delivery', '2 attempts')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
