from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.scrub import scrub, secret_forms
from bellwire.hookspecs import MASK, Secret

LETTERS = st.text(st.sampled_from("abc"), min_size=1, max_size=5)


def test_nothing_is_secret_where_nothing_was_set() -> None:
    assert secret_forms(WebhookConfig(url="http://example.org/hook?v=1")) == ()


@pytest.mark.parametrize(
    "echo",
    [
        pytest.param("密钥\"'", id="as it is"),
        pytest.param("密钥\"'".encode().decode("latin-1"), id="its bytes taken for Latin-1"),
        pytest.param(json.dumps("密钥\"'"), id="as JSON in ASCII"),
        pytest.param(json.dumps("密钥\"'", ensure_ascii=False), id="as JSON"),
        pytest.param(
            json.dumps("密钥\"'".encode().decode("latin-1")), id="its bytes taken for Latin-1, as JSON in ASCII"
        ),
        pytest.param("hunter2!", id="the URL's password"),
        pytest.param("hunter2%21", id="the URL's password, as it stands there"),
        pytest.param("b3BzOmh1bnRlcjIh", id="the Basic credentials"),
        pytest.param("robot-key-1", id="a value of the URL's query"),
        pytest.param("key=robot-key-1&v=1", id="the whole query"),
    ],
)
def test_what_a_receiver_may_echo_is_known(echo: str) -> None:
    config = WebhookConfig(url="http://ops:hunter2%21@example.org/hook?key=robot-key-1&v=1", token=Secret("密钥\"'"))

    shown = scrub(f"<{echo}>", secret_forms(config))

    assert MASK in shown
    assert not any(form in shown for form in secret_forms(config))


def test_a_secret_within_another_leaves_no_rest() -> None:
    config = WebhookConfig(url="http://ops:abc@example.org", token=Secret("abcdef"))

    assert scrub("abcdef abc", secret_forms(config)) == f"{MASK} {MASK}"


@given(st.lists(LETTERS), LETTERS)
def test_no_secret_is_left_in_a_text(words: list[str], secret: str) -> None:
    assert secret not in scrub("".join(words), [secret])


@given(st.text("xyz"), st.text("abc", min_size=2), st.integers(min_value=1))
def test_a_secret_that_the_cut_went_through_leaves_no_beginning(before: str, secret: str, shown: int) -> None:
    assert scrub(before + secret[: shown % len(secret)], [secret], cut=True) == before
