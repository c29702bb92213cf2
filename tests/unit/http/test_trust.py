"""TLS options that cannot work, each told by the setting's name, and by no secret."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from bellwire.core.http.trust import context_for, default_context, proxy_context, tls_problems
from bellwire.hookspecs import InvalidConfig, Secret, TLSOptions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PEM files of an authority, of two certificates, and of a key that is encrypted."""
    folder = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name in ("client", "other"):
        certificate = authority.issue_cert(f"{name}@bellwire.test")
        certificate.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
        certificate.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / f"{name}-both.pem"))
    key = serialization.load_pem_private_key((folder / "client.key").read_bytes(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"open sesame"),
    )
    (folder / "encrypted.key").write_bytes(encrypted)
    (folder / "nothing.pem").write_text("nothing of use")
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n")
    return folder


def options(folder: Path, ca: str = "", cert: str = "", key: str = "", password: str | None = None) -> TLSOptions:
    def path(name: str) -> str:
        return str(folder / name) if name else ""

    return TLSOptions(
        ca_file=path(ca),
        client_certificate_file=path(cert),
        client_key_file=path(key),
        client_key_password=None if password is None else Secret(password),
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ca": "gone.pem"}, "ca_file: the file '{}/gone.pem' cannot be read: No such file or directory"),
        ({"ca": "."}, "ca_file: the file '{}' cannot be read: Is a directory"),
        ({"ca": "nothing.pem"}, "ca_file: the file '{}/nothing.pem' holds no certificate in PEM form"),
        ({"ca": "client.key"}, "ca_file: the file '{}/client.key' holds no certificate in PEM form"),
        ({"ca": "broken.pem"}, "ca_file: the certificates in '{}/broken.pem' cannot be read: "),
        ({"cert": "gone.pem"}, "client_certificate_file: the file '{}/gone.pem' cannot be read"),
        ({"cert": "client.pem"}, "holds no private key in PEM form; name the key's file in client_key_file"),
        ({"cert": "client.pem", "key": "gone.key"}, "client_key_file: the file '{}/gone.key' cannot be read"),
        ({"cert": "client.pem", "key": "other.pem"}, "client_key_file: the file '{}/other.pem' holds no private key"),
        ({"cert": "client.pem", "key": "other.key"}, "client_key_file: the private key in '{}/other.key' does not"),
        ({"cert": "broken.pem", "key": "client.key"}, "client_certificate_file: '{}/broken.pem' with the key in"),
        ({"cert": "client.pem", "key": "encrypted.key"}, "client_key_password: is required: the private key in"),
        (
            {"cert": "client.pem", "key": "encrypted.key", "password": "hush-hush"},
            "client_key_password: does not open the private key in '{}/encrypted.key'",
        ),
        ({"key": "client.key"}, "client_key_file: is of use only with the certificate, in client_certificate_file"),
        ({"password": "hush-hush"}, "client_key_password: is of use only with a certificate"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_setting(folder: Path, given: dict[str, str], told: str) -> None:
    (problem,) = tls_problems(options(folder, **given))
    assert told.format(folder) in str(problem)
    assert "hush" not in str(problem)
    with pytest.raises(InvalidConfig) as caught:
        context_for(options(folder, **given))
    assert caught.value.problems == (problem,)


def test_all_problems_are_told_at_once(folder: Path) -> None:
    problems = tls_problems(options(folder, ca="gone.pem", cert="gone.pem", key="gone.key"))
    assert [problem.path for problem in problems] == ["ca_file", "client_certificate_file", "client_key_file"]


@pytest.mark.parametrize(
    "given",
    [
        {"ca": "ca.pem"},
        {"cert": "client.pem", "key": "client.key"},
        {"cert": "client-both.pem"},
        {"cert": "client.pem", "key": "encrypted.key", "password": "open sesame"},
    ],
)
def test_what_can_be_used_verifies_and_checks_names(folder: Path, given: dict[str, str]) -> None:
    assert tls_problems(options(folder, **given)) == []
    context = context_for(options(folder, **given))
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    if "ca" in given:  # instead of the system's, not beside them
        assert len(context.get_ca_certs()) == 1


def test_without_options_the_default_trust_is_shared() -> None:
    assert context_for(TLSOptions()) is default_context()
    assert proxy_context(TLSOptions(verify_tls=False)) is default_context()


def test_verify_tls_off_is_said_for_as_long_as_it_is_so() -> None:
    (warning,) = TLSOptions(verify_tls=False).warnings()
    assert (warning.path, warning.severity) == ("verify_tls", "warning")
    assert context_for(TLSOptions(verify_tls=False)).verify_mode is ssl.CERT_NONE
    assert TLSOptions().warnings() == ()


def test_a_proxy_is_looked_at_even_where_the_receiver_is_not(folder: Path) -> None:
    context = proxy_context(TLSOptions(ca_file=str(folder / "ca.pem"), verify_tls=False))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
