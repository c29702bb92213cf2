"""Checks the signature of a webhook, for whoever receives one. Copy this file into your program; it needs no other.

    from verify import verify, VerificationError

    try:
        delivery = verify(body, headers, secret)
    except VerificationError as error:
        return 401, str(error)
    if delivery.webhook_id in dealt_with: ...

*body* is the request's body as it came, in bytes: a body that was parsed and written again is another one. *headers*
is any mapping of header names, in capitals or not, as Flask, Django, Starlette and the standard library have them.

:func:`verify` is for Standard Webhooks (https://www.standardwebhooks.com), whoever sends them; :func:`verify_github`
for GitHub's ``X-Hub-Signature-256``, which signs neither id nor time. Python 3.9 or later and its standard library;
only public keys (``whpk_``, Ed25519) need the package ``cryptography``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Union

Secrets = Union[str, Iterable[str]]  # noqa: UP007 - Python 3.9 does not know str | Iterable

_ID, _TIMESTAMP, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_GITHUB, _GITHUB_ALSO = "x-hub-signature-256", "x-hub-signature-256-also"


class VerificationError(Exception):
    """The request must not be trusted; answer 401. Which of the classes below it is says why."""


class MissingHeader(VerificationError):
    """A header that the signature needs is not there: nothing was signed, or a proxy took it away."""

    def __init__(self, header: str) -> None:
        super().__init__(f"the header {header} is missing")
        self.header = header


class MalformedHeader(VerificationError):
    """A header is there and cannot be read."""

    def __init__(self, header: str, problem: str) -> None:
        super().__init__(f"the header {header} {problem}")
        self.header = header


class WrongSignature(VerificationError):
    """None of the signatures is one of these secrets over this body: another secret, or another body."""

    def __init__(self, number: int) -> None:
        what = "the signature does not fit" if number == 1 else f"none of the {number} signatures fits"
        super().__init__(f"{what}: the secret is another one, or the body was altered on its way")


class ClockOff(VerificationError):
    """The signature fits, and was made too long ago, or in the future. :attr:`seconds` is the age: below 0, ahead."""

    def __init__(self, seconds: float, tolerance: float) -> None:
        when = "ahead of this clock" if seconds < 0 else "ago"
        super().__init__(
            f"the signature fits, and was made {abs(seconds):.0f} seconds {when}, where {tolerance:g} are allowed: "
            "one of the two clocks is wrong, or a stranger sends an old request again"
        )
        self.seconds = seconds


class Verified(NamedTuple):
    """What is certain of a request."""

    webhook_id: str
    """The same each time that this delivery is sent: take each once."""
    timestamp: int
    """When this request was sent, in seconds since 1970."""
    secret: int
    """Which of the secrets it was, counted from 0: once the new one is all that comes, the old one can go."""


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secrets: Secrets,
    *,
    tolerance: float = 300,
    now: float | None = None,
) -> Verified:
    """Checks a request by Standard Webhooks.

    *secrets* is one, or several while they are changed: ``whsec_…``, or a public key, ``whpk_…``. *tolerance* is how
    many seconds the two clocks may be apart; *now* is for tests. Raises :class:`VerificationError`; for a secret that
    is none ``ValueError``, and for a public key without the package cryptography ``ImportError``.
    """
    checks = [_check(secret) for secret in _several(secrets)]
    known = _by_lower_name(headers)
    webhook_id = _required(known, _ID)
    timestamp = _required(known, _TIMESTAMP)
    signatures = _required(known, _SIGNATURE).split()
    if not re.fullmatch(r"[0-9]{1,15}", timestamp):
        raise MalformedHeader(_TIMESTAMP, "is no number of seconds")
    if not any(signature.startswith(("v1,", "v1a,")) for signature in signatures):
        raise MalformedHeader(_SIGNATURE, "holds no signature of a kind that is known: v1 or v1a")
    content = b".".join((_as_bytes(webhook_id), timestamp.encode(), body))
    for number, check in enumerate(checks):
        if any(check(content, _as_bytes(signature)) for signature in signatures):
            age = (time.time() if now is None else now) - int(timestamp)
            if abs(age) > tolerance:
                raise ClockOff(age, tolerance)
            return Verified(webhook_id, int(timestamp), number)
    raise WrongSignature(len(signatures))


def verify_github(body: bytes, headers: Mapping[str, str], secrets: Secrets) -> int:
    """Checks a request by GitHub's scheme, and returns which of the secrets it was, counted from 0.

    The body alone is signed: who has seen one request can send it again, at any time and with another ``webhook-id``.
    Raises :class:`VerificationError`.
    """
    keys = [secret.encode() for secret in _several(secrets)]
    if not all(keys):
        msg = "an empty text is no secret"
        raise ValueError(msg)
    known = _by_lower_name(headers)
    # the second header is there only while the sender changes its secret
    given = f"{_required(known, _GITHUB)},{known.get(_GITHUB_ALSO, '')}"
    signatures = [part.strip() for part in given.split(",") if part.strip()]
    if not any(re.fullmatch(r"sha256=[0-9a-f]{64}", signature) for signature in signatures):
        raise MalformedHeader(_GITHUB, "holds no sha256=… with 64 hexadecimal digits")
    for number, key in enumerate(keys):
        expected = b"sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest().encode()
        if any(hmac.compare_digest(expected, _as_bytes(signature)) for signature in signatures):
            return number
    raise WrongSignature(len(signatures))


def _check(secret: str) -> Callable[[bytes, bytes], bool]:
    """From a secret to a function that says whether a signature is that of some content."""
    prefix, _, text = secret.partition("_")
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if prefix not in ("whsec", "whpk") or not key or (prefix == "whpk" and len(key) != 32):
        msg = "a secret must be whsec_ and base64, or a public key: whpk_ and 32 bytes in base64"
        raise ValueError(msg)
    if prefix == "whsec":

        def check(content: bytes, signature: bytes) -> bool:
            made = b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
            return hmac.compare_digest(made, signature)  # takes as long wherever the first difference is

    else:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        public = Ed25519PublicKey.from_public_bytes(key)

        def check(content: bytes, signature: bytes) -> bool:
            if not signature.startswith(b"v1a,"):
                return False
            try:
                public.verify(base64.b64decode(signature[4:], validate=True), content)
            except (InvalidSignature, ValueError):
                return False
            return True

    return check


def _several(secrets: Secrets) -> list[str]:
    found = [secrets] if isinstance(secrets, str) else list(secrets)
    if not found:
        msg = "without a secret nothing can be checked"
        raise ValueError(msg)
    return found


def _by_lower_name(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise MissingHeader(name)
    return value


def _as_bytes(value: str) -> bytes:
    # servers read header bytes as Latin-1; compare_digest raises for text that is not ASCII
    return value.encode("latin-1", "replace")
