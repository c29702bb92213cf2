"""From the URL to a connection: names, the egress policy, addresses that refuse."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx
import pytest

from bellwire.core.http import (
    ConnectFailed,
    EgressPolicy,
    EgressRefused,
    GuardedTransport,
    NameNotFound,
    RequestRefused,
    SchemeRefused,
    ThreadResolver,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.http.conftest import Answering, Runner, Serve

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def resolving(*answers: list[str]) -> Callable[[str, int], Awaitable[list[str]]]:
    """A resolver that gives one answer after another, the last one for ever."""
    left = list(answers)

    async def resolve(host: str, port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


def test_a_port_where_nobody_listens(run: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectFailed) as caught:
        run.send(f"http://127.0.0.1:{port}/hook")
    failed = caught.value.failed
    assert failed.detail == f"127.0.0.1:{port} refused the connection"
    assert (failed.stage, failed.retryable) == ("connect", True)
    assert [(stage.name, stage.detail) for stage in failed.stages] == [("connect", f"127.0.0.1:{port}")]
    assert (caught.value.address, caught.value.errno) == (f"127.0.0.1:{port}", errno.ECONNREFUSED)
    assert isinstance(caught.value, httpx.ConnectError)


def test_a_name_that_does_not_exist(run: Runner) -> None:
    # The system's own resolver; .invalid never exists (RFC 6761), and a machine without a network cannot even ask
    with pytest.raises(NameNotFound, match=r"^the host name no-such-host\.invalid could not be resolved: ") as caught:
        run.send("http://no-such-host.invalid/")
    failed = caught.value.failed
    assert (failed.stage, failed.retryable) == ("dns", True)
    assert [stage.name for stage in failed.stages] == ["dns"]
    assert caught.value.errno in {socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_AGAIN}


def test_localhost_is_resolved_by_the_system(run: Runner, serve: Serve, answering: Answering) -> None:
    receiver = serve(answering(OK))
    response = run.send(f"http://localhost:{receiver.port}/")
    assert response.status_code == 200
    assert [stage.name for stage in response.extensions["bellwire_stages"]] == ["dns", "connect", "send", "response"]


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", "-"])
def test_a_name_that_cannot_exist_is_a_name_that_does_not_resolve(run: Runner, name: str) -> None:
    with pytest.raises(NameNotFound):
        run.send(f"http://{name}/")


@pytest.mark.parametrize("found", [[], ["not an address"]])
def test_a_name_without_addresses(run: Runner, found: list[str]) -> None:
    with pytest.raises(NameNotFound, match=r"the host name name\.test has no address"):
        run.send("http://name.test/", resolver=resolving(found))


def test_the_next_address_is_tried_when_one_refuses(run: Runner, serve: Serve, answering: Answering) -> None:
    receiver = serve(answering(OK))
    url = f"http://name.test:{receiver.port}/"
    response = run.send(url, resolver=resolving(["::1", "127.0.0.2", "127.0.0.1"]))
    assert response.status_code == 200
    details = [stage.detail for stage in response.extensions["bellwire_stages"]]
    assert details[:2] == ["::1, 127.0.0.2, 127.0.0.1", f"127.0.0.1:{receiver.port}"]


def test_when_all_addresses_refuse_the_sentence_names_them_and_the_first_counts(run: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectFailed) as caught:
        run.send(f"http://name.test:{port}/", resolver=resolving(["127.0.0.2", "127.0.0.1"]))
    assert str(caught.value) == f"127.0.0.2:{port} refused the connection; 127.0.0.1:{port} refused the connection"
    assert caught.value.address == f"127.0.0.2:{port}"
    assert [stage.name for stage in caught.value.failed.stages] == ["dns", "connect"]


def test_a_port_that_connects_to_itself_counts_as_refused(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    class FromThatPort(socket.socket):
        def __init__(self, *args: int) -> None:
            super().__init__(*args)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.bind(("127.0.0.1", port))  # as the kernel does when it happens to choose this port

    fake = SimpleNamespace(**{**vars(socket), "socket": FromThatPort})
    monkeypatch.setattr("bellwire.core.http.dialling.socket", fake)
    with pytest.raises(ConnectFailed, match="refused the connection"):
        run.send(f"http://127.0.0.1:{port}/")


# --- the policy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
)
def test_public_egress_refuses_this_machine_however_it_is_spelt(
    run: Runner, serve: Serve, answering: Answering, host: str
) -> None:
    receiver = serve(answering(OK))
    with pytest.raises(EgressRefused, match="is a loopback address") as caught:
        run.send(f"http://{host}:{receiver.port}/", policy=EgressPolicy("public"))
    failed = caught.value.failed
    assert (failed.stage, failed.retryable) == ("policy", False)
    assert isinstance(caught.value, httpx.ConnectError)
    assert receiver.connections == 0


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "127.1", "[::ffff:127.0.0.1]"])
def test_internal_egress_reaches_this_machine_however_it_is_spelt(
    run: Runner, serve: Serve, answering: Answering, host: str
) -> None:
    receiver = serve(answering(OK))
    assert run.send(f"http://{host}:{receiver.port}/").status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[fe80::1%25lo]",
        "[fe80::1%lo]",
        "[::ffff:169.254.169.254]",
        "0.0.0.0",
        "0",
        "[::]",
        "224.0.0.1",
    ],
)
def test_internal_egress_refuses_what_nobody_means(run: Runner, host: str) -> None:
    with pytest.raises(EgressRefused) as caught:
        run.send(f"http://{host}/", connect_timeout=0.5)
    assert caught.value.failed.stages == ()


def test_every_address_of_a_name_is_checked_before_the_first_is_connected_to(
    run: Runner, serve: Serve, answering: Answering
) -> None:
    receiver = serve(answering(OK))
    addresses = ["127.0.0.1", "169.254.169.254"]
    with pytest.raises(EgressRefused, match=r"^the host name name\.test leads where it may not: 169") as caught:
        run.send(f"http://name.test:{receiver.port}/", resolver=resolving(addresses))
    assert caught.value.address == f"169.254.169.254:{receiver.port}"
    assert [stage.name for stage in caught.value.failed.stages] == ["dns"]
    assert receiver.connections == 0


def test_a_name_that_resolves_to_something_else_the_second_time_leads_nowhere(
    run: Runner, serve: Serve, answering: Answering
) -> None:
    receiver = serve(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
    asked = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async def use(transport: GuardedTransport) -> None:
        request = httpx.Request("POST", f"http://rebind.test:{receiver.port}/")
        response = await transport.handle_async_request(request)
        assert response.status_code == 200
        assert asked == ["rebind.test"]  # what was checked is what was connected to: nobody asked in between
        with pytest.raises(EgressRefused):
            await transport.handle_async_request(request)

    run(use, resolver=rebinding)
    assert receiver.connections == 1


def test_a_denied_name_is_not_even_looked_up(run: Runner) -> None:
    async def nobody_asks(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    policy = EgressPolicy(deny=["*.corp.example"])
    with pytest.raises(EgressRefused, match=r"^the host name hooks\.corp\.example is denied by") as caught:
        run.send("http://Hooks.Corp.Example./", policy=policy, resolver=nobody_asks)
    assert (caught.value.failed.stage, caught.value.failed.retryable) == ("policy", False)
    assert caught.value.failed.stages == ()


def test_an_address_that_is_denied_is_refused_behind_an_allowed_name(
    run: Runner, serve: Serve, answering: Answering
) -> None:
    receiver = serve(answering(OK))
    url = f"http://name.test:{receiver.port}/"
    policy = EgressPolicy(allow=["name.test"], deny=["127.0.0.2"])
    assert run.send(url, policy=policy, resolver=resolving(["127.0.0.1"])).status_code == 200
    with pytest.raises(EgressRefused, match=r"leads where it may not: 127\.0\.0\.2 is denied by '127\.0\.0\.2'"):
        run.send(url, policy=policy, resolver=resolving(["127.0.0.1", "127.0.0.2"]))
    assert receiver.connections == 1


@pytest.mark.parametrize(
    ("allow", "reached"),
    [
        (["name.test"], True),
        (["*.test"], True),
        (["127.0.0.0/8"], True),
        (["127.0.0.1"], True),
        (["10.0.0.0/8"], False),
        (["other.test"], False),
        (["*.name.test", "10.0.0.0/8"], False),
    ],
)
def test_an_allow_list_lets_through_what_it_names_by_host_or_by_network(
    run: Runner, serve: Serve, answering: Answering, allow: list[str], *, reached: bool
) -> None:
    receiver = serve(answering(OK))

    def send() -> httpx.Response:
        url = f"http://name.test:{receiver.port}/"
        return run.send(url, policy=EgressPolicy(allow=allow), resolver=resolving(["127.0.0.1"]))

    if reached:
        assert send().status_code == 200
    else:
        with pytest.raises(EgressRefused, match="is not named in egress_allow"):
            send()
    assert receiver.connections == int(reached)


def test_public_egress_reaches_a_private_network_that_is_named_and_not_by_name_alone(
    run: Runner, serve: Serve, answering: Answering
) -> None:
    receiver = serve(answering(OK))
    url = f"http://name.test:{receiver.port}/"
    named = EgressPolicy("public", allow=["127.0.0.1"])
    assert run.send(url, policy=named, resolver=resolving(["127.0.0.1"])).status_code == 200
    with pytest.raises(EgressRefused, match='egress "public" allows global addresses only'):
        run.send(url, policy=EgressPolicy("public", allow=["name.test"]), resolver=resolving(["127.0.0.1"]))
    assert receiver.connections == 1


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "unix:///x", "/hook", "https+x://h/"])
def test_other_schemes_are_refused(run: Runner, url: str) -> None:
    with pytest.raises(SchemeRefused, match=r"must start with http:// or https://") as caught:
        run.send(url, headers={"Host": "h"})
    assert caught.value.failed.stage == "config"
    assert isinstance(caught.value, httpx.UnsupportedProtocol)


@pytest.mark.parametrize("url", ["http:///hook", "http://h:0/", "http://%31%32%37.0.0.1/", "http://h:99999/"])
def test_a_url_without_a_usable_host_or_port_is_refused(run: Runner, url: str) -> None:
    with pytest.raises(RequestRefused, match=r"host|port") as caught:
        run.send(url, headers={"Host": "h"})
    assert not caught.value.failed.retryable


def test_a_hanging_look_up_does_not_block_the_loop(run: Runner, serve: Serve, answering: Answering) -> None:
    receiver = serve(answering(OK))
    release = threading.Event()

    def look_up(host: str, port: int) -> list[str]:
        if host == "hanging.test":
            release.wait(10)
        return ["127.0.0.1"]

    async def use(transport: GuardedTransport) -> None:
        def post(host: str) -> Awaitable[httpx.Response]:
            return transport.handle_async_request(httpx.Request("POST", f"http://{host}:{receiver.port}/"))

        hanging = [asyncio.ensure_future(post("hanging.test")) for _ in range(30)]
        await asyncio.sleep(0.02)
        assert (await post("other.test")).status_code == 200
        release.set()
        assert {response.status_code for response in await asyncio.gather(*hanging)} == {200}

    run(use, resolver=ThreadResolver(threads=2, lookup=look_up))
