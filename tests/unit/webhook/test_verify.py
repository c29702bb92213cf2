"""The verifier for receivers: each of its answers, and that it is fit to be copied."""

from __future__ import annotations

import ast
import builtins
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from bellwire.channels.webhook import verify as module
from bellwire.channels.webhook.signatures import SCHEMES, public_key
from bellwire.channels.webhook.verify import (
    ClockOff,
    MalformedHeader,
    MissingHeader,
    VerificationError,
    Verified,
    WrongSignature,
    verify,
    verify_github,
)

ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
SECRET_KEY = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PUBLIC_KEY = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
OTHER_PUBLIC_KEY = "whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g="

# HMAC fills its keys up with zeros (RFC 2104), so two that differ by these alone are one; hence the last byte
secrets_of_any_kind = st.one_of(
    st.binary(min_size=24, max_size=63).map(lambda key: f"whsec_{b64encode(key + b'.').decode()}"),
    st.binary(min_size=32, max_size=32).map(lambda key: f"whsk_{b64encode(key).decode()}"),
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def signed(*secrets: str, webhook_id: str = ID, at: int = AT, body: bytes = BODY) -> dict[str, str]:
    headers = SCHEMES["standard"].signer(secrets)(webhook_id.encode(), at, body)
    return {"webhook-id": webhook_id} | {name.decode(): value.decode() for name, value in headers}


def github(*secrets: str, body: bytes = BODY) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in SCHEMES["github"].signer(secrets)(b"", 0, body)}


def for_receivers(secret: str) -> str:
    return public_key(secret) or secret


# --- what is right ---------------------------------------------------------------------------------------------------


def test_a_request_that_fits_says_who_sent_it_when() -> None:
    assert verify(BODY, signed(OLD), OLD, now=AT) == Verified(webhook_id=ID, timestamp=AT, secret=0)


def test_it_verifies_what_others_sign() -> None:
    from datetime import UTC, datetime

    at = datetime.fromtimestamp(AT, UTC)
    headers = {
        "webhook-id": ID,
        "webhook-timestamp": str(AT),
        "webhook-signature": Webhook(OLD).sign(ID, at, BODY.decode()),
    }

    assert verify(BODY, headers, OLD, now=AT).webhook_id == ID


def test_it_knows_the_time_by_itself() -> None:
    assert verify(BODY, signed(OLD, at=int(time.time())), OLD).secret == 0
    with pytest.raises(ClockOff):
        verify(BODY, signed(OLD), OLD)


def test_names_of_headers_may_come_in_capitals() -> None:
    headers = {name.title(): value for name, value in signed(OLD).items()}

    assert verify(BODY, headers, OLD, now=AT).webhook_id == ID
    assert verify_github(BODY, {"X-HUB-SIGNATURE-256": github("s")["X-Hub-Signature-256"]}, "s") == 0


def test_an_ed25519_signature_is_verified_by_the_public_key() -> None:
    assert verify(BODY, signed(SECRET_KEY), PUBLIC_KEY, now=AT).secret == 0
    with pytest.raises(WrongSignature):
        verify(BODY, signed(SECRET_KEY), OTHER_PUBLIC_KEY, now=AT)


def test_one_signature_that_fits_is_enough_and_unknown_kinds_are_passed_over() -> None:
    headers = signed(OLD)
    headers["webhook-signature"] = f"v1,AAAA v2,BBBB v1a,CCCC {headers['webhook-signature']} odd"

    assert verify(BODY, headers, [PUBLIC_KEY, OLD], now=AT).secret == 1


@given(
    st.lists(secrets_of_any_kind, min_size=1, max_size=3, unique=True), st.uuids(), st.integers(0, 2**40), st.binary()
)
def test_while_secrets_are_changed_a_receiver_that_knows_any_of_them_verifies_any_bytes(
    secrets: list[str], webhook_id: Any, at: int, body: bytes
) -> None:
    headers = signed(*secrets, webhook_id=str(webhook_id), at=at, body=body)

    for secret in secrets:
        assert verify(body, headers, for_receivers(secret), now=at) == Verified(str(webhook_id), at, 0)
    assert verify(body, signed(secrets[-1], at=at, body=body), map(for_receivers, secrets), now=at).secret == (
        len(secrets) - 1
    )


@given(st.lists(texts, min_size=1, max_size=3, unique=True), st.binary())
def test_by_githubs_way_too_while_secrets_are_changed_any_of_them_verifies(secrets: list[str], body: bytes) -> None:
    headers = github(*secrets, body=body)

    for secret in secrets:
        assert verify_github(body, headers, secret) == 0
    assert verify_github(body, github(secrets[-1], body=body), secrets) == len(secrets) - 1


