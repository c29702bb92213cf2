"""Signatures against published vectors and against others' verifiers."""

from __future__ import annotations

import builtins
import hashlib
import hmac
import json
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from bellwire.channels.webhook import request, signatures
from bellwire.channels.webhook.signatures import (
    SCHEMES,
    Headers,
    Scheme,
    Sign,
    github_problem,
    hmac_sha256,
    public_key,
    standard_problem,
)
from bellwire.hookspecs import Secret

ID = b"msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
HMAC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HMAC_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
PAIR = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
SEED = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="
PAIR_SIGNATURE = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
OTHER_SEED = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
OTHER_SIGNATURE = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="

hmac_secrets = st.binary(min_size=24, max_size=64).map(lambda key: f"whsec_{b64encode(key).decode()}")
seeds = st.binary(min_size=32, max_size=32).map(lambda key: f"whsk_{b64encode(key).decode()}")
ids = st.uuids().map(lambda each: str(each).encode())
times = st.integers(0, 2**40)


def signed(scheme: str, *secrets: str, webhook_id: bytes = ID, at: int = AT, body: bytes = BODY) -> dict[str, str]:
    headers = SCHEMES[scheme].signer(secrets)(webhook_id, at, body)
    return {name.decode(): value.decode() for name, value in headers}


# --- published vectors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "signature"),
    [
        (HMAC, HMAC_SIGNATURE),  # standard-webhooks, libraries/go/webhook_symmetric_test.go
        (OTHER_SEED, OTHER_SIGNATURE),  # standard-webhooks, libraries/go/webhook_asymmetric_test.go
        (
            PAIR,
            PAIR_SIGNATURE,
        ),  # svix-webhooks, server/svix-server/src/worker.rs, and the specification's example
        (SEED, PAIR_SIGNATURE),
    ],
)
def test_it_signs_as_the_reference_implementations_do(secret: str, signature: str) -> None:
    assert signed("standard", secret) == {"webhook-timestamp": "1614265330", "webhook-signature": signature}


