"""From the receiver's response to an outcome: pure.

Only the configured statuses are success: exactly 200, or any 2xx. Every other answer may be sent again, 410 included:
the specification sends up to N times whatever the status, and receivers behind a proxy answer 404 or 410 while they are
being deployed.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from bellwire.hookspecs import Failed, Outcome, Sent, Stage, redact_url

from .headers import authorized_by
from .robots import robot_at, robot_refusal
from .scrub import scrub, secret_forms
from .wording import one_line, response_error

if TYPE_CHECKING:
    from .config import WebhookConfig

EXCERPT_CHARACTERS: Final = 2048
"""How much of the response's body is kept."""
DETAIL_CHARACTERS: Final = 512
"""How much of it stands in the failure's sentence."""
_DECODED_BYTES: Final = 4 * EXCERPT_CHARACTERS  # UTF-8 needs at most four a character
_LONGEST_WAIT: Final = 365 * 86400.0  # whatever a receiver writes, the number stays one that clocks can add
# What receivers in this field send besides UTF-8; other codecs that Python knows are not all for text (zip, rot13).
_CHARSETS: Final = frozenset(("gbk", "gb2312", "gb18030", "big5", "shift_jis", "euc-kr", "iso-8859-1", "windows-1252"))


@attrs.frozen(kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    """Its beginning, where it was long."""
    truncated: bool = False
    stages: tuple[Stage, ...] = ()
    """The steps that led to it, from the transport."""


@attrs.frozen(kw_only=True)
class Rules:
    """How a channel reads its answers."""

    any_2xx: bool = False
    robot: str | None = None
    """Whose robot answers, if one does."""
    credentials: str = ""
    """What vouches for the sender, in words; empty where nothing does."""
    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: WebhookConfig) -> Rules:
        """The rules that *config* sets."""
        return cls(
            any_2xx=config.accept_status == "2xx",
            robot=robot_at(urlsplit(config.url).hostname),
            credentials=authorized_by(config) or ("headers" if config.headers else ""),
            secrets=secret_forms(config),
        )


def outcome_of(answer: Answer, rules: Rules, now: Callable[[], datetime]) -> Outcome:
    """Whether *answer* is success by *rules*; *now* is asked only where ``Retry-After`` is a date."""
    status = answer.status
    response = excerpt(answer, rules.secrets)
    if status == 200 or (rules.any_2xx and 200 <= status < 300):
        refusal = robot_refusal(answer.body) if rules.robot else None
        if refusal is None:
            return Sent(status_code=status, response=response, stages=answer.stages)
        said = scrub(refusal, rules.secrets)
        meaning = f"the robot of {rules.robot} refuses the message, {said}"
    else:
        meaning = _meaning(answer, rules)
    return Failed(
        stage="status",
        detail=response_error(status, response, limit=DETAIL_CHARACTERS),
        retry_after=retry_after(answer.headers.get("retry-after"), now),
        status_code=status,
        response=response,
        stages=(*answer.stages, Stage("answer", 0.0, one_line(f"{status}: {meaning}", limit=DETAIL_CHARACTERS))),
    )


def excerpt(answer: Answer, secrets: tuple[str, ...] = ()) -> str:
    """The body's beginning as text, capped, without *secrets*.

    It is decoded as UTF-8, else by the charset that the receiver names, else with U+FFFD for what is no text. U+0000
    becomes U+FFFD too: PostgreSQL cannot store it.
    """
    body = answer.body
    if not body:
        return ""
    cut = answer.truncated or len(body) > _DECODED_BYTES
    text = _decode(body[:_DECODED_BYTES], answer.headers, cut=cut).replace("\0", "\ufffd")
    text = scrub(text, secrets, cut=cut)
    if cut or len(text) > EXCERPT_CHARACTERS:
        text = text[: EXCERPT_CHARACTERS - 1] + "…"
    return text


def _decode(data: bytes, headers: Mapping[str, str], *, cut: bool) -> str:
    try:
        return codecs.utf_8_decode(data, "strict", not cut)[0]  # a character that the cut split is left out
    except UnicodeDecodeError:
        charset = headers.get("content-type", "").lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
        return data.decode(charset if charset in _CHARSETS else "utf-8", "replace")


def _meaning(answer: Answer, rules: Rules) -> str:
    status = answer.status
    if 200 <= status < 300:
        return 'only 200 counts here, set accept_status = "2xx" to take it for success'
    if 300 <= status < 400:
        location = scrub(answer.headers.get("location", ""), rules.secrets)
        where = f"; Location {redact_url(location)}" if location else ""
        return f"redirects are not followed{where}"
    if status in {401, 403}:
        known = rules.credentials
        return f"the receiver does not accept the {known}" if known else "the receiver wants a token, and none is set"
    return _MEANINGS.get(status) or ("the receiver failed" if status >= 500 else "the receiver refuses the request")


_MEANINGS: Final[Mapping[int, str]] = {
    404: "the receiver knows no such path; is the url complete?",
    405: "the receiver takes no POST at this path; is the url complete?",
    410: "the receiver says that it is gone for good",
    413: "the receiver finds the request too large",
    415: "the receiver does not take this Content-Type",
    429: "the receiver asks for fewer requests",
    502: "a proxy before the receiver does not reach it",
    503: "the receiver is not available now",
    504: "a proxy before the receiver waited too long for it",
}


def retry_after(value: str | None, now: Callable[[], datetime]) -> float | None:
    """Seconds to wait by a ``Retry-After`` field (RFC 9110, section 10.2.3): seconds, or a date in any of its forms.

    Never negative; at most a year; ``None`` for what cannot be read.

    >>> retry_after("120", lambda: datetime(2023, 5, 18, tzinfo=UTC))
    120.0
    >>> retry_after("Thu, 18 May 2023 00:00:07 GMT", lambda: datetime(2023, 5, 18, tzinfo=UTC))
    7.0
    """
    if value is None or not (value := value.strip()) or not value.isascii():
        return None
    if value.isdigit():
        return min(float(value), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now()).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
