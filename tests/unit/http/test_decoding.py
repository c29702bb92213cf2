from __future__ import annotations

import gzip
import tracemalloc
import zlib

from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.http.decoding import inflate


@given(st.binary(max_size=200), st.integers(1, 250))
def test_at_most_the_cap_is_decoded_and_the_rest_is_told(plain: bytes, cap: int) -> None:
    expected = (plain[:cap], len(plain) > cap)
    bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    assert inflate(gzip.compress(plain), b"gzip", cap) == expected
    assert inflate(zlib.compress(plain), b" Deflate ", cap) == expected
    assert inflate(bare.compress(plain) + bare.flush(), b"deflate", cap) == expected


def test_a_body_that_ends_early_is_decoded_as_far_as_it_goes() -> None:
    decoded = inflate(gzip.compress(bytes(range(256)))[:-20], b"gzip", 1000)
    assert decoded is not None
    plain, more = decoded
    assert 0 < len(plain) < 256
    assert plain == bytes(range(256))[: len(plain)]
    assert not more


@given(st.binary(max_size=50), st.sampled_from([b"gzip", b"deflate", b"br", b"", b"zstd", b"\xff"]))
def test_whatever_comes_is_decoded_or_left_alone(body: bytes, coding: bytes) -> None:
    assert inflate(body, coding, 10) is None or coding in {b"gzip", b"deflate"}


def test_an_unknown_coding_is_left_alone() -> None:
    assert inflate(b"x", b"br", 10) is None


def test_what_lies_beyond_the_cap_is_never_inflated() -> None:
    bomb = gzip.compress(bytes(40_000_000))
    tracemalloc.start()
    try:
        assert inflate(bomb, b"gzip", 1000) == (bytes(1000), True)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
