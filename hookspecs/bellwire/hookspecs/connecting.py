"""How a channel's HTTP connections are made, where it says more than the URL: values that the engine acts upon.

The fields bear the names of the webhook's settings, and what is wrong is told by these names. A channel that has
settings of the same names is told in its own words.
"""

from __future__ import annotations

import attrs

from .redact import redact_url
from .secret import Secret
from .setting import Problem


@attrs.frozen(kw_only=True)
class TLSOptions:
    """Whom TLS connections trust, and as whom they introduce themselves. Files are PEM."""

    ca_file: str = ""
    """Certificates to trust instead of the system's; empty: the system's."""
    client_certificate_file: str = ""
    """Our own certificate and its chain, for receivers that want one (mTLS)."""
    client_key_file: str = ""
    """Its private key; empty: it is in the certificate's file."""
    client_key_password: Secret | None = None
    """The private key's, where it is encrypted."""
    verify_tls: bool = True
    """Whether the receiver's certificate is looked at. Without, anybody on the way can read and change everything."""

    def warnings(self) -> tuple[Problem, ...]:
        """What must not be forgotten: told wherever the channel is, for as long as it is so."""
        if self.verify_tls:
            return ()
        message = "is off: whoever stands between can read and change what is sent; use ca_file with the receiver's CA"
        return (Problem("verify_tls", message, "warning"),)


@attrs.frozen(kw_only=True)
class ProxyOptions:
    """By which HTTP proxy requests go out; by default by none."""

    proxy: str = attrs.field(default="", repr=lambda url: repr(redact_url(url)))
    """``http://`` or ``https://``, with user name and password if it wants them."""
    proxy_from_environment: bool = False
    """Whether ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` say so, where :attr:`proxy` does not."""
