"""A text that never shows itself."""

from __future__ import annotations

import hmac
from typing import Final, NoReturn, final

MASK: Final = "********"
"""What is shown in place of every secret, whatever its length."""


@final
class Secret:
    """A secret text: a token, a password, a signing key.

    Its value leaves it by :meth:`reveal` alone. ``str``, ``repr``, ``format`` and so every log line and error show
    :data:`MASK`. It cannot be pickled, so that it does not travel into caches and task queues unseen.

    >>> token = Secret("s3cret")
    >>> token, f"{token}", str(token)
    (Secret('********'), '********', '********')
    >>> token.reveal()
    's3cret'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            msg = f"a Secret is made from str, not {type(value).__name__}"
            raise TypeError(msg)
        self._value = value

    def reveal(self) -> str:
        """The value itself. Call it as late as possible, and never in a message."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # bytes, because compare_digest raises on non-ASCII str
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        msg = "a Secret cannot be pickled: pass the name of an environment variable or a file instead"
        raise TypeError(msg)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self
