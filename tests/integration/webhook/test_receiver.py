"""The receiver that developers and the demo rely on, over real sockets."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bellwire.channels.webhook.listen import Noise, Received, Receiver
from bellwire.channels.webhook.listen.server import MAX_BODY_BYTES

EVENT = b'{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25+08:00","payload":{}}'
HEADERS = {"Content-Type": "application/json", "webhook-id": "1"}


def post(receiver: Receiver, body: bytes = EVENT, method: str = "POST", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    try:
        connection.request(method, "/hook", body, HEADERS | headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def raw(receiver: Receiver, data: bytes, *, until_closed: bool = True) -> bytes:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as connection:
        connection.sendall(data)
        if not until_closed:
            return b""
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def heard(receiver_options: dict[str, object], work: Callable[[Receiver], object]) -> list[Received | Noise]:
    arrivals: list[Received | Noise] = []
    with Receiver(on_arrival=arrivals.append, **receiver_options) as receiver:  # type: ignore[arg-type]  # a table's options
        work(receiver)
    return arrivals


def test_it_takes_down_what_arrives_and_answers_200() -> None:
    with Receiver() as receiver:
        assert post(receiver) == (200, b"OK\n")
        (received,) = receiver.requests

    assert (received.number, received.status, received.webhook_id) == (1, 200, "1")
    assert (received.request.method, received.request.target, received.request.body) == ("POST", "/hook", EVENT)
    assert ("webhook-id", "1") in received.request.headers


def test_it_stops_twice_and_frees_its_port() -> None:
    receiver = Receiver().start()
    port = receiver.port
    receiver.stop()
    receiver.stop()

    with Receiver(port=port) as again:
        assert again.url == f"http://127.0.0.1:{port}"
    with pytest.raises(RuntimeError, match="not started"):
        _ = receiver.url


def test_it_leaves_no_thread_behind_although_connections_are_open() -> None:
    before = set(threading.enumerate())
    with Receiver() as receiver:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
        connection.request("POST", "/", EVENT, HEADERS)
        assert connection.getresponse().read() == b"OK\n"

    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before
    connection.close()


def test_it_listens_on_ipv6_where_there_is_one() -> None:
    try:
        receiver = Receiver(host="::1").start()
    except OSError:
        pytest.skip("this machine has no ::1")
    try:
        assert receiver.url == f"http://[::1]:{receiver.port}"
    finally:
        receiver.stop()


def test_an_address_in_use_is_the_systems_error() -> None:
    with Receiver() as receiver, pytest.raises(OSError, match="in use"):
        Receiver(port=receiver.port).start()


def test_the_first_requests_fail_on_purpose_and_then_no_more() -> None:
    with Receiver(fail=2, status=503) as receiver:
        assert [post(receiver)[0] for _ in range(4)] == [503, 503, 200, 200]
        assert [received.failing for received in receiver.requests] == [True, True, False, False]
        assert [received.duplicate_of for received in receiver.requests] == [None, 1, 1, 1]


def test_a_wrong_request_does_not_use_up_a_failure() -> None:
    with Receiver(fail=1) as receiver:
        assert [post(receiver, body)[0] for body in (b"boom", EVENT, EVENT)] == [400, 500, 200]


def test_all_fail_where_that_is_asked_for() -> None:
    with Receiver(fail=None, status=418) as receiver:
        assert [post(receiver)[0] for _ in range(3)] == [418] * 3


@pytest.mark.parametrize("status", [204, 304, 599, 299])
def test_any_status_is_a_whole_answer(status: int) -> None:
    with Receiver(fail=None, status=status) as receiver:
        assert post(receiver)[0] == status


@pytest.mark.parametrize("token", ["test123", "密钥", "Å…\u00a0é"])
def test_the_token_is_checked_as_bytes(token: str) -> None:
    with Receiver(token=token) as receiver:
        request = b"POST / HTTP/1.0\r\nContent-Type: application/json\r\nwebhook-id: 1\r\n"
        request += b"Content-Length: %d\r\nAuthorization: Bearer " % len(EVENT)
        right = raw(receiver, request + token.encode() + b"\r\n\r\n" + EVENT)
        wrong = raw(receiver, request + token.encode() + b"x\r\n\r\n" + EVENT)

    assert right.startswith(b"HTTP/1.1 200 ")
    assert wrong.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PURGE"])
def test_other_methods_are_answered_405(method: str) -> None:
    with Receiver() as receiver:
        status, body = post(receiver, b"", method)

    assert status == 405
    assert (body == b"") is (method == "HEAD")


def test_a_body_beyond_the_limit_is_answered_413_and_not_kept() -> None:
    with Receiver() as receiver:
        assert post(receiver, b" " * (MAX_BODY_BYTES - len(EVENT)) + EVENT)[0] == 200
        assert post(receiver, b"x" * (MAX_BODY_BYTES + 1))[0] == 413
        assert receiver.requests[1].request.body == b""


def test_whoever_sends_far_too_much_still_sees_the_answer() -> None:
    with Receiver() as receiver:
        assert post(receiver, b"x" * (32 * MAX_BODY_BYTES))[0] == 413


@pytest.mark.parametrize(
    ("headers", "status", "remark"),
    [
        (b"Content-Length: x\r\n", 400, "the Content-Length cannot be read"),
        (b"Content-Length: -1\r\n", 400, "the Content-Length cannot be read"),
        (b"Content-Length: 91\r\nContent-Length: 2\r\n", 400, "the Content-Length cannot be read"),
        (b"Content-Length: 99999999999999999999\r\n", 400, "the Content-Length cannot be read"),
        (b"Content-Length: 999999999999\r\n", 413, "the body has 999999999999 bytes; 1048576 are taken"),
        (b"Transfer-Encoding: chunked\r\n", 411, "the body came in chunks; this receiver wants a Content-Length"),
        (b"", 400, "the body is not JSON in UTF-8: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_bodies_without_a_sound_length_are_refused(headers: bytes, status: int, remark: str) -> None:
    with Receiver() as receiver:
        answer = raw(receiver, b"POST / HTTP/1.1\r\nConnection: close\r\n" + headers + b"\r\n" + EVENT)
        (received,) = receiver.requests

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert received.verdict.remarks[-1] == remark


@pytest.mark.parametrize(
    "junk", [b"\x00\xff\r\n\r\n", b"one two three four\r\n", b"GET / HTTP/9.9\r\n\r\n", b"x" * 70_000, b"GET\r\n\r\n"]
)
def test_what_is_no_http_is_told_and_closed(junk: bytes) -> None:
    (noise,) = heard({}, lambda receiver: raw(receiver, junk + b"\r\n" * 2))

    assert isinstance(noise, Noise)
    assert "not HTTP" in noise.text


def test_a_tls_handshake_is_told_at_once() -> None:
    (noise,) = heard({}, lambda receiver: raw(receiver, b"\x16\x03\x01\x02\x00\x01"))

    assert isinstance(noise, Noise)
    assert "use http:// in the url" in noise.text


def test_a_client_that_breaks_off_is_told() -> None:
    told = threading.Event()
    arrivals: list[Received | Noise] = []

    def hear(arrival: Received | Noise) -> None:
        arrivals.append(arrival)
        told.set()

    with Receiver(on_arrival=hear) as receiver:
        raw(receiver, b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf", until_closed=False)
        assert told.wait(10)

    (noise,) = arrivals
    assert isinstance(noise, Noise)
    assert noise.text == "a client broke off after 4 of 100 bytes of body"


def test_arrivals_are_reported_one_at_a_time_and_numbered_in_order() -> None:
    busy = threading.Lock()
    numbers: list[int] = []

    def hear(arrival: Received | Noise) -> None:
        assert busy.acquire(blocking=False)
        assert isinstance(arrival, Received)
        numbers.append(arrival.number)
        busy.release()

    with Receiver(on_arrival=hear) as receiver, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: post(receiver)[0], range(200)))

    assert statuses == [200] * 200
    assert numbers == list(range(1, 201))


def test_one_connection_carries_many_requests() -> None:
    with Receiver() as receiver:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
        for number in range(50):
            connection.request("POST", "/", EVENT, HEADERS | {"webhook-id": str(number)})
            assert connection.getresponse().read() == b"OK\n"
        connection.close()

        assert [received.number for received in receiver.requests] == list(range(1, 51))


def test_whoever_hears_of_an_arrival_may_look_at_all() -> None:
    seen: list[int] = []
    receiver = Receiver(on_arrival=lambda _: seen.append(len(receiver.requests)))
    with receiver:
        post(receiver, json.dumps({}).encode())

    assert seen == [1]
