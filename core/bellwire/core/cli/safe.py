"""Text from outside as it may be shown: nothing in it moves a cursor, colours a line, forges one, or hides.

Subjects, receivers' answers and errors come from strangers. On a terminal an escape sequence would be obeyed, a line
feed would begin a line that looks like ours, and a bidirectional control would show a text in another order.
"""

from __future__ import annotations

import re
from typing import Final

# Unicode's categories Cc, Cf, Cs, Zl and Zp, but for the line feed, which is added where it matters, and for the two
# joiners (U+200C, U+200D): Persian and Indic words and many emoji are written with them.
_UNSAFE: Final = (
    r"\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd"
    r"\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_in_text: Final = re.compile(f"[{_UNSAFE}\n]")
_in_json: Final = re.compile(f"[{_UNSAFE}]")


def safe(text: object) -> str:
    r"""*text* in one line, with what a terminal or an eye could be tricked by written as an escape.

    >>> print(safe("done\x1b[2J\r\nError: \u202egnp.exe"))
    done\x1b[2J\r\nError: \u202egnp.exe
    """
    return _in_text.sub(lambda found: ascii(found[0])[1:-1], str(text))


def safe_json(document: str) -> str:
    r"""The JSON text *document* with the same characters as JSON's own escapes: it still means the same.

    >>> print(safe_json('{"subject": "a\x9b2J"}'))
    {"subject": "a\u009b2J"}
    """
    return _in_json.sub(lambda found: _json_escape(found[0]), document)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
