"""Through a real proxy to real receivers: what arrives, and whose fault it is where nothing does."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import httpx
import pytest
import trustme

from bellwire.core.http import (
    AnswerInvalid,
    AnswerTimedOut,
    EgressPolicy,
    EgressRefused,
    Limits,
    ProxyFailed,
    ProxyTransport,
    RequestRefused,
    TLSFailed,
    TransportClosed,
    TransportFailure,
    WaitTimedOut,
)
from bellwire.core.http.trust import context_for
from bellwire.hookspecs import TLSOptions

from .proxies import ForwardProxy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator  # noqa: TC004 - attrs keeps the name alone
    from pathlib import Path

    from .conftest import Answering, Peer, Serve

_T = TypeVar("_T")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_GUARD_SECONDS = 20.0


@pytest.fixture
def start_proxy() -> Iterator[Callable[..., ForwardProxy]]:
    started: list[ForwardProxy] = []

    def start(**how: Any) -> ForwardProxy:
        started.append(ForwardProxy(**how))
        return started[-1]

    yield start
    for proxy in started:
        proxy.close()


@pytest.fixture
def proxy(start_proxy: Callable[..., ForwardProxy]) -> ForwardProxy:
    return start_proxy()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return context_for(TLSOptions(ca_file=str(path)))


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@attrs.frozen
class Through:
    """Runs coroutines with a transport, on one of the event loops; it must leave no task and no timer behind."""

    loop_factory: Callable[[], asyncio.AbstractEventLoop]

    def __call__(self, url: str, use: Callable[[ProxyTransport], Awaitable[_T]], **options: Any) -> _T:
        async def main() -> _T:
            transport = ProxyTransport(url, **{"policy": EgressPolicy(), **options})
            try:
                async with asyncio.timeout(_GUARD_SECONDS):
                    return await use(transport)
            finally:
                await transport.aclose()
                assert asyncio.all_tasks() == {asyncio.current_task()}
                timers = getattr(asyncio.get_running_loop(), "_scheduled", ())
                assert all(timer.cancelled() for timer in timers)

        with asyncio.Runner(loop_factory=self.loop_factory) as runner:
            return runner.run(main())

    def send(self, url: str, target: str, **options: Any) -> httpx.Response:
        async def use(transport: ProxyTransport) -> httpx.Response:
            response = await transport.handle_async_request(httpx.Request("POST", target, content=b"{}"))
            await response.aread()
            return response

        return self(url, use, **options)

    def fail(self, url: str, target: str, **options: Any) -> TransportFailure:
        with pytest.raises(TransportFailure) as caught:
            self.send(url, target, **options)
        return caught.value


def _uvloop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


@pytest.fixture(params=["asyncio", "uvloop"])
def through(request: pytest.FixtureRequest) -> Through:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
        return Through(_uvloop)
    return Through(asyncio.new_event_loop)


def steps(response: httpx.Response) -> list[str]:
    return [f"{stage.name} {stage.detail}".strip() for stage in response.extensions["bellwire_stages"]]


async def to_this_machine(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_an_http_receiver_is_asked_of_the_proxy_by_its_whole_url(
    through: Through, proxy: ForwardProxy, serve: Serve, answering_once: Answering
) -> None:
    heads: list[bytes] = []

    def script(peer: Peer) -> None:
        request = peer.read_request()
        assert request is not None
        heads.append(request[0])
        assert request[1] == b"{}"
        peer.send(OK)

    receiver = serve(script)
    response = through.send(proxy.url, receiver.url)
    assert (response.status_code, response.content) == (200, b"ok")
    assert proxy.asked == [f"POST {receiver.url} HTTP/1.1"]
    assert heads[0].startswith(b"POST /hook HTTP/1.1\r\n")
    assert steps(response) == [f"proxy 127.0.0.1:{proxy.port}", "send", "response"]


def test_an_https_receiver_is_reached_by_a_tunnel_that_serves_again(
    through: Through,
    *,
    proxy: ForwardProxy,
    serve: Serve,
    answering: Answering,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
) -> None:
    receiver = serve(answering(OK), tls=server_context(authority.issue_cert("receiver.test")))
    proxy.names["receiver.test"] = "127.0.0.1"

    async def use(transport: ProxyTransport) -> list[list[str]]:
        url = f"https://receiver.test:{receiver.port}/secret-path"
        responses = [await transport.handle_async_request(httpx.Request("POST", url)) for _ in range(3)]
        return [steps(response) for response in responses]

    first, *others = through(proxy.url, use, ssl_context=trusting)
    endpoint = f"127.0.0.1:{proxy.port}"
    assert first[0] == f"proxy {endpoint}"
    assert first[1].startswith("tls TLSv1.3")
    assert first[2:] == ["send", "response"]
    assert others == [[f"send on the open connection by the proxy {endpoint}", "response"]] * 2
    assert (proxy.connections, receiver.connections) == (1, 1)
    assert proxy.asked == [f"CONNECT receiver.test:{receiver.port} HTTP/1.1"]
    assert b"secret-path" not in b"".join(proxy.heads)


def test_a_session_of_tls_is_resumed_within_a_tunnel(
    through: Through,
    *,
    proxy: ForwardProxy,
    serve: Serve,
    answering_once: Answering,
    authority: trustme.CA,
    tmp_path: Path,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    receiver = serve(answering_once(OK), tls=server_context(authority.issue_cert("127.0.0.1")))

    async def use(transport: ProxyTransport) -> list[str]:
        responses = [await transport.handle_async_request(httpx.Request("POST", receiver.url)) for _ in range(2)]
        return [step for response in responses for step in steps(response) if step.startswith("tls")]

    context = context_for(TLSOptions(ca_file=str(tmp_path / "ca.pem")))
    assert through(proxy.url, use, ssl_context=context) == ["tls TLSv1.3", "tls TLSv1.3, resumed"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_is_told_user_name_and_password_and_the_receiver_is_not(
    through: Through,
    *,
    start_proxy: Callable[..., ForwardProxy],
    serve: Serve,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    scheme: str,
) -> None:
    heads: list[bytes] = []

    def script(peer: Peer) -> None:
        request = peer.read_request()
        assert request is not None
        heads.append(request[0])
        peer.send(OK)

    proxy = start_proxy(user="bell:p@ss:wörd")
    tls = server_context(authority.issue_cert("127.0.0.1")) if scheme == "https" else None
    receiver = serve(script, tls=tls)
    url = proxy.url.replace("//", "//bell:p%40ss%3Aw%C3%B6rd@")
    assert through.send(url, receiver.url, ssl_context=trusting).status_code == 200
    assert b"authorization" not in heads[0].lower()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("told", [False, True])
def test_a_proxy_that_refuses_us_is_the_proxys_failure(
    through: Through, start_proxy: Callable[..., ForwardProxy], scheme: str, *, told: bool
) -> None:
    proxy = start_proxy(user="bell:right")
    url = proxy.url.replace("//", "//bell:hush-hush@") if told else proxy.url
    failure = through.fail(url, f"{scheme}://receiver.test/x?key=hidden")
    assert isinstance(failure, ProxyFailed)
    assert isinstance(failure, httpx.ProxyError)
    assert (failure.failed.stage, failure.failed.retryable) == ("proxy", True)
    what = "does not accept the user name and password" if told else "wants a user name and a password"
    assert str(failure) == f"the proxy 127.0.0.1:{proxy.port} {what} (status 407)"
    assert "hush" not in repr(failure) + repr(failure.failed)


def test_a_proxy_that_cannot_reach_the_receiver_refuses_the_tunnel(
    through: Through, start_proxy: Callable[..., ForwardProxy]
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{held.getsockname()[1]}"
        proxy = start_proxy()
        failure = through.fail(proxy.url, f"https://{target}/")
        assert str(failure) == f"the proxy 127.0.0.1:{proxy.port} refused a tunnel to {target} (status 502)"
        assert failure.failed.stage == "proxy"
        assert [stage.name for stage in failure.failed.stages] == ["proxy"]
        # asked by its whole URL, the proxy answers in the receiver's place, and nobody can tell the two apart
        assert through.send(proxy.url, f"http://{target}/").status_code == 502


def test_a_proxy_that_is_not_there(through: Through) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{held.getsockname()[1]}"
        failure = through.fail(f"http://{endpoint}", "http://receiver.test/")
    assert failure.failed.stage == "proxy"
    assert str(failure) == f"the proxy {endpoint} cannot be reached: {endpoint} refused the connection"
    assert failure.address == endpoint
    assert failure.errno is not None


def test_each_address_of_a_proxy_is_tried(
    through: Through, proxy: ForwardProxy, serve: Serve, answering_once: Answering
) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    receiver = serve(answering_once(OK))
    response = through.send(f"http://proxy.test:{proxy.port}", receiver.url, resolver=resolve)
    assert steps(response)[:2] == ["dns 127.0.0.9, 127.0.0.1", f"proxy 127.0.0.1:{proxy.port}"]


def test_a_proxys_name_that_does_not_resolve(through: Through) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    failure = through.fail("http://proxy.test:3128", "http://receiver.test/", resolver=resolve)
    assert isinstance(failure, ProxyFailed)
    assert "the proxy proxy.test:3128 cannot be reached: the host name proxy.test could not be resolved" in str(failure)
    assert failure.errno == socket.EAI_NONAME


def test_a_proxy_that_hangs_fails_at_the_connect_timeout(through: Through, full_port: int, serve: Serve) -> None:
    failure = through.fail(f"http://127.0.0.1:{full_port}", "http://receiver.test/", connect_timeout=0.2)
    assert str(failure) == f"the proxy 127.0.0.1:{full_port} could not be reached within 0.2 s"
    assert failure.failed.stage == "proxy"
    silent = serve(lambda peer: peer.wait_for_close())
    failure = through.fail(f"http://{silent.authority}", "https://receiver.test/", connect_timeout=0.2)
    assert str(failure) == f"the proxy {silent.authority} did not open a tunnel to receiver.test:443 within 0.2 s"


@pytest.mark.parametrize("words", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 999999 what\r\n\r\n", b""])
def test_a_proxy_that_is_none(through: Through, start_proxy: Callable[..., ForwardProxy], words: bytes) -> None:
    proxy = start_proxy(connect_answer=words or b" ")
    failure = through.fail(proxy.url, "https://receiver.test/")
    assert failure.failed.stage == "proxy"
    assert str(failure).startswith(f"the proxy 127.0.0.1:{proxy.port} ")


def test_a_receiver_that_is_not_trusted_is_the_receivers_failure_and_costs_no_connection(
    through: Through, proxy: ForwardProxy, serve: Serve, answering_once: Answering, trusting: ssl.SSLContext
) -> None:
    receiver = serve(answering_once(OK), tls=server_context(trustme.CA().issue_cert("127.0.0.1")))

    async def use(transport: ProxyTransport) -> list[TransportFailure]:
        failures: list[TransportFailure] = []
        for _ in range(5):
            with pytest.raises(TLSFailed) as caught:
                await transport.handle_async_request(httpx.Request("POST", receiver.url))
            failures.append(caught.value)
        return failures

    failures = through(proxy.url, use, ssl_context=trusting, limits=Limits(connections_per_origin=1))
    for failure in failures:
        assert failure.failed.stage == "tls"
        assert "its certificate's issuer is not trusted here" in str(failure)
        assert f"{receiver.authority} through the proxy 127.0.0.1:{proxy.port}" in str(failure)
        assert isinstance(failure.__cause__, ssl.SSLCertVerificationError)


def test_a_proxy_by_https_is_looked_at_by_its_name(
    through: Through,
    *,
    start_proxy: Callable[..., ForwardProxy],
    serve: Serve,
    answering_once: Answering,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
) -> None:
    proxy = start_proxy(tls=server_context(authority.issue_cert("proxy.test")))
    options: dict[str, Any] = {"resolver": to_this_machine, "ssl_context": trusting, "proxy_ssl_context": trusting}
    plain = serve(answering_once(OK))
    secure = serve(answering_once(OK), tls=server_context(authority.issue_cert("127.0.0.1")))
    for receiver in (plain, secure):
        url = f"https://proxy.test:{proxy.port}"
        assert through.send(url, receiver.url, **options).status_code == 200
    failure = through.fail(f"https://other.test:{proxy.port}", plain.url, **options)
    assert failure.failed.stage == "proxy"
    expected = f"the proxy other.test:{proxy.port} is not trusted: its certificate is not valid for this host name"
    assert str(failure) == expected


def test_the_proxys_own_address_is_judged_after_its_name_was_resolved(through: Through, proxy: ForwardProxy) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1", "169.254.169.254"]

    failure = through.fail(f"http://proxy.test:{proxy.port}", "http://receiver.test/", resolver=resolve)
    assert isinstance(failure, EgressRefused)
    assert (failure.failed.stage, failure.failed.retryable) == ("policy", False)
    assert f"the proxy proxy.test:{proxy.port} may not be used" in str(failure)
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("policy", "target", "why"),
    [
        (EgressPolicy(), "http://169.254.169.254/", "the address of cloud metadata"),
        (EgressPolicy(), "https://0xa9fea9fe/", "the address of cloud metadata"),
        (EgressPolicy(deny=["*.evil.test"]), "https://a.evil.test/", "denied by '*.evil.test'"),
        (EgressPolicy(deny=["10.0.0.0/8"]), "http://10.1.2.3/", "denied by '10.0.0.0/8'"),
        (EgressPolicy("public"), "https://receiver.test/", 'egress "public" allows a proxy only where egress_allow'),
        (EgressPolicy(allow=["127.0.0.0/8", "good.test"]), "https://receiver.test/", "not named in egress_allow"),
    ],
)
def test_what_the_policy_refuses_is_asked_of_no_proxy(
    through: Through, proxy: ForwardProxy, policy: EgressPolicy, target: str, why: str
) -> None:
    failure = through.fail(proxy.url, target, policy=policy)
    assert failure.failed.stage == "policy"
    assert why in str(failure)
    assert proxy.connections == 0


def test_an_address_that_a_proxy_may_read_otherwise_is_not_told_to_it(through: Through, proxy: ForwardProxy) -> None:
    odd = through.fail(proxy.url, "http://0x7f.1:8000/")
    assert isinstance(odd, EgressRefused)
    assert "must be written as 127.0.0.1" in str(odd)
    assert isinstance(through.fail(proxy.url, "https://[::1]/"), RequestRefused)
    assert not proxy.asked


def test_a_redirect_is_not_followed_and_a_body_is_cut(
    through: Through, proxy: ForwardProxy, serve: Serve, answering_once: Answering
) -> None:
    receiver = serve(answering_once(b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\n\r\n" + b"x" * 200_000))
    response = through.send(proxy.url, receiver.url, limits=Limits(body_bytes=1000))
    assert (response.status_code, response.content, response.extensions["truncated"]) == (302, b"x" * 1000, True)
    assert len(proxy.asked) == 1


def test_a_small_gzip_does_not_become_a_large_body(
    through: Through, proxy: ForwardProxy, serve: Serve, answering_once: Answering
) -> None:
    import gzip

    packed = gzip.compress(b"0" * 10_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    receiver = serve(answering_once(head + packed))
    response = through.send(proxy.url, receiver.url)
    assert (len(response.content), response.extensions["truncated"]) == (65536, True)


def test_a_receiver_that_drips_is_cut_off_by_the_total_timeout(
    through: Through, proxy: ForwardProxy, serve: Serve
) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            peer.send(b"x", b"x")

    receiver = serve(script)
    failure = through.fail(proxy.url, receiver.url, total_timeout=0.5)
    assert isinstance(failure, AnswerTimedOut)
    assert "did not finish its answer within 0.5 s" in str(failure)
    assert failure.failed.stages[-1].name == "response"


def test_a_request_may_ask_for_less_time(through: Through, proxy: ForwardProxy, serve: Serve) -> None:
    receiver = serve(lambda peer: peer.wait_for_close())

    async def use(transport: ProxyTransport) -> None:
        request = httpx.Request("POST", receiver.url, extensions={"timeout": {"read": 0.2}})
        await transport.handle_async_request(request)

    with pytest.raises(AnswerTimedOut, match=r"did not answer within 0\.2 s"):
        through(proxy.url, use)


def test_those_who_find_no_connection_free_wait_and_are_told(
    through: Through, proxy: ForwardProxy, serve: Serve
) -> None:
    receiver = serve(lambda peer: peer.wait_for_close())

    async def use(transport: ProxyTransport) -> list[Any]:
        first = asyncio.create_task(transport.handle_async_request(httpx.Request("POST", receiver.url)))
        await asyncio.sleep(0)
        request = httpx.Request("POST", receiver.url, extensions={"timeout": {"read": 0.2}})
        with pytest.raises(WaitTimedOut):
            await transport.handle_async_request(request)
        await transport.aclose()
        return list(await asyncio.gather(first, return_exceptions=True))

    (failure,) = through(proxy.url, use, limits=Limits(connections_per_origin=1))
    assert isinstance(failure, TransportClosed)


def test_a_connection_that_died_while_it_was_idle_is_made_anew(
    through: Through,
    *,
    proxy: ForwardProxy,
    serve: Serve,
    answering: Answering,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
) -> None:
    receiver = serve(answering(OK), tls=server_context(authority.issue_cert("127.0.0.1")))

    async def use(transport: ProxyTransport) -> list[int]:
        statuses = []
        for _ in range(3):
            response = await transport.handle_async_request(httpx.Request("POST", receiver.url))
            statuses.append(response.status_code)
            proxy.drop_all()
        return statuses

    assert through(proxy.url, use, ssl_context=trusting) == [200] * 3
    assert proxy.connections == 3


def test_idle_connections_are_closed_in_time(
    through: Through, proxy: ForwardProxy, serve: Serve, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    import threading

    closed = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.wait_for_close()
        closed.set()

    receiver = serve(script, tls=server_context(authority.issue_cert("127.0.0.1")))

    async def use(transport: ProxyTransport) -> bool:
        await transport.handle_async_request(httpx.Request("POST", receiver.url))
        return await asyncio.to_thread(closed.wait, 10)

    assert through(proxy.url, use, ssl_context=trusting, limits=Limits(idle_seconds=0.1))


def test_a_receiver_that_closes_without_an_answer_in_a_tunnel(
    through: Through, proxy: ForwardProxy, serve: Serve, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    receiver = serve(lambda peer: peer.read_request() and None, tls=server_context(authority.issue_cert("127.0.0.1")))
    failure = through.fail(proxy.url, receiver.url, ssl_context=trusting)
    assert isinstance(failure, AnswerInvalid)
    assert "closed the connection without an answer" in str(failure)


def test_a_cancelled_request_leaves_the_others_alone(
    through: Through, proxy: ForwardProxy, serve: Serve, answering_once: Answering
) -> None:
    silent, receiver = serve(lambda peer: peer.wait_for_close()), serve(answering_once(OK))

    async def use(transport: ProxyTransport) -> int:
        task = asyncio.create_task(transport.handle_async_request(httpx.Request("POST", silent.url)))
        while not proxy.asked:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return (await transport.handle_async_request(httpx.Request("POST", receiver.url))).status_code

    assert through(proxy.url, use, limits=Limits(connections_per_origin=1)) == 200
