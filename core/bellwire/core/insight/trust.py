"""A receiver's certificates, for people: whose they are, who signed them, how long they last, and what to do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .times import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bellwire.core.http import Certificate, Shown
    from bellwire.hookspecs import ChannelConfig

NEAR: Final = 21
"""Days before a certificate's end from which on it is warned of: time enough to renew it, and late enough for those
that are renewed by themselves a month before."""

_SHOWN_NAMES: Final = 5


def trust_lines(shown: Shown, now: datetime) -> Iterator[str]:
    """One line for each certificate of the chain, the receiver's own first."""
    for number, certificate in enumerate(shown.chain):
        what = "certificate" if number == 0 else "its issuer"
        yield f"{what} {_subject(certificate)}, {_signed(certificate)}, {_lasts(certificate, now)}"


def trust_advice(shown: Shown, now: datetime, problem: str, config: ChannelConfig | None) -> Iterator[str]:
    """What to do about the chain; *problem* is why it was refused, in our words, and empty where it was not."""
    for number, certificate in enumerate(shown.chain):
        whose = "the receiver's certificate" if number == 0 else f"the issuer's certificate ({certificate.subject})"
        if certificate.has_expired(now):
            yield f"{whose} must be renewed there, unless this machine's clock ({now:%Y-%m-%d %H:%M} UTC) is wrong"
        elif certificate.days_left(now) <= NEAR:
            yield f"{whose} expires in {counted(certificate.days_left(now), 'day')}: have it renewed"
    if not problem or not shown.chain:
        return
    leaf = shown.chain[0]
    if "not valid for this" in problem:
        names = ", ".join(leaf.names[:_SHOWN_NAMES]) or leaf.subject
        yield f"the certificate is for {names}: have the receiver show the right one, or use such a name in the url"
    elif "self-signed" in problem or "not trusted here" in problem:
        whom = "it" if leaf.self_signed else f"its issuer, {shown.chain[-1].issuer}"
        yield f"if you trust {whom}: {_trusting(config)}"
    elif "chain is incomplete" in problem:
        yield f"have the receiver send the certificate of {leaf.issuer} beside its own"


def problem_advice(problem: str, config: ChannelConfig | None, host: str) -> Iterator[str]:
    """What to do about a handshake that failed by *problem*, in our words, where nobody has seen the certificates."""
    if "does not speak TLS" in problem:
        yield "put http:// for https:// into the url, or the port on which the receiver speaks TLS"
    elif "expired" in problem:
        yield f"the receiver's certificate must be renewed there, unless the clock of {host} is wrong"
    elif "not valid for this" in problem:
        yield "use a name in the url that the receiver's certificate is for"
    elif "self-signed" in problem or "not trusted here" in problem:
        yield f"if you trust whoever signed it: {_trusting(config)}"
    elif "client certificate" in problem:
        yield "the receiver wants to know its senders by a certificate: ask whoever runs it"
    else:
        yield f"is the certificate valid for this name, and does {host} trust who signed it?"


def _trusting(config: ChannelConfig | None) -> str:
    if hasattr(config, "ca_file"):
        return "set ca_file to a file with that certificate"
    return "install that certificate among those that this machine trusts; SSL_CERT_FILE names a file of them"


def _subject(certificate: Certificate) -> str:
    names = [name for name in certificate.names if name != certificate.subject]
    more = ", …" if len(names) > _SHOWN_NAMES else ""
    return certificate.subject + (f" (for {', '.join(names[:_SHOWN_NAMES])}{more})" if names else "")


def _signed(certificate: Certificate) -> str:
    return "signed by itself" if certificate.self_signed else f"signed by {certificate.issuer}"


def _lasts(certificate: Certificate, now: datetime) -> str:
    days, when = certificate.days_left(now), f"{certificate.not_after:%Y-%m-%d}"
    if certificate.has_expired(now):
        return f"EXPIRED {counted(-days, 'day')} ago, on {when}"
    return f"expires in {counted(days, 'day')}, on {when}"
