"""Tries the reader with the responses that llhttp's own tests are made of: ``python -m tests.fuzz.published FOLDER``.

FOLDER is ``test/response`` of a checkout of https://github.com/nodejs/llhttp (MIT licence). None of it is kept here;
tests/unit/http/test_cases_of_llhttp.py has cases of our own for the facts that they tell.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
from tests.fuzz.inputs import Input
from tests.fuzz.readers import Read, Reading, by_ours

_cases: Final = re.compile(
    r"^#+ (?P<name>[^\n]+)\n(?:(?!^#).)*?<!-- meta=(?P<meta>\{.*?\}) *-->\n```http\n(?P<http>.*?)```\n"
    r".*?```log\n(?P<log>.*?)```",
    re.MULTILINE | re.DOTALL,
)
_on_purpose: Final = re.compile(r"RTSP|ICE response|HTTP 101 response")
"""What we refuse though llhttp reads it: other protocols, and a switch to another one."""


@attrs.frozen
class Case:
    """A published response, and what llhttp's log says of its first answer that is not interim."""

    name: str
    given: Input
    refused: bool
    complete: bool
    status: int
    body: bytes

    def problem(self, ours: Reading) -> str | None:
        """What is wrong with *ours*, if anything is."""
        if _on_purpose.search(self.name) or self.refused:
            return f"is read: {ours}" if isinstance(ours, Read) else None
        if not isinstance(ours, Read):
            # some end before their length or their last chunk: llhttp waits on, but here the connection ends as well
            is_framed = re.search(rb"(?i)chunked|content-length", self.given.stream)
            return None if is_framed and not self.complete and ours.reason == "incomplete" else f"is {ours}"
        if (ours.status, ours.body) != (self.status, self.body):
            return f"is read as {ours}, and not as {self.status} {self.body!r}"
        return None


def cases(page: str) -> Iterator[Case]:
    """Those of one page, but for the ones that switch llhttp to a lenient mode."""
    for found in _cases.finditer(page):
        if '"response' in found["meta"] and "lenient" not in found["meta"]:
            yield _case(found["name"], _bytes(found["http"]), found["log"], to_head="skipBody" in found["meta"])


def _bytes(text: str) -> bytes:
    text = text.removesuffix("\n").replace("\\\n", "").replace("\n", "\r\n")
    for escape, meant in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\f", "\f")):
        text = text.replace(escape, meant)
    return text.encode()


def _case(name: str, stream: bytes, log: str, *, to_head: bool) -> Case:
    status, body, refused, complete = 0, b"", False, False
    for line in log.splitlines():
        if found := re.search(r"headers complete status=(\d+)", line):
            status = int(found[1])
        elif found := re.match(r"off=(\d+) len=(\d+) span\[body\]", line):
            body += stream[int(found[1]) : int(found[1]) + int(found[2])]
        elif "message complete" in line and (status >= 200 or status == 101):
            complete = True
            break
        elif "error code" in line:
            refused = True
            break
    return Case(name, Input(stream, (), to_head), refused, complete, status, body)


def main() -> int:
    """The program."""
    tried = problems = 0
    for page in sorted(Path(sys.argv[1]).glob("*.md")):
        for case in cases(page.read_text("utf-8")):
            tried += 1
            cuts = [(), *((at,) for at in range(1, len(case.given.stream))), tuple(range(1, len(case.given.stream)))]
            for cut in cuts:
                if problem := case.problem(by_ours(attrs.evolve(case.given, cuts=cut))):
                    problems += 1
                    print(f"{page.name}: {case.name}: {problem}")
                    break
    print(f"{tried} responses, each cut at every byte: {problems} read otherwise than llhttp's tests say")
    return 1 if problems or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
