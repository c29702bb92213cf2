"""``bellwire listen`` as a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from click.testing import CliRunner

from bellwire.channels.webhook.listen import command
from bellwire.channels.webhook.payload_schema import payload_schema
from bellwire.channels.webhook.signatures import SCHEMES

EVENT = (
    '{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25+08:00","payload":{"workflow":'
    '{"project_name":"test_project","workflow_id":"1658637666259832832","workflow_subject":"test_workflow",'
    '"workflow_status":"wait_for_audit"}}}'
)
HEADERS = {"Content-Type": "application/json"}


def signed(scheme: str, secret: str, *, at: float | None = None) -> dict[str, str]:
    headers = SCHEMES[scheme].signer([secret])(b"1", int(time.time() if at is None else at), EVENT.encode())
    return {"webhook-id": "1"} | {name.decode(): value.decode() for name, value in headers}


class Listening:
    """A running ``bellwire listen``."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        code = "from bellwire.channels.webhook.listen import command; command(prog_name='bellwire listen')"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "--port", "0", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | environment,
        )
        assert self.process.stdout
        self.first = self.process.stdout.readline().decode()
        found = re.search(r"http://[^:]+:(\d+)", self.first)
        assert found, self.ended()
        self.port = int(found[1])

    def post(self, body: str | bytes = EVENT, method: str = "POST", **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            data = body.encode() if isinstance(body, str) else body
            connection.request(method, "/hook", data, HEADERS | headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def raw(self, data: bytes) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            while connection.recv(65536):
                pass

    def ended(self) -> tuple[int, str, str]:
        """Its exit code and the rest of what it printed, once it has ended by itself."""
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out.decode(), err.decode()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        return self.ended()


@pytest.fixture
def listening() -> Iterator[Callable[..., Listening]]:
    started: list[Listening] = []

    def start(*arguments: str, **environment: str) -> Listening:
        started.append(Listening(*arguments, **environment))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        with one.process:  # which closes its pipes
            pass


def test_it_says_where_it_listens_before_anything_arrives(listening: Callable[..., Listening]) -> None:
    receiver = listening()

    assert receiver.first == f"listening on http://127.0.0.1:{receiver.port} (Ctrl+C to stop)\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_in_good_order(listening: Callable[..., Listening], number: signal.Signals) -> None:
    receiver = listening()
    receiver.post()

    code, _, err = receiver.stop(number)

    assert (code, err) == (0, "received 1 request\n")


def test_it_shows_the_request_of_the_specification(listening: Callable[..., Listening]) -> None:
    receiver = listening("--count", "1")
    assert receiver.post(**{"webhook-id": "a", "Authorization": "Bearer test123"}) == 200

    code, out, _ = receiver.ended()

    assert code == 0
    assert "POST /hook HTTP/1.1\n" in out
    assert "Content-Length: 239\n" in out
    assert "webhook-id: a\n" in out
    assert "Authorization: Bearer ********\n" in out
    assert f"\n\n{EVENT}\n-> 200\n" in out
    assert "test123" not in out


def test_it_fails_the_first_requests_and_notes_what_comes_again(listening: Callable[..., Listening]) -> None:
    receiver = listening("--fail", "2", "--count", "3")

    assert [receiver.post(**{"webhook-id": "a"}) for _ in range(3)] == [500, 500, 200]
    _, out, err = receiver.ended()
    assert out.count("-> 500, failing on purpose\n") == 2
    assert out.count("the same webhook-id as request 1: it is to be taken once") == 2
    assert err == "received 3 requests\n"


@pytest.mark.parametrize(
    ("arguments", "statuses"),
    [
        (["--status", "503"], [503, 503]),
        (["--status", "503", "--fail", "1"], [503, 200]),
        (["--fail", "0"], [200, 200]),
    ],
)
def test_the_status_of_failures_can_be_chosen(
    listening: Callable[..., Listening], arguments: list[str], statuses: list[int]
) -> None:
    receiver = listening(*arguments)

    assert [receiver.post() for _ in statuses] == statuses


def test_the_token_comes_from_the_environment_and_is_checked(listening: Callable[..., Listening]) -> None:
    receiver = listening("--token-env", "HOOK_TOKEN", "--count", "3", HOOK_TOKEN="test123")

    assert receiver.post(Authorization="Bearer test123") == 200
    assert receiver.post(Authorization="Bearer an0ther") == 401
    assert receiver.post() == 401
    _, out, _ = receiver.ended()
    assert "Authorization: Bearer test123\n" in out  # whoever started it gave it
    assert "an0ther" not in out
    assert "the bearer token does not match (it came with 7 bytes)" in out


def test_signatures_are_checked_by_secrets_from_the_environment(listening: Callable[..., Listening]) -> None:
    old, new = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    receiver = listening(
        *("--signing-secret-env", "NEW_SECRET", "--signing-secret-env", "OLD_SECRET", "--count", "4"),
        NEW_SECRET=new,
        OLD_SECRET=old,
    )

    assert receiver.post(**signed("standard", old)) == 200
    assert receiver.post(EVENT + " ", **signed("standard", old)) == 401
    assert receiver.post(**signed("standard", old, at=time.time() - 1000)) == 401
    assert receiver.post() == 401
    _, out, _ = receiver.ended()
    assert "   + the signature is right, by secret 2 of 2\n" in out
    assert "   ! the signature does not fit: the secret is another one, or the body was altered" in out
    assert re.search(r"   ! the signature fits, and was made 100[01] seconds ago, where 300 are allowed", out)
    assert "   ! the header webhook-id is missing\n" in out
    assert old.partition("_")[2] not in out


def test_githubs_signatures_are_checked_too(listening: Callable[..., Listening]) -> None:
    receiver = listening(
        *("--signature", "github", "--signing-secret-env", "HOOK_SECRET", "--json", "--count", "2"), HOOK_SECRET="密"
    )

    assert receiver.post(**signed("github", "密")) == 200
    assert receiver.post(**signed("github", "other")) == 401
    _, out, _ = receiver.ended()
    assert [json.loads(line)["signature"] for line in out.splitlines()] == ["verified", "wrong_signature"]


def test_the_schema_is_printed_and_nothing_is_listened_to() -> None:
    code, output = refused("--schema", "--port", "1")

    assert code == 0
    assert json.loads(output) == payload_schema()


def test_with_json_there_is_one_line_per_arrival_and_nothing_else(listening: Callable[..., Listening]) -> None:
    receiver = listening("--json", "--fail", "1", "--count", "3")
    receiver.post(**{"webhook-id": "a"})
    receiver.post(**{"webhook-id": "a"})
    receiver.raw(b"\x00junk\r\n\r\n")
    receiver.post(b"\xff")

    code, out, err = receiver.ended()

    assert (code, err) == (0, "")
    assert json.loads(receiver.first) == {"listening": f"http://127.0.0.1:{receiver.port}"}
    first, second, noise, third = map(json.loads, out.splitlines())
    assert (first["number"], first["status"], first["failing"], first["duplicate_of"]) == (1, 500, True, None)
    assert (second["number"], second["status"], second["failing"], second["duplicate_of"]) == (2, 200, False, 1)
    assert first["body"] == EVENT
    assert "not HTTP" in noise["noise"]
    assert (third["status"], third["body"], third["body_base64"]) == (400, None, "/w==")


def test_nothing_that_arrives_drives_the_terminal(listening: Callable[..., Listening]) -> None:
    receiver = listening("--count", "3", "--pretty")
    receiver.raw(b"\x1b[2J\x07\x9b\r\n\r\n")
    receiver.post(b'{"\x1b]0;owned\x07":"\x1b[31m\xc2\x9b2J\xe2\x80\xae"}', **{"X-Evil": "\x1b[2J\x9b"})
    receiver.post(json.dumps({"a": "\x1b[2J\u202e\u009b"}), method="PUT")
    receiver.post(bytes(range(256)))

    _, out, err = receiver.ended()

    assert not re.search(r"[^\n\x20-\x7e\xa0-\u200a\u2010-\u2027\u2030-\uffff]", out + err)
    assert r"\x1b[2J" in out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_a_terminal_that_lacks_characters_shows_escapes(listening: Callable[..., Listening], encoding: str) -> None:
    receiver = listening("--count", "1", PYTHONIOENCODING=encoding)

    assert receiver.post(EVENT.replace("test_workflow", "🔔")) == 200
    assert b"\\U0001f514" in receiver.process.communicate(timeout=20)[0]


def test_a_thousand_requests_over_several_connections_are_all_printed(listening: Callable[..., Listening]) -> None:
    receiver = listening("--json", "--count", "1000")

    def send(connection_number: int) -> list[int]:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=20)
        statuses = []
        for number in range(125):
            connection.request("POST", "/", EVENT, HEADERS | {"webhook-id": f"{connection_number}-{number}"})
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    lines: list[dict[str, Any]] = []
    assert receiver.process.stdout
    reader = threading.Thread(target=lambda: lines.extend(map(json.loads, receiver.process.stdout or ())))
    reader.start()
    with ThreadPoolExecutor(8) as pool:
        statuses = [status for part in pool.map(send, range(8)) for status in part]
    reader.join(20)

    assert receiver.process.wait(20) == 0
    assert statuses == [200] * 1000
    assert [line["number"] for line in lines] == list(range(1, 1001))
    assert len({line["webhook_id"] for line in lines}) == 1000


def test_it_ends_when_nobody_reads_what_it_prints(listening: Callable[..., Listening]) -> None:
    receiver = listening()
    assert receiver.process.stdout
    receiver.process.stdout.close()
    receiver.post()

    assert receiver.process.wait(20) == 0
    assert receiver.process.stderr
    assert b"Traceback" not in receiver.process.stderr.read()


# Refusals, in this process: nothing is listened on


def refused(*arguments: str, **environment: str | None) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments), env=environment, prog_name="bellwire listen")
    return result.exit_code, result.output