# --- what is wrong ---------------------------------------------------------------------------------------------------


@given(secrets_of_any_kind, st.binary(min_size=1), st.data())
def test_any_flipped_bit_is_found_out(secret: str, body: bytes, data: st.DataObject) -> None:
    headers = signed(secret, body=body)
    where = data.draw(st.integers(0, 8 * len(body) - 1))
    altered = bytearray(body)
    altered[where // 8] ^= 1 << where % 8

    with pytest.raises(WrongSignature):
        verify(bytes(altered), headers, for_receivers(secret), now=AT)


@given(texts, st.binary(min_size=1), st.data())
def test_by_githubs_way_any_flipped_bit_is_found_out_too(secret: str, body: bytes, data: st.DataObject) -> None:
    where = data.draw(st.integers(0, 8 * len(body) - 1))
    altered = bytearray(body)
    altered[where // 8] ^= 1 << where % 8

    with pytest.raises(WrongSignature):
        verify_github(bytes(altered), github(secret, body=body), secret)


@given(secrets_of_any_kind, st.sampled_from(["webhook-id", "webhook-timestamp"]), st.integers(0, 9))
def test_id_and_timestamp_are_signed_as_well(secret: str, name: str, digit: int) -> None:
    headers = signed(secret, webhook_id="1614")
    headers[name] = headers[name] + str(digit)

    with pytest.raises(WrongSignature):
        verify(BODY, headers, for_receivers(secret), now=AT)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("how", ["gone", "empty"])
def test_a_missing_header_is_named(name: str, how: str) -> None:
    headers = signed(OLD)
    headers |= {name: ""}
    if how == "gone":
        del headers[name]

    with pytest.raises(MissingHeader, match=f"^the header {name} is missing$") as caught:
        verify(BODY, headers, OLD, now=AT)
    assert caught.value.header == name


@pytest.mark.parametrize("value", ["soon", "1614265330.5", "-1614265330", "1614265330 ", "٣", "9" * 16, "+1", "1e9"])
def test_a_timestamp_that_is_no_number_of_seconds_is_told(value: str) -> None:
    with pytest.raises(MalformedHeader, match=r"^the header webhook-timestamp is no number of seconds$") as caught:
        verify(BODY, signed(OLD) | {"webhook-timestamp": value}, OLD, now=AT)
    assert caught.value.header == "webhook-timestamp"


@pytest.mark.parametrize("value", ["v2,AAAA", "AAAA", "v1", "v1a", " ", "V1,AAAA"])
def test_signatures_of_no_known_kind_are_told(value: str) -> None:
    with pytest.raises(MalformedHeader, match=r"^the header webhook-signature holds no signature of a kind") as caught:
        verify(BODY, signed(OLD) | {"webhook-signature": value}, OLD, now=AT)
    assert caught.value.header == "webhook-signature"


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (301, "the signature fits, and was made 301 seconds ago, where 300 are allowed"),
        (-301, "the signature fits, and was made 301 seconds ahead of this clock, where 300 are allowed"),
        (86400, "86400 seconds ago"),
    ],
)
def test_a_clock_that_is_off_is_told_by_how_many_seconds(seconds: int, sentence: str) -> None:
    with pytest.raises(ClockOff, match=sentence) as caught:
        verify(BODY, signed(OLD), OLD, now=AT + seconds)
    assert caught.value.seconds == seconds


@pytest.mark.parametrize("seconds", [0, 300, -300])
def test_up_to_the_tolerance_the_clocks_may_differ(seconds: int) -> None:
    assert verify(BODY, signed(OLD), OLD, now=AT + seconds)
    with pytest.raises(ClockOff, match="where 10 are allowed"):
        verify(BODY, signed(OLD), OLD, now=AT + 11, tolerance=10)


def test_of_a_forged_request_nothing_is_said_about_clocks() -> None:
    with pytest.raises(WrongSignature):
        verify(BODY, signed(NEW), OLD, now=AT + 86400)


@pytest.mark.parametrize(
    ("signatures", "sentence"),
    [
        ("v1,AAAA", "the signature does not fit: the secret is another one, or the body was altered on its way"),
        (
            "v1,AAAA v1,BBBB",
            "none of the 2 signatures fits: the secret is another one, or the body was altered on its way",
        ),
    ],
)
def test_a_wrong_signature_is_told(signatures: str, sentence: str) -> None:
    with pytest.raises(WrongSignature) as caught:
        verify(BODY, signed(OLD) | {"webhook-signature": signatures}, OLD, now=AT)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("value", ["v1a,", "v1a,AAAA", "v1a,!", "v1a,密", "v1a," + "A" * 86 + "=="])
