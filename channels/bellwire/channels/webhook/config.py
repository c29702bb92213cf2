"""What may be set on a webhook channel."""

from __future__ import annotations

import re
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from bellwire.hookspecs import (
    ChannelConfig,
    ChannelContext,
    Outcome,
    Problem,
    ProxyOptions,
    Secret,
    TLSOptions,
    channel_config,
    setting,
)

from .headers import authorization_problems, header_problems
from .robots import robot_at
from .signatures import NEEDS_EXTRA, SCHEMES, SECRET_KEY_PREFIX, public_key
from .template import LONGEST, template_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .channel import WebhookChannel

# a name that every HTTP client takes: letters, digits and hyphens, but no punycode, which may not decode
_plain_name: Final = re.compile(r"(?!.*xn--)(?=.*[a-z])[a-z0-9-]+(\.[a-z0-9-]+)*\.?", re.ASCII).fullmatch


@channel_config
class WebhookConfig(ChannelConfig):
    """Sends each event as a JSON document in an HTTP POST."""

    url: str = setting(
        default="",
        title="URL",
        help="The address that events are sent to, over http or https.",
        format="http-url",
        examples=("http://192.168.21.34:8000",),
        required_when_enabled=True,
    )
    token: Secret | None = setting(
        default=None,
        title="Token",
        help="Sent as `Authorization: Bearer <token>` (RFC 6750); without one there is no such header.",
        format="line",
    )
    signature: Literal["none", "standard", "github"] = setting(
        default="none",
        title="Signature",
        help="none; standard: Standard Webhooks, which signs id, time and body; github: X-Hub-Signature-256, which "
        "signs the body alone.",
    )
    signing_secret: tuple[Secret, ...] = setting(
        default=(),
        single=True,
        max_length=8,
        title="Signing secret",
        help="Of standard: whsec_ and 24 to 64 bytes in base64, or whsk_ and an Ed25519 key in base64. Of github: any "
        "text. A list while secrets are changed: all of them sign.",
    )
    username: str = setting(
        default="",
        max_length=255,
        format="line",
        title="User name",
        help="Sent with the password as Basic authorization (RFC 7617), in UTF-8; not beside a token.",
    )
    password: Secret | None = setting(
        default=None, max_length=4096, format="line", title="Password", help="Of the user name."
    )
    headers: dict[str, Secret] = setting(
        factory=dict,
        max_length=50,
        title="Headers",
        help="Further headers, by name; their values are kept secret, all of them. Not those that the connection, the "
        "signature or another setting makes.",
    )
    user_agent: str = setting(
        default="",
        pattern=r"[!-~]([ -~]{0,198}[!-~])?",
        title="User agent",
        help="Sent as `User-Agent`; empty: bellwire/ and its version.",
        examples=("ops-notifier/1.0 (+mailto:ops@example.org)",),
    )
    payload_template: str = setting(
        default="",
        max_length=LONGEST,
        title="Payload",
        help="A JSON document that is sent in place of the event's own; in its strings, {{path}} stands for a value of "
        "the event, such as {{payload.workflow.workflow_subject}}.",
        examples=('{"text": "{{payload.workflow.workflow_subject}}: {{action}}"}',),
    )
    accept_status: Literal["200", "2xx"] = setting(
        default="200",
        title="Success is",
        help="200: the answer 200 and no other; 2xx: any answer from 200 to 299.",
    )
    connect_timeout_seconds: float = setting(
        default=5.0,
        ge=0.1,
        le=60,
        title="Connect time-out",
        help="Seconds until the connection must stand; the time-out holds for the send as a whole.",
    )
    ca_file: str = setting(
        default="",
        format="file",
        title="CA file",
        help="Certificates, in PEM form, that the receiver's must come from; without them, the system's are trusted.",
        examples=("/etc/ssl/corporate-ca.pem",),
    )
    client_certificate_file: str = setting(
        default="",
        format="file",
        title="Client certificate",
        help="Our own certificate with its chain, in PEM form, for receivers that want one (mTLS).",
        examples=("/etc/bellwire/client.pem",),
    )
    client_key_file: str = setting(
        default="",
        format="file",
        title="Client key",
        help="The client certificate's private key, in PEM form; without it, it must be in the certificate's file.",
        examples=("/etc/bellwire/client.key",),
    )
    client_key_password: Secret | None = setting(
        default=None, title="Client key password", help="Opens the client key, where that is encrypted."
    )
    verify_tls: bool = setting(
        default=True,
        title="Verify TLS",
        help="Whether the receiver's certificate is looked at. Without, anybody in between can read and change events.",
    )
    proxy: str = setting(
        default="",
        format="http-url",
        title="Proxy",
        help="The HTTP proxy that events go through, by http or https, with user name and password if it wants them.",
        examples=("http://proxy.corp.example:3128",),
    )
    proxy_from_environment: bool = setting(
        default=False,
        title="Proxy from the environment",
        help="Whether HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say which proxy events go through.",
    )
    test_payload: Literal["message", "workflow"] = setting(
        default="message",
        title="Test sends",
        help="message: a test message, marked as such; workflow: the sample event, for receivers that know workflow "
        "events only. They cannot tell it from a real one.",
    )

    def check(self) -> Iterator[Problem]:
        """What URL, token and signing secrets say about themselves that no single rule does."""
        if self.url:
            if problem := _url_problem(self.url):
                yield Problem("url", problem)
            else:
                yield from self._url_warnings()
        yield from self._signature_problems()
        yield from authorization_problems(self)
        yield from header_problems(self)
        if self.payload_template:
            yield from template_problems(self.payload_template)
        if self.proxy and self.proxy_from_environment:
            yield Problem("proxy_from_environment", "is not looked at, because proxy is set", "warning")
        if self.token and (plain := self.token.reveal()) != plain.strip():
            yield Problem(
                "token", "begins or ends with blanks, which receivers cut off: was it pasted that way?", "warning"
            )

    def _url_warnings(self) -> Iterator[Problem]:
        parts = urlsplit(self.url)
        if not self.payload_template and (robot := robot_at(parts.hostname)):
            yield Problem(
                "url",
                f"belongs to {robot}, whose robots read their own format only and will refuse this payload; write "
                "theirs as payload_template (docs/guide/webhook.md, 'Chat robots')",
                "warning",
            )

    def _signature_problems(self) -> Iterator[Problem]:
        scheme = SCHEMES.get(self.signature)
        secrets = [secret.reveal() for secret in self.signing_secret]
        if scheme is None:
            if secrets:
                yield Problem("signing_secret", 'signs nothing while signature is "none"', "warning")
            return
        if not secrets and self.enable:
            yield Problem("signing_secret", f'is required while signature is "{self.signature}"')
        for number, secret in enumerate(secrets):
            path = f"signing_secret[{number}]" if len(secrets) > 1 else "signing_secret"
            if problem := scheme.problem(secret):
                yield Problem(path, problem)
            elif secret != secret.strip():
                yield Problem(path, "begins or ends with blanks: was it pasted that way?", "warning")
        if self.signature == "standard" and any(map(_is_secret_key, secrets)) and not find_spec("cryptography"):
            yield Problem("signing_secret", NEEDS_EXTRA, "warning")

    def tls_options(self) -> TLSOptions:
        """How its TLS connections are made."""
        return TLSOptions(
            ca_file=self.ca_file,
            client_certificate_file=self.client_certificate_file,
            client_key_file=self.client_key_file,
            client_key_password=self.client_key_password,
            verify_tls=self.verify_tls,
        )

    def proxy_options(self) -> ProxyOptions:
        """By which proxy its events go out."""
        return ProxyOptions(proxy=self.proxy, proxy_from_environment=self.proxy_from_environment)

    def for_receivers(self) -> Mapping[str, str]:
        """The public keys of Ed25519 signatures."""
        if self.signature != "standard":
            return {}
        try:
            keys = [key for secret in self.signing_secret if (key := public_key(secret.reveal()))]
        except ImportError as error:
            return {"public key": str(error)}
        return {f"public key{f' {number}' if len(keys) > 1 else ''}": key for number, key in enumerate(keys, start=1)}

    def advise(self, outcome: Outcome, *, is_test: bool) -> Iterator[str]:
        """What the receiver's answer asks for; where none came, Bellwire's own advice will do."""
        from .meaning import advice_of

        yield from advice_of(outcome, self, is_test=is_test)

    async def open(self, context: ChannelContext) -> WebhookChannel:
        """A channel on the context's guarded transport."""
        from .channel import WebhookChannel

        return WebhookChannel(self, context)


def _url_problem(url: str) -> str | None:
    """What only the HTTP client finds wrong with a URL. It loads slowly, so it is asked about unusual URLs alone."""
    host = urlsplit(url).hostname or ""
    if len(url) <= 2048 and url.isascii() and (_plain_name(host) or _is_ip_address(host)):
        return None
    from .request import url_problem

    return url_problem(url)


def _is_secret_key(secret: str) -> bool:
    return secret.startswith(SECRET_KEY_PREFIX)


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
