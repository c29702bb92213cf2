"""What can go wrong, each by its name: a conversation that the receiver holds once it has read a request."""

from __future__ import annotations

import functools
import inspect
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from .peer import head

if TYPE_CHECKING:
    from .peer import Peer

Conversation: TypeAlias = Callable[..., None]
Trust: TypeAlias = Literal["", "trusted", "expired", "self-signed", "wrong-host", "untrusted", "none"]
"""Which certificate the receiver shows: none at all over http (``""``), or over https (``none``: it speaks no TLS)."""


@attrs.frozen(kw_only=True)
class Fault:
    """One way to fail."""

    name: str
    converse: Conversation
    """Answers one request; returns with the connection to be kept, or hangs up."""
    trust: Trust = ""
    listens: bool = True

    @property
    def description(self) -> str:
        """What it does, in a sentence or a few."""
        return inspect.cleandoc(self.converse.__doc__ or "")

    @property
    def options(self) -> tuple[str, ...]:
        """The names of what may be said about it."""
        names = [*inspect.signature(self.converse).parameters][1:]
        return (*names, "days") if self.name == "https" else tuple(names)


_faults: Final[dict[str, Fault]] = {}

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(_faults)
"""Every fault by its name."""

_MEGABYTE: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_LAST_BLOCK: Final = b"\x03\0"


def _fault(name: str, *, trust: Trust = "", listens: bool = True) -> Callable[[Conversation], Conversation]:
    def register(converse: Conversation) -> Conversation:
        _faults[name] = Fault(name=name, converse=converse, trust=trust, listens=listens)
        return converse

    return register


@_fault("ok")
def _ok(peer: Peer, body: str = "ok") -> None:
    """Answers 200: no fault, for comparison."""
    peer.answer(200, body.encode())


@_fault("status")
def _status(peer: Peer, status: int = 404, body: str = "", headers: Mapping[str, str] | None = None) -> None:
    """Answers with any status, body and headers."""
    peer.answer(status, body.encode(), headers)


@_fault("429")
def _too_many(peer: Peer, retry_after: float | str = 1, body: str = "slow down") -> None:
    """Answers 429 with ``Retry-After``: seconds, or a date as a text."""
    peer.answer(429, body.encode(), {"Retry-After": str(retry_after)})


@_fault("500")
def _broken(peer: Peer, body: str = "boom") -> None:
    """Answers 500 with a body."""
    peer.answer(500, body.encode())


@_fault("login-page")
def _login_page(peer: Peer) -> None:
    """Answers 200 with a page of HTML, as a single sign-on does in the receiver's place."""
    page = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form>\xe2\x80\xa6</form></body></html>"
    peer.answer(200, page, {"Content-Type": "text/html; charset=utf-8"})


@_fault("redirect")
def _redirect(peer: Peer, status: int = 302, location: str = "") -> None:
    """Redirects into a trap: what follows gets 200, and stands in the lab's requests as ``trap``."""
    peer.answer(status, b"moved", {"Location": location or f"{peer.origin}/trap"})


@_fault("trap")
def _trap(peer: Peer) -> None:
    """Answers 200 to whoever followed ``redirect``, which nobody should."""
    peer.answer(200, b"you followed a redirect")


@_fault("reset")
def _reset(peer: Peer) -> None:
    """Reads the request, and resets the connection (RST) instead of answering."""
    peer.reset()


@_fault("early-close")
def _early_close(peer: Peer) -> None:
    """Reads the request, and closes the connection without a byte of an answer."""
    peer.hang_up()


@_fault("half")
def _half(peer: Peer, status: int = 200) -> None:
    """Half a response: announces 100 bytes, sends 50, and closes."""
    peer.send(head(status, {"Content-Length": "100"}) + b"x" * 50)
    peer.hang_up()


@_fault("drip")
def _drip(peer: Peer, interval: float = 0.05) -> None:
    """Answers 200 and then one byte each *interval* seconds, of a body that would take days."""
    peer.send(head(200, {"Content-Length": str(_MEGABYTE)}))
    while peer.pause(interval):
        peer.send(b".")
    peer.hang_up()


@_fault("hang")
def _hang(peer: Peer) -> None:
    """Reads the request, and says nothing for as long as the sender waits."""
    peer.wait_until_closed()
    peer.hang_up()


@_fault("huge")
def _huge(peer: Peer, megabytes: int = 256) -> None:
    """Answers 200 with a body of so many megabytes, made while it is sent."""
    peer.send(head(200, {"Content-Length": str(megabytes * _MEGABYTE)}))
    block = b"x" * 65536
    for _ in range(megabytes * _MEGABYTE // len(block)):
        peer.send(block)


@_fault("gzip-bomb")
def _gzip_bomb(peer: Peer, megabytes: int = 64) -> None:
    """Answers 200 with a small body that becomes so many megabytes when it is inflated."""
    peer.answer(200, _bomb(megabytes), {"Content-Encoding": "gzip"})


@functools.lru_cache(maxsize=4)
def _bomb(megabytes: int) -> bytes:
    # one megabyte is deflated, and then written so many times (RFC 1951; the frame around it is RFC 1952)
    packer = zlib.compressobj(wbits=-15)
    block = bytes(_MEGABYTE)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(megabytes):
        checksum = zlib.crc32(block, checksum)
    size = megabytes * _MEGABYTE % (1 << 32)
    return _GZIP + packed * megabytes + _LAST_BLOCK + checksum.to_bytes(4, "little") + size.to_bytes(4, "little")


@_fault("garbage")
def _garbage(peer: Peer, data: bytes = b"SSH-2.0-OpenSSH_9.6\r\n\x00\xff\x00\xff") -> None:
    """Answers with bytes that are no HTTP, and closes."""
    peer.send(data)
    peer.hang_up()


@_fault("refused", listens=False)
def _refused(peer: Peer) -> None:
    """Nothing listens there: the port is held, so that nobody else does."""


@_fault("https", trust="trusted")
def _https(peer: Peer, body: str = "ok") -> None:
    """Answers 200 over TLS, with a certificate that the lab's authority has signed; it expires in *days*."""
    peer.answer(200, body.encode())


@_fault("expired", trust="expired")
def _expired(peer: Peer) -> None:
    """Shows a certificate that expired twelve days ago; signed by the lab's authority."""
    peer.answer(200, b"ok")


@_fault("self-signed", trust="self-signed")
def _self_signed(peer: Peer) -> None:
    """Shows a certificate that nobody but itself has signed."""
    peer.answer(200, b"ok")


@_fault("wrong-host", trust="wrong-host")
def _wrong_host(peer: Peer) -> None:
    """Shows a certificate for another host, ``other.example``; signed by the lab's authority."""
    peer.answer(200, b"ok")


@_fault("untrusted", trust="untrusted")
def _untrusted(peer: Peer) -> None:
    """Shows a certificate of an authority that nobody trusts, the lab's own included."""
    peer.answer(200, b"ok")


@_fault("no-tls", trust="none")
def _no_tls(peer: Peer) -> None:
    """An https URL that leads to a port which speaks plain HTTP, and answers 400 to the handshake."""
    peer.answer(400)


def checked_options(fault: Fault, options: Mapping[str, Any]) -> None:
    """Raises ``TypeError`` for what *fault* has no option for."""
    for name in options:
        if name not in fault.options:
            known = ", ".join(fault.options) or "none"
            msg = f"the fault {fault.name!r} has no option {name!r}; it has: {known}"
            raise TypeError(msg)
