"""What is right and wrong about a request, as a receiver sees it: pure."""

from __future__ import annotations

import hmac
import json
from datetime import datetime
from typing import TYPE_CHECKING, Final

import attrs

from bellwire.hookspecs import CHANNEL_ACTIONS, WORKFLOW_ACTIONS, ChannelEvent, TestMessage, WorkflowEvent

from .signature import Signature, SignatureCheck, signature_headers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_KEYS: Final = ("event", "action", "timestamp", "payload")
_ACTIONS: Final[Mapping[str, Collection[str]]] = {
    WorkflowEvent.kind: WORKFLOW_ACTIONS,
    ChannelEvent.kind: CHANNEL_ACTIONS,
    TestMessage.kind: ("test",),
}


@attrs.frozen(kw_only=True)
class Verdict:
    """What a careful receiver would answer, and why."""

    status: int = 200
    remarks: tuple[str, ...] = ()
    """One sentence each. With status 200 they are worth knowing, no more."""
    authorized: bool | None = None
    """Whether the token matched; ``None`` where none was expected."""
    signature: Signature | None = None
    """What the signature is worth; ``None`` where none was expected."""


def examine(
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    token: str | None = None,
    signature: SignatureCheck | None = None,
) -> Verdict:
    """Looks at one request. *headers* are by lower-case name, decoded as Latin-1.

    Statuses: 405 for another method than POST, 401 for a token or a signature that does not fit, 400 for a body that is
    no event.
    """
    if method != "POST":
        return Verdict(status=405, remarks=("events come by POST",))
    remarks = list(_header_remarks(headers))
    if signature is None and (found := signature_headers(headers)):
        remarks.append(f"{found} came, and was not checked: --signing-secret asks for the secret")
    authorized = None if token is None else _token_matches(headers.get("authorization"), token)
    if authorized is False:
        return Verdict(status=401, remarks=(*remarks, _token_remark(headers.get("authorization"))), authorized=False)
    signed = None if signature is None else signature.of(headers, body)
    if signed is not None and not signed.right:
        return Verdict(status=401, remarks=(*remarks, signed.sentence), authorized=authorized, signature=signed)
    verdict = _examine_body(body, remarks)
    return attrs.evolve(verdict, authorized=authorized, signature=signed)


def _examine_body(body: bytes, remarks: list[str]) -> Verdict:
    try:
        document = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        remarks.append(f"the body is not JSON in UTF-8: {error}")
        return Verdict(status=400, remarks=tuple(remarks))
    if not isinstance(document, dict) or any(key not in document for key in _KEYS):
        remarks.append(f"the body is no event: it must be an object with {', '.join(_KEYS)}")
        return Verdict(status=400, remarks=tuple(remarks))
    return Verdict(remarks=(*remarks, *_event_remarks(document)))


def _header_remarks(headers: Mapping[str, str]) -> Iterator[str]:
    content_type = headers.get("content-type")
    if content_type is None or content_type.partition(";")[0].strip().lower() != "application/json":
        yield f"Content-Type is {content_type or 'missing'}; application/json is expected"
    if not headers.get("webhook-id"):
        yield "webhook-id is missing: nothing to de-duplicate by"


def _event_remarks(document: Mapping[str, object]) -> Iterator[str]:
    event, action = document["event"], document["action"]
    known = _ACTIONS.get(event) if isinstance(event, str) else None
    if known is None:
        yield f"the event {event!r} is none of {', '.join(_ACTIONS)}: receivers must ignore what is new"
    elif action not in known:
        yield f"the action {action!r} is none of {', '.join(known)}: receivers must ignore what is new"
    timestamp = document["timestamp"]
    try:
        if not isinstance(timestamp, str) or datetime.fromisoformat(timestamp).tzinfo is None:
            yield f"the timestamp {timestamp!r} has no offset (RFC 3339)"
    except ValueError:
        yield f"the timestamp {timestamp!r} is not RFC 3339"


def _token_matches(authorization: str | None, token: str) -> bool:
    scheme, _, given = (authorization or "").partition(" ")
    # bytes, because compare_digest raises on non-ASCII str; header bytes come as Latin-1, and without outer blanks
    matches = hmac.compare_digest(given.strip(" \t").encode("latin-1", "replace"), token.strip(" \t").encode())
    return matches and scheme.lower() == "bearer"


def _token_remark(authorization: str | None) -> str:
    if not authorization:
        return "Authorization is missing; a bearer token is expected"
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return "Authorization is not of the scheme Bearer"
    return f"the bearer token does not match (it came with {len(given.strip())} bytes)"


def _refuse_constant(name: str) -> float:
    msg = f"{name} is not JSON"
    raise ValueError(msg)
