"""What to try when a test failed: by the stage, the answer and the channel's own settings. Pure."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from bellwire.hookspecs import ChannelConfig, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bellwire.core.insight import Trial


def advice(trial: Trial, config: ChannelConfig | None) -> list[str]:
    """Sentences for whoever looks at a failed test; none for one that went well."""
    if not isinstance(trial.outcome, Failed):
        return []
    return list(_advice(trial.outcome, trial.host, config))


def _advice(failed: Failed, host: str, config: ChannelConfig | None) -> Iterator[str]:
    match failed.stage:
        case "dns":
            yield f"is the host's name right, and known on {host}?"
        case "connect":
            yield f"does the receiver run, and listen where {host} can reach it? A firewall may stand between"
        case "timeout":
            yield "the receiver took too long: it should answer first and work afterwards"
            yield "timeout_seconds gives it longer"
        case "tls":
            yield f"is the certificate valid for this name, and does {host} trust who signed it?"
        case "policy":
            yield "egress, egress_allow and egress_deny say what may be reached (docs/guide/egress.md)"
        case "response":
            yield "something else than an HTTP receiver may listen there, or it closed too early"
        case "status" if failed.status_code is not None:
            yield from _by_status(failed.status_code, config)


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
        yield "the receiver refuses the test message; it may know workflow events alone" + (
            ': test_payload = "workflow" sends the sample event instead' if hasattr(config, "test_payload") else ""
        )
    else:
        yield "the receiver failed by itself: its own log says why"