def test_it_signs_as_svix_documents_it() -> None:
    """https://docs.svix.com/receiving/verifying-payloads/how-manual; its key is shorter than we would take."""
    headers = signed(
        "standard",
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        webhook_id=b"msg_loFOjxBNrRLzqYUf",
        at=1731705121,
        body=b'{"event_type":"ping","data":{"success":true}}',
    )

    assert headers["webhook-signature"] == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_it_signs_as_github_documents_it() -> None:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries."""
    assert signed("github", "It's a Secret to Everybody", body=b"Hello, World!") == {
        "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }


@pytest.mark.parametrize(
    ("key", "message", "digest"),
    [  # RFC 4231, section 4, cases 1, 2, 3, 4, 6 and 7
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            b"\xaa" * 131,
            (
                b"This is a test using a larger than block-size key and a larger than block-size data. The key needs "
                b"to be hashed before being used by the HMAC algorithm."
            ),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ],
)
def test_the_prepared_hmac_is_that_of_rfc_4231(key: bytes, message: bytes, digest: str) -> None:
    prepared = hmac_sha256(key)

    assert [prepared(message).hex(), prepared(message).hex()] == [digest, digest]


@pytest.mark.parametrize(
    ("secret", "public", "message", "signature"),
    [  # RFC 8032, section 7.1, tests 1 to 3
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ],
)
def test_the_ed25519_keys_are_those_of_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    text = f"whsk_{b64encode(bytes.fromhex(secret)).decode()}"

    assert public_key(text) == f"whpk_{b64encode(bytes.fromhex(public)).decode()}"
    assert signatures.private_key(text).sign(bytes.fromhex(message)).hex() == signature


# --- others' verifiers -----------------------------------------------------------------------------------------------


def oracles() -> list[Any]:
    import svix.webhooks  # as heavy as a whole API's client

    return [Webhook, svix.webhooks.Webhook]


@given(st.lists(hmac_secrets, min_size=1, max_size=3), ids, st.text(st.characters(exclude_categories=["Cs"])))
def test_others_libraries_verify_whatever_we_sign_by_any_of_the_secrets(
    secrets: list[str], webhook_id: bytes, text: str
) -> None:
    body = json.dumps({"text": text}, ensure_ascii=False).encode()
    headers = {
        "webhook-id": webhook_id.decode(),
        **signed("standard", *secrets, webhook_id=webhook_id, at=int(time.time()), body=body),
    }

    for oracle in oracles():
        for secret in secrets:
            oracle(secret).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            oracle(f"whsec_{b64encode(b'another key').decode()}").verify(body, headers)


@given(seeds, ids, times, st.binary())
def test_cryptography_verifies_whatever_we_sign_with_the_public_key_that_we_show(
    secret: str, webhook_id: bytes, at: int, body: bytes
) -> None:
    version, _, signature = signed("standard", secret, webhook_id=webhook_id, at=at, body=body)[
        "webhook-signature"
    ].partition(",")
    shown = public_key(secret)

    assert version == "v1a"
    assert shown is not None
    assert shown.startswith("whpk_")
    Ed25519PublicKey.from_public_bytes(b64decode(shown[5:])).verify(
        b64decode(signature), b"%b.%d.%b" % (webhook_id, at, body)
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.binary())
def test_githubs_own_recipe_verifies_whatever_we_sign(secret: str, body: bytes) -> None:
    expected = "sha256=" + hmac.new(secret.encode("utf-8"), msg=body, digestmod=hashlib.sha256).hexdigest()

    assert signed("github", secret, body=body) == {"X-Hub-Signature-256": expected}


# --- several secrets -------------------------------------------------------------------------------------------------


def test_of_several_secrets_all_signatures_stand_in_the_one_header_in_their_order() -> None:
    headers = signed("standard", HMAC, PAIR, OTHER_SEED)

    assert headers["webhook-signature"] == f"{HMAC_SIGNATURE} {PAIR_SIGNATURE} {OTHER_SIGNATURE}"


def test_githubs_header_holds_the_first_secrets_signature_alone_and_the_others_stand_beside_it() -> None:
    one, two, three = (signed("github", secret)["X-Hub-Signature-256"] for secret in ("one", "two", "three"))

    assert signed("github", "one", "two", "three") == {
        "X-Hub-Signature-256": one,
        "X-Hub-Signature-256-Also": f"{two}, {three}",
    }


# --- keys that are none ----------------------------------------------------------------------------------------------


def of_bytes(number: int, prefix: str = "whsec_") -> str:
    return prefix + b64encode(bytes(range(number))).decode()


BASE64 = "must be base64 after {}, with its padding (RFC 4648, section 4)"


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (HMAC, None),
        (of_bytes(24), None),
        (of_bytes(64), None),
        (SEED, None),
        (PAIR, None),
        (of_bytes(23), "must hold 24 to 64 bytes, holds 23"),
        (of_bytes(65), "must hold 24 to 64 bytes, holds 65"),
        (of_bytes(31, "whsk_"), "must hold 32 bytes, or 64 with the public key behind them, holds 31"),
        (of_bytes(48, "whsk_"), "must hold 32 bytes, or 64 with the public key behind them, holds 48"),
        (of_bytes(64, "whsk_"), "holds a public key that is not the one of its secret key"),
        (of_bytes(32, "whpk_"), "is a public key; a sender signs with the secret one, which begins with whsk_"),
        ("", "must begin with whsec_ (HMAC-SHA256) or whsk_ (Ed25519)"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "must begin with whsec_ (HMAC-SHA256) or whsk_ (Ed25519)"),
        ("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "must begin with whsec_ (HMAC-SHA256) or whsk_ (Ed25519)"),
        ("whsec_", BASE64.format("whsec_")),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", BASE64.format("whsec_")),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", BASE64.format("whsec_")),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-", BASE64.format("whsec_")),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS密", BASE64.format("whsec_")),
        (SEED[:-1], BASE64.format("whsk_")),
        (SEED[:-2] + "d=", BASE64.format("whsk_")),  # bits behind the end, which strict readers refuse
    ],
)
def test_a_key_that_is_none_is_told_in_a_sentence(secret: str, problem: str | None) -> None:
    assert standard_problem(secret) == problem


SENTENCES = {
    BASE64.format("whsec_"),
    BASE64.format("whsk_"),
    "must begin with whsec_ (HMAC-SHA256) or whsk_ (Ed25519)",
    "is a public key; a sender signs with the secret one, which begins with whsk_",
    "must hold 24 to 64 bytes, holds N",
    "must hold 32 bytes, or 64 with the public key behind them, holds N",
    "holds a public key that is not the one of its secret key",
}
keys = st.text() | st.binary().map(lambda key: b64encode(key).decode())


@given(st.sampled_from(["", "whsec_", "whsk_", "whpk_"]), keys)
def test_whatever_is_given_for_a_key_it_signs_or_is_told_in_a_sentence_without_it(prefix: str, key: str) -> None:
    problem = standard_problem(prefix + key)

    if problem is None:
        assert signed("standard", prefix + key)
    else:
        assert re.sub(r"holds \d+$", "holds N", problem) in SENTENCES


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("It's a Secret to Everybody", None),
        (" \n密", None),
        ("", "must not be empty"),
        ("\ud800", "must be valid Unicode text"),
    ],
)
def test_any_text_is_a_secret_for_githubs_scheme(secret: str, problem: str | None) -> None:
    assert github_problem(secret) == problem


def test_only_ed25519_keys_have_a_public_key() -> None:
    assert public_key(HMAC) is None
    assert public_key(PAIR) == public_key(SEED) == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="


@pytest.fixture
def without_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.mark.usefixtures("without_cryptography")
def test_without_cryptography_ed25519_keys_alone_are_out_of_reach_and_the_sentence_names_the_extra() -> None:
    assert signed("standard", HMAC)["webhook-signature"] == HMAC_SIGNATURE
    assert standard_problem(PAIR) is None
    for act in (lambda: signed("standard", PAIR), lambda: public_key(SEED)):
        with pytest.raises(ImportError, match=r"need the package cryptography: pip install 'bellwire\[ed25519\]'"):
            act()


# --- the table -------------------------------------------------------------------------------------------------------


def test_a_further_scheme_is_one_row_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """GitLab's: the secret itself, in a header."""

    def gitlab_signer(secrets: Sequence[str]) -> Sign:
        def sign(_id: bytes, _at: int, _body: bytes) -> Headers:
            return ((b"X-Gitlab-Token", secrets[0].encode()),)

        return sign

    gitlab = Scheme(problem=github_problem, signer=gitlab_signer)
    monkeypatch.setattr(request, "SCHEMES", {**SCHEMES, "gitlab": gitlab})
    config: Any = SimpleNamespace(signature="gitlab", signing_secret=(Secret("s3cret"),))  # the one more line: its name
    sign = request.signer_of(config)

    assert sign is not None
    assert sign(ID, AT, BODY) == ((b"X-Gitlab-Token", b"s3cret"),)


def test_the_vectors_are_about_real_keys() -> None:
    assert (
        Ed25519PrivateKey.from_private_bytes(b64decode(PAIR[5:])[:32]).public_key().public_bytes_raw()
        == b64decode(PAIR[5:])[32:]
    )
