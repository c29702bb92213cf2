"""From an event to the HTTP request: pure, and the only place of the channel that knows httpx.

What never changes between two deliveries is made once; a request then costs about 1 µs, and what its signature costs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

import httpx

from .headers import authorization_value, own_fields
from .signatures import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from .config import WebhookConfig
    from .signatures import Sign


@cache
def user_agent() -> str:
    """``bellwire/<version>``; where the distribution is not installed, the version is 0."""
    try:
        return f"bellwire/{version('bellwire')}"
    except PackageNotFoundError:
        return "bellwire/0"


class RequestBuilder:
    """Builds the requests of one channel. *now* is asked when one is built, for the time that a signature bears.

    Raises ``ValueError`` for a URL that the HTTP client cannot work with and for a signature without a secret, and
    ``ImportError`` for a secret that needs a library which is not installed.
    """

    def __init__(self, config: WebhookConfig, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        if problem := url_problem(config.url):
            msg = f"url: {problem}"
            raise ValueError(msg)
        # what the URL holds of credentials goes into a header, and no further: transports put URLs into their errors
        self._url: Final = httpx.URL(config.url).copy_with(userinfo=b"", fragment=None)
        # The manual page's order. The token is encoded here: httpx refuses to guess for what is not ASCII.
        head = [(b"Host", self._url.netloc), (b"Accept-Encoding", b"identity")]
        if authorization := authorization_value(config):
            head.append((b"Authorization", authorization))
        self._head: Final = tuple(head)
        wire = {"Content-Type": "application/json", "User-Agent": config.user_agent or user_agent()}
        self._tail: Final = own_fields(config, wire)
        self._sign: Final = signer_of(config)
        self._now: Final = now
        # The guarded transport has its own limits; these are for httpx's, and whatever else stands behind the seam.
        whole = config.timeout_seconds
        connect = min(config.connect_timeout_seconds, whole)
        self._extensions: Final = {"timeout": {"connect": connect, "read": whole, "write": whole, "pool": whole}}

    def build(self, body: str, delivery_id: str) -> httpx.Request:
        """The POST that carries *body*, the event's exact JSON text, as UTF-8."""
        content = body.encode()
        encoded_id = delivery_id.encode()
        fields = [
            *self._head,
            (b"Content-Length", b"%d" % len(content)),
            *self._tail,
            (b"webhook-id", encoded_id),
        ]
        if self._sign is not None:
            fields += self._sign(encoded_id, int(self._now().timestamp()), content)
        return _Post(self._url, fields, content, self._extensions)


class _Post(httpx.Request):
    """A POST that costs 1 µs: httpx's own constructor copies the URL and reads each header twice, for 4 µs.

    To whoever takes it, httpx's own transports included, it is a request like any other. The guarded transport takes
    ``raw_headers`` as they are; for others :attr:`headers` are made of them, and from then on these count.
    """

    def __init__(
        self, url: httpx.URL, fields: list[tuple[bytes, bytes]], content: bytes, extensions: dict[str, Any]
    ) -> None:
        self.method = "POST"
        self.url = url
        self.raw_headers: list[tuple[bytes, bytes]] | None = fields
        self.stream = httpx.ByteStream(content)
        self.extensions = dict(extensions)

    @property
    def headers(self) -> httpx.Headers:
        """The headers, to look at and to change."""
        if self.raw_headers is not None:
            self.headers = httpx.Headers(self.raw_headers)
        return self._headers

    @headers.setter
    def headers(self, headers: httpx.Headers) -> None:
        self._headers, self.raw_headers = headers, None


def at_hand(response: httpx.Response) -> bytes | None:
    """The body of *response* where it is in memory already, as the guarded transport leaves it."""
    stream = response.stream
    return b"".join(stream) if isinstance(stream, httpx.ByteStream) else None


def signer_of(config: WebhookConfig) -> Sign | None:
    """What signs the requests, prepared; ``None`` where nothing does.

    Raises ``ValueError`` where a secret is missing: a disabled channel may be without, and can be tested.
    """
    scheme = SCHEMES.get(config.signature)
    if scheme is None:
        return None
    if not config.signing_secret:
        msg = f'signing_secret: is required while signature is "{config.signature}"'
        raise ValueError(msg)
    return scheme.signer([secret.reveal() for secret in config.signing_secret])


def url_problem(url: str) -> str | None:
    """What keeps the HTTP client from using *url*, or ``None``."""
    try:
        parsed = httpx.URL(url)
        named = bool(parsed.host)  # decodes punycode, which may fail
    except (httpx.InvalidURL, ValueError) as error:
        return f"is not a valid URL: {error}"
    if not named or parsed.scheme not in {"http", "https"}:
        return "must start with http:// or https:// and name a host"
    return None
