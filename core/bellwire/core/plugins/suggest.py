"""Did you mean …? For everything that people type by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of *known* that *word* was probably meant to be; case, ``-`` and ``_`` make no difference.

    >>> closest("webhok", ["im", "webhook"]), closest("Ops_Webhook", ["ops-webhook"]), closest("fax", ["im"])
    ('webhook', 'ops-webhook', None)
    """
    from difflib import get_close_matches

    plain = {_plain(name): name for name in sorted(known)}
    # long words are cut: the comparison takes quadratic time
    matches = get_close_matches(_plain(word[:80]), plain, n=1, cutoff=0.7)
    return plain[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``, did you mean 'webhook'?``, or nothing.

    >>> did_you_mean("webhok", ["im", "webhook"])
    ", did you mean 'webhook'?"
    """
    found = closest(word, known)
    return f", did you mean {found!r}?" if found else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
