"""Did you mean …? For everything that people type by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST: Final = 80  # the comparison takes quadratic time
_LEAST_BEGINNING: Final = 4


def closest(word: str, known: Iterable[str], *, prefix: str = "") -> str | None:
    """The one of *known* that *word* was probably meant to be; case, ``-`` and ``_`` make no difference.

    A *prefix* that all have in common is left out of the comparison: it would make everything look alike.

    >>> closest("webhok", ["im", "webhook"]), closest("Ops_Webhook", ["ops-webhook"]), closest("fax", ["im"])
    ('webhook', 'ops-webhook', None)
    >>> closest("timeout", ["timeout_seconds", "token"])
    'timeout_seconds'
    """
    from difflib import get_close_matches

    plain = {_plain(name, prefix): name for name in sorted(known)}
    meant = _plain(word, prefix)
    matches = get_close_matches(meant, plain, n=1, cutoff=0.7)
    if not matches and len(meant) >= _LEAST_BEGINNING:
        matches = [name for name in plain if name.startswith(meant)]
    return plain[matches[0]] if len(matches) == 1 else None


def did_you_mean(word: str, known: Iterable[str], *, prefix: str = "") -> str:
    """``, did you mean 'webhook'?``, or nothing.

    >>> did_you_mean("webhok", ["im", "webhook"])
    ", did you mean 'webhook'?"
    """
    found = closest(word, known, prefix=prefix)
    return f", did you mean {found!r}?" if found else ""


def _plain(name: str, prefix: str) -> str:
    return name.removeprefix(prefix)[:_LONGEST].lower().replace("_", "-")
