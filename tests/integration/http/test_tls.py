from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bellwire.core.http import ConnectTimedOut, GuardedTransport, TLSFailed
from bellwire.core.http.trust import ResumingContext, context_for, default_context
from bellwire.hookspecs import TLSOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.http.conftest import Answering, Peer, Runner, Serve

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "self-signed.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_trusted_receiver_keeps_its_connection(
    run: Runner, serve: Serve, answering: Answering, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    receiver = serve(answering(OK), tls=server_context(authority.issue_cert("localhost")))

    async def use(transport: GuardedTransport) -> list[str]:
        names: list[str] = []
        for _ in range(3):
            response = await transport.handle_async_request(
                httpx.Request("POST", f"https://localhost:{receiver.port}/", content=b"x" * 100_000)
            )
            assert await response.aread() == b"ok"
            names += [f"{stage.name} {stage.detail}".strip() for stage in response.extensions["bellwire_stages"]]
        return names

    endpoint = f"127.0.0.1:{receiver.port}"
    again = [f"send on the open connection to {endpoint}", "response"]
    names = run(use, ssl_context=trusting, resolver=to_this_machine)
    assert names == ["dns 127.0.0.1", f"connect {endpoint}", "tls TLSv1.3", "send", "response", *again, *again]
    assert receiver.connections == 1