def test_an_ed25519_signature_that_is_none_does_not_fit(value: str) -> None:
    with pytest.raises(WrongSignature):
        verify(BODY, signed(SECRET_KEY) | {"webhook-signature": value}, PUBLIC_KEY, now=AT)


def test_an_ed25519_signature_is_not_taken_for_one_of_another_kind() -> None:
    headers = signed(SECRET_KEY)
    headers["webhook-signature"] = "v1,AAAA " + headers["webhook-signature"].replace("v1a,", "v1b,")

    with pytest.raises(WrongSignature):
        verify(BODY, headers, PUBLIC_KEY, now=AT)


def test_githubs_header_is_missed_and_told_when_it_is_malformed() -> None:
    with pytest.raises(MissingHeader) as missing:
        verify_github(BODY, {}, "s")
    assert missing.value.header == "x-hub-signature-256"
    for value in ("sha256=", "sha1=" + "0" * 40, "0" * 64, "sha256=" + "0" * 63, "sha256=" + "g" * 64):
        with pytest.raises(MalformedHeader, match="64 hexadecimal digits"):
            verify_github(BODY, {"x-hub-signature-256": value}, "s")
    with pytest.raises(WrongSignature):
        verify_github(BODY, {"x-hub-signature-256": "sha256=" + "0" * 64}, "s")
    with pytest.raises(WrongSignature):
        verify_github(BODY, {"x-hub-signature-256": "sha256=" + "0" * 64 + ",sha256=密"}, "s")


@given(st.binary(), st.dictionaries(st.sampled_from(sorted(signed(OLD))) | st.text(), st.text()))
def test_whatever_comes_that_we_did_not_sign_nothing_but_a_verification_error_is_raised(
    body: bytes, headers: dict[str, str]
) -> None:
    with pytest.raises(VerificationError):
        verify(body, headers, [OLD, PUBLIC_KEY], now=AT)
    with pytest.raises(VerificationError):
        verify_github(body, headers | {"x-hub-signature-256": headers.get("webhook-signature", "")}, "s")


# --- the receiver's own mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "s3cret",
        "whsec_",
        "whsec_s3cret!",
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=",
        "whpk_czNjcmV0",
        OLD.replace("q", "q\n"),
    ],
)
def test_a_secret_that_is_none_is_the_receivers_mistake_and_not_shown(secret: str) -> None:
    with pytest.raises(
        ValueError, match=r"^a secret must be whsec_ and base64, or a public key: whpk_ and 32"
    ) as caught:
        verify(BODY, signed(OLD), [OLD, secret], now=AT)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("check", [verify, verify_github])
def test_without_a_secret_nothing_can_be_checked(check: Any) -> None:
    with pytest.raises(ValueError, match="without a secret nothing can be checked"):
        check(BODY, signed(OLD), [])


def test_an_empty_text_is_no_secret_for_githubs_way() -> None:
    with pytest.raises(ValueError, match="an empty text is no secret"):
        verify_github(BODY, github("s"), ["s", ""])


def test_without_cryptography_a_public_key_cannot_be_used_and_a_secret_can(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)

    assert verify(BODY, signed(OLD), OLD, now=AT)
    with pytest.raises(ImportError):
        verify(BODY, signed(OLD), PUBLIC_KEY, now=AT)


# --- fit to be copied ------------------------------------------------------------------------------------------------


def imports(tree: ast.Module) -> Iterable[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=name, level=level):
                assert level == 0
                yield str(name)


def test_it_is_one_file_of_the_standard_library_and_of_python_3_9() -> None:
    tree = ast.parse(Path(module.__file__).read_text("utf-8"), feature_version=(3, 9))
    roots = {name.partition(".")[0] for name in imports(tree)}

    assert roots - {"cryptography"} <= sys.stdlib_module_names


def test_copied_somewhere_it_works_without_anything_of_ours(tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_text(Path(module.__file__).read_text("utf-8"), "utf-8")
    headers: Mapping[str, str] = signed(OLD)
    code = f"import sys; import verify; print(verify.verify({BODY!r}, {headers!r}, {OLD!r}, now={AT}).webhook_id); "
    code += "print(any('bellwire' in name or 'cryptography' in name for name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == (f"{ID}\nFalse\n", "")
