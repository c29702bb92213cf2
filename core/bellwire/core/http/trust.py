"""TLS contexts: the system's trust or the one that a channel asks for, and the sessions that they resume."""

from __future__ import annotations

import functools
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, final

import attrs

from bellwire.hookspecs import InvalidConfig, Problem, TLSOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

_SESSIONS: Final = 256
"""Hosts whose sessions a context keeps; the default one is shared by channels."""


@final
class ResumingContext(ssl.SSLContext):
    """A context whose connections resume the latest session with their host.

    That spares both sides the certificates, and most of a handshake's work (RFC 8446, 2.2). Neither asyncio nor anyio
    lets one name a session, but both ask the context's :meth:`wrap_bio` for the connection, and so does uvloop. Made
    from what :func:`ssl.create_default_context` returns, which makes no subclass.
    """

    sessions: dict[str, ssl.SSLSession]

    @classmethod
    def of(cls, context: ssl.SSLContext) -> ResumingContext:
        """*context* itself, as one that resumes."""
        cast("Any", context).__class__ = cls
        resuming = cast("ResumingContext", context)
        resuming.sessions = {}
        resuming.set_alpn_protocols(["http/1.1"])
        return resuming

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the standard library's signature
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """A connection's TLS, which offers the session that is kept of its host."""
        if session is None and server_hostname is not None:
            host = server_hostname if isinstance(server_hostname, str) else server_hostname.decode("ascii")  # anyio's
            session = self.sessions.get(host)
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def forget(self, host: str) -> None:
        """Lets the next connection to *host* make a session of its own."""
        self.sessions.pop(host, None)


def keep_session(secured: ssl.SSLObject) -> None:
    """Keeps the session of an open connection for the next one, where its context resumes.

    To be called once an answer came: in TLS 1.3 the receiver sends its tickets after the handshake.
    """
    context, session, host = secured.context, secured.session, secured.server_hostname
    if not isinstance(context, ResumingContext) or session is None or not isinstance(host, str):
        return
    if session.has_ticket or secured.version() != "TLSv1.3":
        context.sessions.pop(host, None)  # so that the one used last stands last
        context.sessions[host] = session
        if len(context.sessions) > _SESSIONS:
            del context.sessions[next(iter(context.sessions))]


@functools.cache
def default_context() -> ssl.SSLContext:
    """The system's trust, TLS 1.2 and later. Built at the first https URL and shared: building costs 20 ms."""
    return ResumingContext.of(ssl.create_default_context())


def context_for(options: TLSOptions) -> ssl.SSLContext:
    """A context as *options* ask for. Raises :class:`~bellwire.hookspecs.InvalidConfig` with all that is wrong."""
    problems = tls_problems(options)
    if problems:
        raise InvalidConfig(problems)
    return default_context() if options == TLSOptions() else _built(options)


def proxy_context(options: TLSOptions) -> ssl.SSLContext:
    """For an https proxy: it is trusted by the system or by *options*' ``ca_file``, and always looked at.

    What *options* say of certificates else is the receiver's matter: no proxy is shown ours.
    """
    if not options.ca_file:
        return default_context()
    context = ssl.create_default_context()
    context.load_verify_locations(options.ca_file)
    return ResumingContext.of(context)


def tls_problems(options: TLSOptions) -> list[Problem]:
    """Everything for which *options* cannot be used on this machine; reads the files."""
    if options == TLSOptions():
        return []
    found = list(_file_problems(options))
    if not found:
        try:
            _built(options)
        except InvalidConfig as error:
            found += error.problems
    return found


def _file_problems(options: TLSOptions) -> Iterator[Problem]:
    certificate, key = options.client_certificate_file, options.client_key_file
    if options.ca_file:
        yield from _without("ca_file", options.ca_file, b"CERTIFICATE-----", "certificate")
    if certificate:
        problems = list(_without("client_certificate_file", certificate, b"CERTIFICATE-----", "certificate"))
        yield from problems
        if key:
            yield from _without("client_key_file", key, b"PRIVATE KEY-----", "private key")
        elif not problems:
            for problem in _without("client_certificate_file", certificate, b"PRIVATE KEY-----", "private key"):
                yield attrs.evolve(problem, message=f"{problem.message}; name the key's file in client_key_file")
    elif key:
        yield Problem("client_key_file", "is of use only with the certificate, in client_certificate_file")
    elif options.client_key_password:
        yield Problem("client_key_password", "is of use only with a certificate, in client_certificate_file")


def _without(setting: str, path: str, mark: bytes, what: str) -> Iterator[Problem]:
    try:
        if stat.S_ISFIFO(Path(path).stat().st_mode):
            yield Problem(setting, f"the file {path!r} is a pipe; it is read more than once")
            return
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not one that a file can have"
        yield Problem(setting, f"the file {path!r} cannot be read: {reason}")
        return
    if b"-----BEGIN " not in content or mark not in content:
        yield Problem(setting, f"the file {path!r} holds no {what} in PEM form")


def _built(options: TLSOptions) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.ca_file or None)
    except ssl.SSLError as error:
        message = f"the certificates in {options.ca_file!r} cannot be read: {_reason(error)}"
        raise InvalidConfig([Problem("ca_file", message)]) from None
    if options.client_certificate_file:
        _introduce(context, options)
    if not options.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return ResumingContext.of(context)


def _introduce(context: ssl.SSLContext, options: TLSOptions) -> None:
    certificate, key = options.client_certificate_file, options.client_key_file or options.client_certificate_file
    asked = False

    def password() -> str:  # always given: without one OpenSSL would ask on the terminal
        nonlocal asked
        asked = True
        return options.client_key_password.reveal() if options.client_key_password else ""

    try:
        context.load_cert_chain(certificate, key, password)
    except (ssl.SSLError, ValueError) as error:  # ValueError: the password is too long for OpenSSL
        if asked and options.client_key_password:
            problem = Problem("client_key_password", f"does not open the private key in {key!r}")
        elif asked:
            problem = Problem("client_key_password", f"is required: the private key in {key!r} is encrypted")
        elif getattr(error, "reason", None) in {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"}:
            place = "client_key_file" if options.client_key_file else "client_certificate_file"
            problem = Problem(
                place, f"the private key in {key!r} does not belong to the certificate in {certificate!r}"
            )
        else:
            message = f"{certificate!r} with the key in {key!r} cannot be used: {_reason(error)}"
            problem = Problem("client_certificate_file", message)
        raise InvalidConfig([problem]) from None


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error).replace("_", " ").lower()
