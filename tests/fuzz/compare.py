"""One input, read twice and compared."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs
from tests.fuzz.inputs import Input
from tests.fuzz.readers import Headers, Read, Reading, Refused, by_h11, by_ours
from tests.fuzz.rules import LAXER, REUSE, STRICTER, Laxer, Reuse, Stricter

Rule: TypeAlias = "Stricter | Laxer | Reuse"
_PREFIX = "did not answer in HTTP/1.1: "


class Disagreement(AssertionError):
    """The readers differ, and no rule says why; or how the bytes are cut makes a difference."""

    def __init__(self, given: Input, ours: Reading, other: Reading, what: str) -> None:
        super().__init__(f"{what}\n  input  {given!r}\n  ours   {ours!r}\n  other  {other!r}")


@attrs.frozen
class Verdict:
    """How the readers agree about an input."""

    outcome: Literal["read", "refused", "stricter", "laxer"]
    """Both read the same; both refuse; we alone refuse; we alone read."""
    rules: tuple[Rule, ...] = ()
    """Those that explain a difference."""


def compare(given: Input) -> Verdict:
    """The verdict on *given*; raises :class:`Disagreement`."""
    ours, whole = by_ours(given), by_ours(given, whole=True)
    if not _is_same(ours, whole):
        raise Disagreement(given, ours, whole, "how the bytes are cut makes a difference")
    theirs = by_h11(given)
    match ours, theirs:
        case Refused(), Refused():
            return Verdict("refused")
        case Read(), Read():
            if not _is_same(ours, theirs):
                raise Disagreement(given, ours, theirs, "an answer is read in two ways")
            return Verdict("read", _reused(given, whole, theirs))
        case Refused(reason), Read():
            return Verdict("stricter", _refused(given, ours, theirs, reason))
        case Read(), _:
            return Verdict("laxer", _mended(given, ours, theirs))
    raise AssertionError


def _is_same(one: Reading, other: Reading, changed: frozenset[bytes] = frozenset()) -> bool:
    match one, other:
        case Read(), Read():
            headers = _comparable(one.headers, changed), _comparable(other.headers, changed)
            return (one.status, headers[0], one.body) == (other.status, headers[1], other.body)
        case Refused(), Refused():
            return True
    return False


def _comparable(headers: Headers, changed: frozenset[bytes]) -> Headers:
    # h11 writes a coding's name in lower case
    return tuple(
        (name, value.lower() if name == b"transfer-encoding" else value)
        for name, value in headers
        if name not in changed
    )


def _refused(given: Input, ours: Reading, theirs: Reading, reason: str) -> tuple[Rule, ...]:
    short = reason.removeprefix(_PREFIX)
    for rule in STRICTER:
        if short.startswith(rule.reasons) and rule.evidence.search(given.stream):
            return (rule,)
    raise Disagreement(given, ours, theirs, "we refuse what h11 reads")


def _mended(given: Input, ours: Read, theirs: Reading) -> tuple[Rule, ...]:
    changed: frozenset[bytes] = frozenset()
    rules: list[Rule] = []
    stream = given.stream
    for rule in LAXER:
        mended = rule.mend(stream)
        if mended == stream:
            continue
        stream, changed = mended, changed | rule.changes
        rules.append(rule)
        theirs = by_h11(attrs.evolve(given, stream=stream))
        if isinstance(theirs, Read):
            if _is_same(ours, theirs, changed):
                return tuple(rules)
            break
    raise Disagreement(given, ours, theirs, "we read what h11 refuses")


def _reused(given: Input, ours: Reading, theirs: Read) -> tuple[Rule, ...]:
    if not (isinstance(ours, Read) and ours.reusable) or theirs.reusable:
        return ()
    for rule in REUSE:
        if rule.evidence.search(given.stream):
            return (rule,)
    raise Disagreement(given, ours, theirs, "we keep a connection that h11 does not keep")
