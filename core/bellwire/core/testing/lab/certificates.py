"""The lab's certificates, made by trustme while they are needed."""

from __future__ import annotations

import datetime as dt
import functools
import ssl
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

    from .faults import Trust

_HOSTS: Final = ("localhost", "127.0.0.1")
EXPIRED_DAYS: Final = 12
"""How many days ago the certificate of ``expired`` did."""


class NeedsTrustme(ImportError):
    """The package trustme is not installed, and a certificate is asked for."""

    def __init__(self) -> None:
        super().__init__("the lab makes its certificates with trustme, which is not installed: pip install trustme")


@final
class Certificates:
    """The lab's own authority, with an intermediate one below it, and what they sign."""

    @functools.cached_property
    def authority(self) -> trustme.CA:
        """The root. Raises :class:`NeedsTrustme`."""
        authority: trustme.CA = _trustme().CA(organization_name="The failure lab")
        return authority

    @functools.cached_property
    def _issuer(self) -> trustme.CA:
        return self.authority.create_child_ca()

    def write_authority(self, path: Path) -> None:
        """Writes the root's certificate, as PEM."""
        self.authority.cert_pem.write_to_path(path)

    def context(self, trust: Trust, days: float, folder: Path) -> ssl.SSLContext:
        """What a receiver of this *trust* shows, good for *days* from now where time matters."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        now = dt.datetime.now(dt.UTC)
        begin, end = now - dt.timedelta(days=60), now + dt.timedelta(days=days)
        match trust:
            case "self-signed":
                path = folder / "self-signed.pem"
                path.write_bytes(_self_signed(begin, end))
                context.load_cert_chain(path)
                return context
            case "untrusted":
                leaf = _trustme().CA(organization_name="Nobody you know").issue_cert(*_HOSTS, common_name="localhost")
            case "wrong-host":
                leaf = self._issuer.issue_cert("other.example", not_before=begin, not_after=end)
            case "expired":
                # an hour less, so that it is twelve whole days, however it is counted
                end = now - dt.timedelta(days=EXPIRED_DAYS, hours=1)
                leaf = self._issuer.issue_cert(*_HOSTS, common_name="localhost", not_before=begin, not_after=end)
            case _:
                leaf = self._issuer.issue_cert(*_HOSTS, common_name="localhost", not_before=begin, not_after=end)
        leaf.configure_cert(context)
        return context


def _trustme() -> Any:  # noqa: ANN401 - the module itself, which need not be there
    try:
        import trustme
    except ImportError as error:
        raise NeedsTrustme from error
    return trustme


def _self_signed(begin: dt.datetime, end: dt.datetime) -> bytes:
    """Key and certificate as PEM; trustme signs by its authorities alone, and brings cryptography."""
    _trustme()
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
