"""What arrived, for eyes and for programs: pure. Nothing of it can move a cursor or ring a terminal's bell."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Final, assert_never

from bellwire.channels.webhook.wording import one_line
from bellwire.hookspecs import MASK

from .receiver import Noise, Received

_SHOWN_CHARACTERS: Final = 20_000  # of a body, on a terminal; --json has all of it
_CREDENTIALS: Final = frozenset(("authorization", "proxy-authorization", "cookie"))


def as_text(arrival: Received | Noise, *, pretty: bool = False) -> str:
    """*arrival* as it came, each header and the body in one line; *pretty* spreads a JSON body over several."""
    match arrival:
        case Noise():
            return f"{arrival.at:%H:%M:%S}  ! {_safe(arrival.text)}\n"
        case Received():
            lines = [f"{arrival.at:%H:%M:%S}  request {arrival.number}", *_request(arrival, pretty=pretty)]
            lines.append(f"-> {arrival.status}{', failing on purpose' if arrival.failing else ''}")
            if (signature := arrival.verdict.signature) and signature.right:
                lines.append(f"   + {signature.sentence}")
            lines += [f"   ! {_safe(remark)}" for remark in _remarks(arrival)]
            return "\n".join(lines) + "\n"
        case _:
            assert_never(arrival)


def as_json(arrival: Received | Noise) -> str:
    """*arrival* as one line of JSON, all in ASCII; a body that is not UTF-8 stands in ``body_base64``."""
    document: dict[str, object]
    match arrival:
        case Noise():
            document = {"noise": arrival.text, "received_at": arrival.at.isoformat(timespec="milliseconds")}
        case Received():
            request = arrival.request
            document = {
                "number": arrival.number,
                "received_at": arrival.at.isoformat(timespec="milliseconds"),
                "method": request.method,
                "target": request.target,
                "version": request.version,
                "headers": [[name, _header_value(arrival, name, value)] for name, value in request.headers],
                **_body(request.body),
                "webhook_id": arrival.webhook_id,
                "duplicate_of": arrival.duplicate_of,
                "authorized": arrival.verdict.authorized,
                "signature": arrival.verdict.signature and arrival.verdict.signature.verdict,
                "status": arrival.status,
                "failing": arrival.failing,
                "remarks": list(_remarks(arrival)),
            }
        case _:
            assert_never(arrival)
    return json.dumps(document)


def _request(arrival: Received, *, pretty: bool) -> list[str]:
    request = arrival.request
    lines = [_safe(f"{request.method} {request.target} {request.version}")]
    lines += [_safe(f"{name}: {_header_value(arrival, name, value)}") for name, value in request.headers]
    if request.body:
        lines += ["", *_body_lines(request.body, pretty=pretty)]
    return lines


def _body_lines(body: bytes, *, pretty: bool) -> list[str]:
    text = body.decode("utf-8", "backslashreplace")
    if pretty:
        try:
            text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        except (ValueError, RecursionError):
            return [_safe(text)]
        return [_safe(line) for line in text.split("\n")]
    return [_safe(text)]


def _safe(text: str) -> str:
    return one_line(text, limit=_SHOWN_CHARACTERS)


def _header_value(arrival: Received, name: str, value: str) -> str:
    # whoever gave the right token to this receiver may see it; any other is somebody else's secret
    if name.lower() in _CREDENTIALS and not arrival.verdict.authorized:
        scheme, blank, _ = value.partition(" ")
        return f"{scheme} {MASK}" if blank and scheme.isalpha() else MASK
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _body(body: bytes) -> dict[str, str | None]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body": None, "body_base64": b64encode(body).decode("ascii")}


def _remarks(arrival: Received) -> tuple[str, ...]:
    if arrival.duplicate_of is None:
        return arrival.verdict.remarks
    return (*arrival.verdict.remarks, f"the same webhook-id as request {arrival.duplicate_of}: it is to be taken once")
