"""The settings ``signature`` and ``signing_secret``: what is refused, what is warned of, and that no value is shown."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.channels.webhook import WebhookConfig, config
from bellwire.channels.webhook.scrub import scrub, secret_forms
from bellwire.hookspecs import MASK, InvalidConfig, Secret

URL = "http://192.168.21.34:8000"
HMAC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PAIR = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
SEED = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="


def webhook(signature: Any, *secrets: str, **more: Any) -> WebhookConfig:
    return WebhookConfig(
        signature=signature, signing_secret=tuple(Secret(secret) for secret in secrets), **({"url": URL} | more)
    )


def errors(signature: Any, *secrets: str, **more: Any) -> list[str]:
    with pytest.raises(InvalidConfig) as caught:
        webhook(signature, *secrets, **more)
    return [str(problem) for problem in caught.value.problems]


def warnings(signature: Any, *secrets: str, **more: Any) -> list[str]:
    problems = webhook(signature, *secrets, **more).problems()
    assert all(problem.severity == "warning" for problem in problems)
    return [str(problem) for problem in problems]


def test_by_default_nothing_is_signed() -> None:
    assert (WebhookConfig().signature, WebhookConfig().signing_secret) == ("none", ())


@pytest.mark.parametrize(
    ("signature", "secrets"),
    [
        ("standard", [HMAC]),
        ("standard", [PAIR, SEED, HMAC]),
        ("github", ["It's a Secret to Everybody"]),
        ("github", ["密", "a\nb"]),
    ],
)
def test_good_secrets_are_taken_in_silence(signature: str, secrets: list[str]) -> None:
    assert warnings(signature, *secrets, enable=True) == []


def test_a_signature_needs_a_secret_once_the_channel_is_enabled() -> None:
    assert errors("standard", enable=True) == ['signing_secret: is required while signature is "standard"']
    assert errors("github", enable=True) == ['signing_secret: is required while signature is "github"']
    assert warnings("standard") == []


def test_each_wrong_secret_of_several_is_told_with_its_place() -> None:
    assert errors("standard", "s3cret", HMAC, "whsec_s3cret", "whpk_s3cret") == [
        "signing_secret[0]: must begin with whsec_ (HMAC-SHA256) or whsk_ (Ed25519)",
        "signing_secret[2]: must be base64 after whsec_, with its padding (RFC 4648, section 4)",
        "signing_secret[3]: is a public key; a sender signs with the secret one, which begins with whsk_",
    ]
    assert errors("github", "") == ["signing_secret: must not be empty"]


def test_beside_a_url_that_cannot_be_used_wrong_secrets_are_told_too() -> None:
    assert [error.partition(":")[0] for error in errors("standard", "s3cret", url="http://xn--a")] == [
        "url",
        "signing_secret",
    ]


def test_more_secrets_than_a_change_needs_are_refused() -> None:
    assert errors("github", *"123456789") == ["signing_secret: must have at most 8 items, has 9"]


def test_a_secret_that_signs_nothing_is_warned_of() -> None:
    assert warnings("none", HMAC) == ['signing_secret: signs nothing while signature is "none"']


def test_blanks_around_a_secret_are_warned_of_where_they_may_be_meant() -> None:
    assert warnings("github", "a ", "b") == ["signing_secret[0]: begins or ends with blanks: was it pasted that way?"]


def test_where_cryptography_is_missing_an_ed25519_key_is_warned_of_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_spec(name: str) -> Any:
        return None if name == "cryptography" else importlib.util.find_spec(name)

    monkeypatch.setattr(config, "find_spec", find_spec)
    sentence = "Ed25519 keys (whsk_) need the package cryptography: pip install 'bellwire[ed25519]'"

    assert warnings("standard", SEED) == [f"signing_secret: {sentence}"]
    assert warnings("standard", HMAC) == []
    assert warnings("github", "whsk_any text") == []


def test_receivers_are_told_the_public_keys() -> None:
    one, two = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", "whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g="

    assert webhook("standard", HMAC, PAIR).for_receivers() == {"public key": one}
    assert webhook("standard", SEED, PAIR).for_receivers() == {"public key 1": two, "public key 2": one}
    assert webhook("standard", HMAC).for_receivers() == {}
    assert webhook("github", SEED).for_receivers() == {}
    assert webhook("none", SEED).for_receivers() == {}


def test_where_cryptography_is_missing_the_place_of_the_public_key_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> str:
        msg = "needs cryptography"
        raise ImportError(msg)

    monkeypatch.setattr(config, "public_key", missing)

    assert webhook("standard", SEED).for_receivers() == {"public key": "needs cryptography"}


canaries = st.text("abcdefghijkmnopqrstuvwxyz0123456789/+=", min_size=8, max_size=40).map("Zz{}zZ".format)


@given(st.sampled_from(["none", "standard", "github"]), st.sampled_from(["", "whsec_", "whsk_", "whpk_"]), canaries)
def test_no_message_and_no_repr_holds_a_signing_secret(signature: str, prefix: str, canary: str) -> None:
    try:
        made = webhook(signature, prefix + canary, enable=True)
    except InvalidConfig as error:
        seen = [str(error), repr(error)]
    else:
        seen = [repr(made), *map(str, made.problems()), repr(made.for_receivers())]

    assert not any(canary in text for text in seen)


def test_a_receiver_that_echoes_the_signing_secret_is_scrubbed() -> None:
    forms = secret_forms(webhook("standard", HMAC))

    assert scrub(f"I expected {HMAC}", forms) == f"I expected {MASK}"
    assert scrub(f"the key {HMAC.partition('_')[2]}", forms) == f"the key {MASK}"


def test_of_a_text_for_github_no_part_is_scrubbed() -> None:
    assert secret_forms(webhook("github", "a_b")) == ("a_b",)