def test_a_port_in_use_is_told_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = refused("--port", str(port))

    assert code == 1
    assert output == (
        f"Error: port {port} on 127.0.0.1 is in use by another program. Stop that one, choose another port with "
        "--port, or let the system choose with --port 0.\n"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "::zz"])
def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    code, output = refused("--host", host, "--port", "0")

    assert code == 1
    assert output.startswith("Error: ")
    assert host in output
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (["--token-env", "NO_SUCH"], {"NO_SUCH": None}, "the environment variable NO_SUCH is not set"),
        (["--token-env", "EMPTY"], {"EMPTY": ""}, "the environment variable EMPTY is empty"),
        (["--token", "--token-env", "X"], {"X": "1"}, "not both"),
        (["--token"], {}, "--token asks on a terminal"),
        (["--port", "65536"], {}, "65536"),
        (["--status", "99"], {}, "99"),
        (["--fail", "-1"], {}, "-1"),
        (["--count", "0"], {}, "0"),
        (["--token=s3cret"], {}, "does not take a value"),
        (["--signing-secret=s3cret"], {}, "does not take a value"),
        (["--signing-secret"], {}, "--signing-secret asks on a terminal, and there is none; use --signing-secret-env"),
        (["--signing-secret-env", "NO_SUCH"], {"NO_SUCH": None}, "the environment variable NO_SUCH is not set"),
        (["--signing-secret-env", "X"], {"X": "whsec_s3cret"}, "the signing secret cannot be used: a secret must be"),
        (["--signature", "github"], {}, "--signature needs a secret"),
        (["--signature", "other"], {}, "other"),
    ],
)
def test_what_cannot_be_asked_for_is_told(
    arguments: list[str], environment: dict[str, str | None], reason: str
) -> None:
    code, output = refused(*arguments, **environment)

    assert code == 2
    assert reason in output
    assert "s3cret" not in output


def test_the_help_says_what_it_does() -> None:
    code, output = refused("--help")

    assert code == 0
    for word in ("--port", "--fail", "--status", "--token-env", "--count", "--pretty", "--json", "receivers"[:7]):
        assert word in output