async def to_this_machine(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_an_address_and_a_rooted_name_can_be_trusted_too(
    run: Runner, serve: Serve, answering: Answering, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    receiver = serve(answering(OK), tls=server_context(authority.issue_cert("127.0.0.1", "rooted.test")))
    assert run.send(receiver.url, ssl_context=trusting).status_code == 200
    url = f"https://rooted.test.:{receiver.port}/"
    assert run.send(url, ssl_context=trusting, resolver=to_this_machine).status_code == 200


def failing(run: Runner, url: str, context: ssl.SSLContext) -> TLSFailed:
    with pytest.raises(TLSFailed) as caught:
        run.send(url, ssl_context=context, resolver=to_this_machine)
    failure = caught.value
    assert (failure.failed.stage, failure.failed.retryable) == ("tls", True)
    assert [stage.name for stage in failure.failed.stages][-2:] == ["connect", "tls"]
    assert failure.failed.detail.startswith("no trusted connection to ")
    assert failure.address is not None
    assert failure.address.startswith("127.0.0.1:")
    assert isinstance(failure, httpx.ConnectError)
    return failure


def test_an_unknown_authority(run: Runner, serve: Serve, answering: Answering, trusting: ssl.SSLContext) -> None:
    receiver = serve(answering(OK), tls=server_context(trustme.CA().issue_cert("localhost")))
    failure = failing(run, f"https://localhost:{receiver.port}/", trusting)
    assert "its certificate's issuer is not trusted here" in str(failure)


def test_a_self_signed_certificate(
    run: Runner, serve: Serve, answering: Answering, trusting: ssl.SSLContext, tmp_path: Path
) -> None:
    receiver = serve(answering(OK), tls=self_signed(tmp_path))
    failure = failing(run, f"https://localhost:{receiver.port}/", trusting)
    assert str(failure).endswith("its certificate is self-signed")


def test_a_certificate_for_another_host(
    run: Runner, serve: Serve, answering: Answering, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    receiver = serve(answering(OK), tls=server_context(authority.issue_cert("other.test")))
    failure = failing(run, f"https://localhost:{receiver.port}/", trusting)
    assert "its certificate is not valid for this host name" in str(failure)
    failure = failing(run, receiver.url, trusting)
    assert "its certificate is not valid for this IP address" in str(failure)


def test_an_expired_certificate(
    run: Runner, serve: Serve, answering: Answering, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    expired = authority.issue_cert("localhost", not_after=dt.datetime(2020, 2, 3, tzinfo=dt.UTC))
    receiver = serve(answering(OK), tls=server_context(expired))
    failure = failing(run, f"https://localhost:{receiver.port}/", trusting)
    assert str(failure).endswith("its certificate has expired")


def test_a_plain_receiver_behind_an_https_url(
    run: Runner, serve: Serve, answering_once: Answering, trusting: ssl.SSLContext
) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(10)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        peer.wait_for_close()

    receiver = serve(script)
    failure = failing(run, f"https://localhost:{receiver.port}/", trusting)
    assert "it does not speak TLS on this port; is it http:// and not https://?" in str(failure)


@pytest.mark.parametrize("how", ["at once", "after the hello", "reset"])
def test_a_receiver_that_closes_during_the_handshake(
    run: Runner, serve: Serve, trusting: ssl.SSLContext, how: str
) -> None:
    def script(peer: Peer) -> None:
        if how == "at once":
            return
        peer.sock.recv(65536)
        if how == "reset":
            peer.reset()

    receiver = serve(script)
    failure = failing(run, f"https://localhost:{receiver.port}/", trusting)
    assert "it closed the connection during the handshake" in str(failure)


def test_a_handshake_that_hangs(run: Runner, serve: Serve, trusting: ssl.SSLContext) -> None:
    receiver = serve(lambda peer: peer.wait_for_close())
    with pytest.raises(ConnectTimedOut, match=r"did not finish the TLS handshake within 0\.2 s") as caught:
        run.send(f"https://127.0.0.1:{receiver.port}/", ssl_context=trusting, connect_timeout=0.2)
    assert [stage.name for stage in caught.value.failed.stages] == ["connect", "tls"]


def test_a_receiver_that_wants_a_client_certificate(
    run: Runner, serve: Serve, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    context = server_context(authority.issue_cert("localhost"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)

    def script(peer: Peer) -> None:
        secure = context.wrap_socket(peer.sock, server_side=True, do_handshake_on_connect=False)
        with contextlib.suppress(ssl.SSLError):
            secure.do_handshake()
        # closing with the request unread would reset the connection, and the alert might go under
        with socket.socket(fileno=secure.detach()) as plain, contextlib.suppress(OSError):
            while plain.recv(65536):
                pass

    receiver = serve(script)
    with pytest.raises(TLSFailed, match="wants a client certificate") as caught:
        run.send(f"https://localhost:{receiver.port}/", ssl_context=trusting, resolver=to_this_machine)
    assert caught.value.failed.stage == "tls"


def test_an_early_answer_over_tls_is_returned_and_the_connection_not_used_again(
    run: Runner, serve: Serve, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    answered = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        answered.acquire(timeout=10)  # until then nothing is read, so that a part of the body must stay unsent
        peer.wait_for_close()

    receiver = serve(script, tls=server_context(authority.issue_cert("127.0.0.1")))

    async def use(transport: GuardedTransport) -> list[int]:
        statuses = []
        for _ in range(2):
            request = httpx.Request("POST", receiver.url, content=b"x" * 30_000_000)
            statuses.append((await transport.handle_async_request(request)).status_code)
            answered.release()
        return statuses

    assert run(use, ssl_context=trusting) == [413, 413]
    assert receiver.connections == 2


def test_a_body_that_only_the_end_of_the_connection_ends_over_tls(
    run: Runner, serve: Serve, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 50_000)
        peer.sock.unwrap()  # type: ignore[attr-defined]  # a TLS socket here

    receiver = serve(script, tls=server_context(authority.issue_cert("127.0.0.1")))
    assert run.send(receiver.url, ssl_context=trusting).content == b"x" * 50_000


def test_a_kept_tls_connection_that_the_receiver_closed_is_not_used(
    run: Runner, serve: Serve, answering_once: Answering, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    receiver = serve(answering_once(OK), tls=server_context(authority.issue_cert("127.0.0.1")))

    async def use(transport: GuardedTransport) -> list[int]:
        request = httpx.Request("POST", receiver.url)
        return [(await transport.handle_async_request(request)).status_code for _ in range(5)]

    assert run(use, ssl_context=trusting) == [200] * 5
    assert receiver.connections == 5


def test_the_default_trust_is_built_once_and_checks_names() -> None:
    context = default_context()
    assert context is default_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_new_connection_resumes_the_session_of_the_one_before(
    run: Runner,
    serve: Serve,
    answering_once: Answering,
    authority: trustme.CA,
    *,
    tmp_path: Path,
    version: ssl.TLSVersion,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = server_context(authority.issue_cert("localhost"))
    context.maximum_version = version
    receiver = serve(answering_once(OK), tls=context)

    async def use(transport: GuardedTransport) -> list[str]:
        request = httpx.Request("POST", f"https://localhost:{receiver.port}/")
        responses = [await transport.handle_async_request(request) for _ in range(3)]
        stages = [stage for response in responses for stage in response.extensions["bellwire_stages"]]
        return [stage.detail for stage in stages if stage.name == "tls"]

    resuming = context_for(TLSOptions(ca_file=str(tmp_path / "ca.pem")))
    name = version.name.replace("_", ".")
    assert run(use, ssl_context=resuming, resolver=to_this_machine) == [name, f"{name}, resumed", f"{name}, resumed"]
    assert receiver.connections == 3


def test_a_session_that_the_receiver_has_forgotten_keeps_nobody_out(
    run: Runner, serve: Serve, answering_once: Answering, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    resuming = context_for(TLSOptions(ca_file=str(tmp_path / "ca.pem")))
    first, second = (serve(answering_once(OK), tls=server_context(authority.issue_cert("localhost"))) for _ in range(2))

    async def use(transport: GuardedTransport) -> list[int]:
        requests = [httpx.Request("POST", f"https://localhost:{each.port}/") for each in (first, second, first)]
        return [(await transport.handle_async_request(request)).status_code for request in requests]

    assert run(use, ssl_context=resuming, resolver=to_this_machine) == [200] * 3


def test_a_context_keeps_the_sessions_of_so_many_hosts_and_no_more(
    run: Runner, serve: Serve, answering: Answering, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    resuming = context_for(TLSOptions(ca_file=str(tmp_path / "ca.pem")))
    assert isinstance(resuming, ResumingContext)
    receiver = serve(answering(OK), tls=server_context(authority.issue_cert("*.many.test")))

    async def use(transport: GuardedTransport) -> None:
        for number in range(260):
            url = f"https://h{number}.many.test:{receiver.port}/"
            await transport.handle_async_request(httpx.Request("POST", url, headers={"Connection": "close"}))

    run(use, ssl_context=resuming, resolver=to_this_machine)
    assert list(resuming.sessions) == [f"h{number}.many.test" for number in range(4, 260)]
