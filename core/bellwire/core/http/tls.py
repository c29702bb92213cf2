"""Why a handshake failed, in words."""

from __future__ import annotations

import ssl
from typing import Final

_CERTIFICATE: Final = {  # OpenSSL's X509_V_ERR_*
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate's chain ends in a self-signed one that is not trusted here",
    20: "its certificate's issuer is not trusted here; a CA of your own must be installed on this machine",
    21: "its certificate's chain is incomplete; the server must send its intermediate certificates",
    23: "its certificate has been revoked",
    62: "its certificate is not valid for this host name",
    64: "its certificate is not valid for this IP address",
}

_REASONS: Final = {  # OpenSSL's reason codes, as Python names them
    "WRONG_VERSION_NUMBER": "it does not speak TLS on this port; is it http:// and not https://?",
    "HTTP_REQUEST": "it does not speak TLS on this port; is it http:// and not https://?",
    "RECORD_LAYER_FAILURE": "it does not speak TLS on this port; is it http:// and not https://?",
    "UNSUPPORTED_PROTOCOL": "it offers only TLS versions that are too old",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it accepts none of our TLS versions",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it refused the handshake: no common cipher, or it wants a client certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust our client certificate",
    "TLSV1_UNRECOGNIZED_NAME": "it serves no such host name",
    "UNEXPECTED_EOF_WHILE_READING": "it closed the connection during the handshake",
}


def handshake_problem(error: Exception) -> str:
    """Why the handshake failed, to follow ``HOST:PORT was not trusted:``, say.

    Never the certificate's expiry date: a context that refuses a certificate does not hand it out.
    """
    match error:
        case ssl.SSLCertVerificationError():
            return _CERTIFICATE.get(error.verify_code) or f"its certificate was refused: {error.verify_message}"
        case ssl.SSLError(reason=str(reason)):
            return _REASONS.get(reason) or f"the handshake failed: {reason.replace('_', ' ').lower()}"
        case ConnectionError():
            return "it closed the connection during the handshake"
    return f"the handshake failed: {error}"
