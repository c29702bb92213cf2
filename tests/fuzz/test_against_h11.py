"""A small run of what ``make fuzz`` does a million times."""

from __future__ import annotations

import pytest
from tests.fuzz.against_h11 import tally
from tests.fuzz.compare import Disagreement, compare
from tests.fuzz.inputs import Input
from tests.fuzz.rules import LAXER, STRICTER

HEAD = b"HTTP/1.1 200 OK\r\n"


def whole(stream: bytes) -> Input:
    return Input(stream, cuts=(), to_head=False)


def test_ours_and_h11_read_mutated_answers_alike_or_a_rule_says_why_not() -> None:
    found = tally(seed=4, count=8_000)
    assert not found.disagreements, found.disagreements[0]
    assert all(found.outcomes[outcome] > 100 for outcome in ("read", "refused", "stricter", "laxer"))


EXAMPLES = {
    "a line ends in LF": HEAD + b"X: 1\n\r\n",
    "a chunk's extension": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;\r\nx\r\n0\r\n\r\n",
    "blanks stand behind": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n",
    "Transfer-Encoding and Content-Length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "Content-Length comes more than once": HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "Content-Length is 2^64": b"HTTP/1.1 304 X\r\nContent-Length: 18446744073709551616\r\n\r\n",
    "a line goes on": HEAD + b"X: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
    "a header's value holds": HEAD + b"X: \x02\r\nContent-Length: 0\r\n\r\n",
    "a tab or a comma": HEAD + b"Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
    "the version is none": b"HTTP/9.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "an interim answer says": b"HTTP/1.1 103 X\r\nConnection: close\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n",
    "empty lines, or a CR": b"\r\n\r\n" + HEAD + b"Content-Length: 1\r\n\r\nx",
    "the reason phrase": b"HTTP/1.1 200 O\x0bK\r\nContent-Length: 1\r\n\r\nx",
    "Transfer-Encoding is something else": HEAD + b"Transfer-Encoding: gzip\r\n\r\nabc",
    "the trailer holds": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_rule_has_an_example(name: str) -> None:
    assert [rule.name[: len(name)] for rule in compare(whole(EXAMPLES[name])).rules] == [name]


def test_no_rule_is_without_an_example() -> None:
    assert all(any(rule.name.startswith(name) for name in EXAMPLES) for rule in (*STRICTER, *LAXER))


def test_several_transfer_encodings_are_one_list_also_when_the_answer_is_cut() -> None:
    # The connection ends in the middle of a chunk: that is no whole answer, however the codings are spread on lines.
    lines = b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert compare(whole(HEAD + lines + b"5\r\nhel")).outcome == "refused"
    assert compare(whole(HEAD + lines + b"5\r\nhello\r\n0\r\n\r\n")).outcome == "laxer"


def test_a_difference_that_no_rule_explains_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.compare.STRICTER", ())
    with pytest.raises(Disagreement, match="we refuse what h11 reads"):
        compare(whole(EXAMPLES["a line goes on"]))
