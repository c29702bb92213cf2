from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback

import pytest

from bellwire.hookspecs import MASK, Secret


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{!r}".format, "%s".__mod__, "{:>20}".format, ascii])
def test_no_way_of_showing_it_shows_it(show: object) -> None:
    assert callable(show)
    shown = show(Secret("s3cret"))
    assert "s3cret" not in shown
    assert MASK in shown


def test_its_length_is_not_shown_either() -> None:
    assert repr(Secret("a")) == repr(Secret("a" * 100))
    assert not hasattr(Secret("a"), "__len__")


def test_logs_and_tracebacks_show_none(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("s3cret")
    logging.getLogger("x").warning("token %s %r", secret, secret)
    shown = "".join(traceback.format_exception(ValueError(secret)))
    assert "s3cret" not in caplog.text + shown


def test_its_value_leaves_it_by_reveal_alone() -> None:
    assert Secret("s3cret").reveal() == "s3cret"
    with pytest.raises(TypeError):
        json.dumps(Secret("s3cret"))
    with pytest.raises(TypeError):
        "Bearer " + Secret("s3cret")  # type: ignore[operator]  # the misuse
    assert not hasattr(Secret("s3cret"), "__dict__")


def test_it_is_made_from_text_and_says_so_without_the_value() -> None:
    for value in (b"s3cret", 5, None, ["s3cret"]):
        with pytest.raises(TypeError, match=f"a Secret is made from str, not {type(value).__name__}") as caught:
            Secret(value)  # type: ignore[arg-type]  # the misuse
        assert "s3cret" not in str(caught.value)


def test_it_does_not_travel_into_queues_unseen() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="a Secret cannot be pickled: pass the name of an environment variable"):
            pickle.dumps(Secret("s3cret"), protocol)
    assert copy.copy(Secret("s3cret")) == copy.deepcopy(Secret("s3cret")) == Secret("s3cret")


def test_it_compares_with_its_kind_alone() -> None:
    assert Secret("密") == Secret("密")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("\ud800") == Secret("\ud800")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_an_empty_one_is_false() -> None:
    assert not Secret("")
    assert Secret(" ")
