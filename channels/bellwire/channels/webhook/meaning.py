"""What a receiver's answer asks of whoever administers the channel: pure. What it is stands in :mod:`.answer`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bellwire.hookspecs import Failed, Outcome

from .headers import authorized_by
from .robots import robot_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .config import WebhookConfig

_html: Final = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL).match
_LOG: Final = "its own log says why"


def advice_of(outcome: Outcome, config: WebhookConfig, *, is_test: bool) -> Iterator[str]:
    """Sentences, the likeliest first; none for what has nothing to do with the answer."""
    is_page = outcome.response is not None and _html(outcome.response) is not None
    if isinstance(outcome, Failed):
        if outcome.stage != "status" or outcome.status_code is None:
            return
        yield from _by_status(outcome.status_code, config, is_test=is_test)
    if is_page:
        yield (
            "the answer is a page of HTML: a login page or a proxy may have answered in the receiver's place; "
            "is the url the one that takes POST requests of programs?"
        )


def _by_status(status: int, config: WebhookConfig, *, is_test: bool) -> Iterator[str]:
    if status == 200:
        if robot_at(urlsplit(config.url).hostname):
            yield "a chat robot cannot read this payload: put a small service between the two, or write a channel"
        else:
            yield "200 came with an error in the body: it stands above"
    elif 200 < status < 300:
        yield f'have the receiver answer 200, or set accept_status = "2xx" to take {status} for success as well'
    elif 300 <= status < 400:
        yield "set url to the address that it points to, if the receiver is there"
        yield "if that is a login page, the receiver wants a token, or lets no program in without one"
    elif status in _MEANT:
        yield from _MEANT[status](config, is_test)
    elif status >= 500:
        yield f"the receiver failed by itself: {_LOG}"
    else:
        yield f"the receiver refuses the request: its answer may say why, and {_LOG}"


def _unauthorized(config: WebhookConfig, is_test: bool) -> Iterator[str]:  # noqa: ARG001, FBT001 - a row of the table
    if config.token:
        yield "compare token with the receiver's, blanks at its ends included; it goes out as `Authorization: Bearer …`"
    elif setter := authorized_by(config):
        yield f"compare what {setter} says with the receiver's; it goes out as `Authorization: Basic …`"
    elif config.headers:
        yield f"compare the values of headers ({', '.join(config.headers)}) with the receiver's, or set token"
    else:
        yield "set token to the one that the receiver expects"
    if config.signature == "none":
        yield "or it wants a signature, and signature is none"


def _forbidden(config: WebhookConfig, is_test: bool) -> Iterator[str]:  # noqa: ARG001, FBT001 - a row of the table
    if setter := authorized_by(config) or ("headers" if config.headers else ""):
        yield f"{setter} may be right and not allowed to post here: what may it do on the receiver's side?"
    else:
        yield "set token, if the receiver wants one"
    yield "or a firewall or proxy before the receiver does not let this machine's requests through"


def _path(config: WebhookConfig, is_test: bool) -> Iterator[str]:  # noqa: ARG001, FBT001 - a row of the table
    path = urlsplit(config.url).path
    if path in {"", "/"}:
        yield "the url has no path: the receiver's documentation names one, such as /hooks/workflow"
    else:
        yield f"is the path {path} right, to the letter and the last slash? The receiver must take POST there"


def _misunderstood(config: WebhookConfig, is_test: bool) -> Iterator[str]:  # noqa: FBT001 - a row of the table
    if is_test and config.test_payload == "message":
        yield 'the receiver refuses test events: try test_payload = "workflow"'
    else:
        yield "the receiver cannot read the event: its answer says what it misses; docs/guide/receivers.md has the form"


def _too_large(config: WebhookConfig, is_test: bool) -> Iterator[str]:  # noqa: ARG001, FBT001 - a row of the table
    yield "raise the limit of the receiver or of the proxy before it (nginx: client_max_body_size)"


def _type_refused(config: WebhookConfig, is_test: bool) -> Iterator[str]:  # noqa: ARG001, FBT001 - a row of the table
    yield "have the receiver read JSON at this path: requests come as application/json"


def _too_many(config: WebhookConfig, is_test: bool) -> Iterator[str]:  # noqa: FBT001 - a row of the table
    if is_test:
        yield "try again later"
    if not config.max_per_second:
        yield "max_per_second keeps a pace that the receiver takes"
    if not config.retry_schedule:
        yield "a retry_schedule heeds Retry-After, and tries for longer"


def _proxy(config: WebhookConfig, is_test: bool) -> Iterator[str]:  # noqa: ARG001, FBT001 - a row of the table
    yield "a proxy answered in the receiver's place: does the receiver run behind it?"


def _unavailable(config: WebhookConfig, is_test: bool) -> Iterator[str]:  # noqa: ARG001, FBT001 - a row of the table
    yield "the receiver, or a proxy before it, is overloaded or being deployed: try again later"


_MEANT: Final = {
    400: _misunderstood,
    401: _unauthorized,
    403: _forbidden,
    404: _path,
    405: _path,
    410: _path,
    413: _too_large,
    415: _type_refused,
    422: _misunderstood,
    429: _too_many,
    502: _proxy,
    503: _unavailable,
    504: _proxy,
}
