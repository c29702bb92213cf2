"""What the signature of a request is worth: the receivers' own verifier, and its verdict in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import attrs

from bellwire.channels.webhook.verify import (
    ClockOff,
    MalformedHeader,
    MissingHeader,
    VerificationError,
    WrongSignature,
    verify,
    verify_github,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SchemeName = Literal["standard", "github"]

_HEADERS: Final = ("webhook-signature", "x-hub-signature-256")
_WORDS: Final[Mapping[type[VerificationError], str]] = {
    MissingHeader: "missing_header",
    MalformedHeader: "malformed_header",
    WrongSignature: "wrong_signature",
    ClockOff: "clock_off",
}


@attrs.frozen
class Signature:
    """What one request's signature is worth."""

    verdict: str
    """One word, for programs: ``verified``, ``missing_header``, ``malformed_header``, ``wrong_signature``,
    ``clock_off``."""
    sentence: str
    """The same for people."""

    @property
    def right(self) -> bool:
        """Whether the request may be trusted."""
        return self.verdict == "verified"


@attrs.frozen(kw_only=True)
class SignatureCheck:
    """Checks signatures of one scheme by some secrets.

    Raises ``ValueError`` for what is no secret of the scheme, without showing it, and ``ImportError`` where a public
    key needs a package that is not installed.
    """

    scheme: SchemeName = "standard"
    secrets: tuple[str, ...] = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        self.of({}, b"")  # the headers are missed last, after all secrets were looked at

    def of(self, headers: Mapping[str, str], body: bytes) -> Signature:
        """The verdict on a request that came just now."""
        try:
            number = self._number(headers, body)
        except VerificationError as error:
            return Signature(_WORDS[type(error)], str(error))
        of = f", by secret {number + 1} of {len(self.secrets)}" if len(self.secrets) > 1 else ""
        return Signature("verified", f"the signature is right{of}")

    def _number(self, headers: Mapping[str, str], body: bytes) -> int:
        match self.scheme:
            case "standard":
                return verify(body, headers, self.secrets).secret
            case "github":
                return verify_github(body, headers, self.secrets)


def signature_headers(headers: Mapping[str, str]) -> str:
    """The names of those of *headers*, by lower-case name, that hold signatures, in words.

    >>> signature_headers({"webhook-id": "1", "webhook-signature": "v1,YQ=="})
    'webhook-signature'
    """
    return " and ".join(name for name in _HEADERS if name in headers)
