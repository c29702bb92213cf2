"""Ids that a host may well use, and that databases are known to confuse."""

from __future__ import annotations

from typing import Final

# Each of these differs from another one by case, accents, trailing blanks or normalisation alone.
IDS: Final = [
    *("wf-1", "WF-1", "wf-1 ", "wf-1\t", " wf-1", "Wf-1", "wf–1"),
    *("ß", "ss", "SS", "é", "e\u0301", "E", "e", "ı", "i", "I", "İ"),
    *(
        '"',
        "'",
        "''",
        '"; DROP TABLE bellwire_events; --',
        "\\",
        "\\\\",
        "%",
        "_",
        "{}",
        "[1]",
        "null",
        "NaN",
        "1",
        "01",
        "1.0",
    ),
    *("🔔", "🔕", "👩‍👩‍👧", "工单-1", "工单－1", "\u200b", "a\u200b", "a", "\n", "\r\n", "\u2028"),
    "x" * 200,
]
