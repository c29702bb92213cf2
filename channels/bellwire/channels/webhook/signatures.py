"""Signatures over what is sent: pure functions of secret, id, time and bytes, and one table of the schemes.

``standard`` is Standard Webhooks 1.0.0: HMAC-SHA256 with ``whsec_`` keys, Ed25519 with ``whsk_`` keys. ``github`` is
GitHub's ``X-Hub-Signature-256``. The signed bytes are the sent bytes. With several secrets, each signs, so that a
receiver which knows one of them is content while they are changed.

The receiver's side is :mod:`~bellwire.channels.webhook.verify`.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
Sign: TypeAlias = Callable[[bytes, int, bytes], Headers]
"""From a delivery's id, the time of sending in seconds since 1970, and the body, to the headers that sign them."""

HMAC_PREFIX: Final = "whsec_"
SECRET_KEY_PREFIX: Final = "whsk_"  # noqa: S105 - what all such keys begin with
PUBLIC_KEY_PREFIX: Final = "whpk_"
_HMAC_BYTES: Final = range(24, 65)  # what Standard Webhooks allows
_SEED: Final = 32
NEEDS_EXTRA: Final = "Ed25519 keys (whsk_) need the package cryptography: pip install 'bellwire[ed25519]'"


@attrs.frozen(kw_only=True)
class Scheme:
    """One way of signing: a row of :data:`SCHEMES`."""

    problem: Callable[[str], str | None]
    """What is wrong with a secret, as a sentence without its value; ``None`` for a good one."""
    signer: Callable[[Sequence[str]], Sign]
    """Prepares good secrets for many signatures. Raises ``ImportError`` where a library is missing."""


# --- Standard Webhooks -----------------------------------------------------------------------------------------------


def standard_problem(secret: str) -> str | None:
    """What is wrong with a key by Standard Webhooks, if anything is."""
    if secret.startswith(PUBLIC_KEY_PREFIX):
        return f"is a public key; a sender signs with the secret one, which begins with {SECRET_KEY_PREFIX}"
    prefix = next((known for known in (HMAC_PREFIX, SECRET_KEY_PREFIX) if secret.startswith(known)), None)
    if prefix is None:
        return f"must begin with {HMAC_PREFIX} (HMAC-SHA256) or {SECRET_KEY_PREFIX} (Ed25519)"
    try:
        key = key_bytes(secret)
    except ValueError:
        return f"must be base64 after {prefix}, with its padding (RFC 4648, section 4)"
    if prefix == HMAC_PREFIX:
        least, most = _HMAC_BYTES[0], _HMAC_BYTES[-1]
        return None if len(key) in _HMAC_BYTES else f"must hold {least} to {most} bytes, holds {len(key)}"
    if len(key) not in (_SEED, 2 * _SEED):
        return f"must hold 32 bytes, or 64 with the public key behind them, holds {len(key)}"
    return _halves_problem(secret, key)


def _halves_problem(secret: str, key: bytes) -> str | None:
    if len(key) == _SEED:
        return None
    try:
        public = _public_bytes(private_key(secret))
    except ImportError:
        return None  # that it is missing is told elsewhere
    return None if public == key[_SEED:] else "holds a public key that is not the one of its secret key"


def key_bytes(secret: str) -> bytes:
    """The bytes of a ``whsec_``, ``whsk_`` or ``whpk_`` key. Raises ``ValueError``, without the value."""
    text = secret.partition("_")[2]
    try:
        key = b64decode(text)
    except ValueError:
        key = b""
    # Python passes over what is no base64, and over bits that stand for nothing at the end; others refuse them
    if not key or b64encode(key).decode("ascii") != text:
        msg = "the key is not base64"
        raise ValueError(msg)
    return key


def private_key(secret: str) -> Ed25519PrivateKey:
    """The Ed25519 key (RFC 8032) of a good ``whsk_`` secret. Raises ``ImportError`` without cryptography."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise ImportError(NEEDS_EXTRA) from error
    return Ed25519PrivateKey.from_private_bytes(key_bytes(secret)[:_SEED])


def public_key(secret: str) -> str | None:
    """What receivers verify a ``whsk_`` key's signatures by, as ``whpk_…``; ``None`` for secrets that have no such.

    Raises ``ImportError`` without cryptography.
    """
    if not secret.startswith(SECRET_KEY_PREFIX):
        return None
    return PUBLIC_KEY_PREFIX + b64encode(_public_bytes(private_key(secret))).decode("ascii")


def _public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def standard_signer(secrets: Sequence[str]) -> Sign:
    """Signs ``id.timestamp.body``; of several secrets, all signatures stand in the one header, in their order."""
    signatures = [_standard_signature(secret) for secret in secrets]

    def sign(delivery_id: bytes, at: int, body: bytes) -> Headers:
        timestamp = b"%d" % at
        content = b"%b.%b.%b" % (delivery_id, timestamp, body)
        return (
            (b"webhook-timestamp", timestamp),
            (b"webhook-signature", b" ".join([signature(content) for signature in signatures])),
        )

    return sign


def _standard_signature(secret: str) -> Callable[[bytes], bytes]:
    if secret.startswith(SECRET_KEY_PREFIX):
        key = private_key(secret)
        return lambda content: b"v1a," + b64encode(key.sign(content))
    digest = hmac_sha256(key_bytes(secret))
    return lambda content: b"v1," + b64encode(digest(content))


# --- GitHub ----------------------------------------------------------------------------------------------------------


def github_problem(secret: str) -> str | None:
    """What is wrong with a secret for GitHub's scheme: any text will do."""
    if not secret:
        return "must not be empty"
    try:
        secret.encode()
    except UnicodeEncodeError:
        return "must be valid Unicode text"
    return None


def github_signer(secrets: Sequence[str]) -> Sign:
    """Signs the body, and neither id nor time.

    GitHub's header holds one signature, and receivers compare the whole of it; it is the first secret's. Those of
    further ones stand in a header of ours, for receivers that look there while secrets are changed.
    """
    first, *others = (hmac_sha256(secret.encode()) for secret in secrets)

    def sign(_delivery_id: bytes, _at: int, body: bytes) -> Headers:
        headers = [(b"X-Hub-Signature-256", b"sha256=" + first(body).hex().encode())]
        if others:
            further = b", ".join([b"sha256=" + other(body).hex().encode() for other in others])
            headers.append((b"X-Hub-Signature-256-Also", further))
        return tuple(headers)

    return sign


# --- both ------------------------------------------------------------------------------------------------------------


def hmac_sha256(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA256 (RFC 2104, FIPS 198-1) with *key*, prepared once: half the time of a new one for each message."""
    return partial(_digest, hmac.new(key, digestmod="sha256"))


def _digest(prepared: hmac.HMAC, content: bytes) -> bytes:
    message = prepared.copy()
    message.update(content)
    return message.digest()


SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(
    {
        "standard": Scheme(problem=standard_problem, signer=standard_signer),
        "github": Scheme(problem=github_problem, signer=github_signer),
    }
)
"""By the name that the setting ``signature`` has for it. A further scheme is one more row, and its name there."""
