"""Bodies that came compressed although ``identity`` was asked for: inflated, but never beyond a cap. Pure."""

from __future__ import annotations

import zlib
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS
_FORMATS: Final = {
    b"gzip": (_GZIP,),
    b"x-gzip": (_GZIP,),
    b"deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS),  # RFC 9110 means zlib's format; many send the bare one
}


def inflate(body: bytes, coding: bytes, cap: int) -> tuple[bytes, bool] | None:
    """At most *cap* bytes of the decoded *body*, and whether there was more; ``None`` where it cannot be decoded.

    A body that ends early is decoded as far as it goes.
    """
    for window in _FORMATS.get(coding.strip().lower(), ()):
        decoder = zlib.decompressobj(window)
        try:
            plain = decoder.decompress(body, cap + 1)
        except zlib.error:
            continue
        return plain[:cap], len(plain) > cap
    return None
