"""What to try when an attempt failed: the channel's own advice, else what is true of every channel. Pure.

Tests and stored attempts are told by the same sentences.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from bellwire.hookspecs import ChannelConfig, Failed, Outcome

from .trust import problem_advice

if TYPE_CHECKING:
    from collections.abc import Iterator


def advice(
    outcome: Outcome, config: ChannelConfig | None, *, host: str = "this machine", under_way: str = "", is_test: bool
) -> tuple[str, ...]:
    """Sentences for whoever looks into *outcome*; none for one that went well, but for what its channel doubts.

    *host* is the machine that sent it; *under_way* the step that was, when the time ran out (see :mod:`.diagnosis`).
    """
    own = _own(outcome, config, is_test=is_test)
    if own or not isinstance(outcome, Failed):
        return own
    return tuple(_general(outcome, config, host, under_way))


def _own(outcome: Outcome, config: ChannelConfig | None, *, is_test: bool) -> tuple[str, ...]:
    if config is None:
        return ()
    try:
        return tuple(str(sentence) for sentence in config.advise(outcome, is_test=is_test))
    except Exception:  # noqa: BLE001 - a channel's advice is worth less than what it is about
        return ()


def _general(failed: Failed, config: ChannelConfig | None, host: str, under_way: str) -> Iterator[str]:
    match failed.stage:
        case "dns":
            yield f"is the host's name right, and known on {host}?"
        case "connect":
            yield f"does the receiver run, and listen where {host} can reach it? A firewall may stand between"
        case "timeout":
            yield from _overdue(under_way, host)
        case "tls":
            yield from problem_advice(own_words(failed), config, host)
        case "policy":
            yield "egress, egress_allow and egress_deny say what may be reached (docs/guide/egress.md)"
        case "send":
            yield "the receiver closed before it had the whole request: its own log, or that of a proxy, says why"
        case "response":
            yield _lost(own_words(failed))
        case "status" if failed.status_code is not None:
            yield from _by_status(failed.status_code, config)


def own_words(failed: Failed) -> str:
    """Our words for *failed*; its channel may have put others into its detail."""
    ours = [stage.detail for stage in failed.stages if stage.name == failed.stage and not stage.seconds]
    return next((detail for detail in reversed(ours) if detail), failed.detail)


def _lost(words: str) -> str:
    if "HTTP/1.1" in words:
        return "something else than an HTTP receiver listens on this port: is the port right?"
    if "https://" in words:
        return "put https:// for http:// into the url, or the port on which the receiver speaks plain HTTP"
    if "in the middle" in words:
        return "the receiver broke off while it answered, or a proxy before it did: its own log says why"
    return "the receiver, or a proxy or firewall before it, hung up on this request: its own log says why"


def _overdue(under_way: str, host: str) -> Iterator[str]:
    match under_way:
        case "resolve":
            yield f"the name servers of {host} do not answer in time"
        case "connect":
            yield f"nobody answers at that address: is it right, and does a firewall on the way from {host} swallow it?"
        case "tls":
            yield "what listens there does not finish the handshake; does it speak TLS, and is it overloaded?"
        case _:
            yield "the receiver took too long: it should answer first and work afterwards"
            yield "timeout_seconds gives it longer"


def _by_status(status: int, config: ChannelConfig | None) -> Iterator[str]:
    if status == HTTPStatus.OK:
        yield "200 came with an error in the body: it stands above"
    elif HTTPStatus.OK < status < HTTPStatus.MULTIPLE_CHOICES:
        yield "only 200 counts here: have the receiver answer 200" + (
            ', or set accept_status = "2xx"' if hasattr(config, "accept_status") else ""
        )
    elif status < HTTPStatus.BAD_REQUEST:
        yield "redirects are never followed: put the address that it leads to into the settings"
    elif status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}:
        yield "is the token the one that the receiver expects?"
    elif status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE}:
        yield "is the path right? The receiver must take POST there"
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        yield "the receiver asks for fewer requests: try again later"
    elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
        yield "the receiver refuses the message: its answer, or its own log, says what it misses"
    else:
        yield "the receiver failed by itself: its own log says why"
