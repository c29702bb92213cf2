"""The examples in README and docs work: CONTRIBUTING, "Examples in the docs", says how each kind of block is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import threading
import tomllib
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import attrs
import pytest
from click.exceptions import ClickException, Exit

from bellwire.core.cli.root import root

REPOSITORY: Final = Path(__file__).parents[3]
PAGES: Final = [
    *sorted(REPOSITORY.glob("README*.md")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
MARKS: Final = ("file", "copy of", "run", "not run", "setup")
RECEIVERS: Final = ("http://192.168.21.34:8000", "http://127.0.0.1:8000")
DEFAULT_CONFIG: Final = f'[channels.ops]\ntype = "webhook"\nenable = true\nurl = "{RECEIVERS[0]}"\n'
TRUSTED_COMMANDS: Final = frozenset(
    ("celery", "curl", "echo", "export", "flask", "gunicorn", "jq", "pip", "python", "systemctl", "uvicorn")
)

_fences: Final = re.compile(
    r"^(?P<indent> *)(?P<fence>```+) *(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
_comments: Final = re.compile(r"<!-- (?P<mark>[a-z ]+?)(?:(?::|\n)\s*(?P<value>.*?))?\s*-->", re.DOTALL)


@attrs.frozen
class Block:
    """One fenced block, with the marks in the comments above it."""

    line: int
    language: str
    text: str
    marks: Mapping[str, str]


def blocks_of(page: str) -> Iterator[Block]:
    end = 0
    for found in _fences.finditer(page):
        above = re.search(r"(?:^ *<!--(?:(?!-->).)*-->\s*)+\Z", page[end : found.start()], re.MULTILINE | re.DOTALL)
        marks = {m["mark"]: m["value"] or "" for m in _comments.finditer(above[0])} if above else {}
        line = page.count("\n", 0, found.start()) + 1
        unknown = set(marks) - set(MARKS)
        assert not unknown, f"line {line}: no mark {', '.join(unknown)}; there are {', '.join(MARKS)}"
        yield Block(line, found["language"], textwrap.dedent(found["text"]), marks)
        end = found.end()


def secret_for(name: str) -> str:
    return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" if name.endswith("SIGNING_SECRET") else "example"


@attrs.frozen
class Page:
    """A page's folder, its environment, and the receiver that its URLs lead to."""

    folder: Path
    receiver: str
    secrets: dict[str, str] = attrs.field(factory=dict)

    def localised(self, text: str) -> str:
        for url in RECEIVERS:
            text = text.replace(url, self.receiver)
        return text

    def prepare(self, blocks: list[Block]) -> None:
        """Writes the files of the page, so that an example may come before the file that it needs."""
        (self.folder / "bellwire.toml").write_text(self.localised(DEFAULT_CONFIG), "utf-8")
        for block in blocks:
            names = re.findall(r'(?:env = "|--token-env |environ\[")(\w+)', block.text)
            self.secrets.update({name: secret_for(name) for name in names})
            if name := block.marks.get("file"):
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / name).write_text(self.localised(block.text), "utf-8")
            if block.language == "toml" and "entry-points" in block.text:
                self._pretend_installed(tomllib.loads(block.text)["project"])

    def _pretend_installed(self, project: Mapping[str, object]) -> None:
        info = self.folder / "example-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example\nVersion: 1.0\n", "utf-8")
        groups = project["entry-points"]
        assert isinstance(groups, Mapping)
        lines = [
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")

    def run(self, command: str | list[str]) -> str:
        """What *command* prints; it must succeed."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            command,
            shell=isinstance(command, str),
            cwd=self.folder,
            env={**inherited, "PATH": path, "PYTHONPATH": str(self.folder), "COLUMNS": "200", **self.secrets},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def problem(self, block: Block) -> str | None:
        """What is wrong with *block*, if anything is."""
        try:
            self._check(block)
        except (AssertionError, SyntaxError, ValueError, KeyError, OSError, subprocess.SubprocessError) as error:
            return f"line {block.line}: {error}"
        return None

    def _check(self, block: Block) -> None:
        if copied := block.marks.get("copy of"):
            assert block.text == (REPOSITORY / copied).read_text("utf-8"), f"differs from {copied}"
            return
        match block.language:
            case "python":
                self._python(block)
            case "toml":
                self._toml(block)
            case "console":
                self._console(block)
            case "json":
                json.loads(block.text)

    def _python(self, block: Block) -> None:
        name = block.marks.get("file", f"line_{block.line}.py")
        setup = f"{block.marks['setup']}\n" if "setup" in block.marks else ""
        (self.folder / name).write_text(self.localised(setup + block.text), "utf-8")
        if "not run" in block.marks:
            compile(block.text, name, "exec")
        elif Path(name).name.startswith("test_"):
            self.run([sys.executable, "-m", "pytest", "-q", "-W", "error", name])
        else:
            self.run([sys.executable, "-W", "error", name])

    def _toml(self, block: Block) -> None:
        settings = tomllib.loads(block.text)
        if "not run" in block.marks:
            return
        if "project" in settings:
            for points in settings["project"].get("entry-points", {}).values():
                for point in points.values():
                    module, _, attribute = point.partition(":")
                    self.run([sys.executable, "-c", f"import {module}; {module}.{attribute}"])
        else:
            name = block.marks.get("file", f"line_{block.line}.toml")
            (self.folder / name).write_text(self.localised(block.text), "utf-8")
            self.run(["bellwire", "check", "--config", name])

    def _console(self, block: Block) -> None:
        for command, expected in commands_of(block.text):
            if "run" in block.marks:
                printed = self.run(self.localised(command)).replace(self.receiver, RECEIVERS[1])
                assert alike(printed, expected), f"$ {command}\nprinted\n{printed}\nand the page says\n{expected}"
            elif "not run" not in block.marks:
                check_command(command)


def commands_of(text: str) -> list[tuple[str, str]]:
    """Each command, and what the page says that it prints."""
    assert text.startswith("$ "), "a console block begins with a command: `$ …`"
    parts = re.split(r"^\$ ", text.replace("\\\n", ""), flags=re.MULTILINE)[1:]
    return [(command, expected) for command, _, expected in (part.partition("\n") for part in parts)]


def alike(printed: str, expected: str) -> bool:
    """Whether they are the same but for times, ids and the like; a line of ``...`` stands for any lines."""
    pattern = re.escape(without_chance(expected)).replace(re.escape("...\n"), r"(?:.*\n)*")
    return re.fullmatch(pattern, without_chance(printed)) is not None


def without_chance(text: str) -> str:
    for pattern, instead in (
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
        (r"\d{4}-\d\d-\d\d[ T]", ""),
        (r"\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)?", "TIME"),
        (r"\b\d+(\.\d+)?(e-\d+)? (ms|s)\b", "DURATION"),
        (r"(?<=pid )\d+", "PID"),
        (r"(?<=sent from )\S+(?=\n)", "HOST"),
        (r"(?<=connect  ok) *DURATION  \S+", "  DURATION  ADDRESS"),
        (r"\S+(?= may be reached)", "ADDRESS"),
        (r"(?<=connection refused)\S*", ""),
        (r"/\S*/(?=bellwire\.)", "/"),
        (r" +$", ""),
        (r" {2,}", "  "),
    ):
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text.strip() + "\n"


def check_command(line: str) -> None:
    """The command exists, with all of its options."""
    for words in _simple_commands(shlex.split(line, comments=True)):
        program, *arguments = words
        if program == "bellwire":
            try:
                with root.make_context("bellwire", arguments) as context:
                    name, command, rest = root.resolve_command(context, [*context._protected_args, *context.args])
                    assert command is not None
                    command.make_context(name, rest, parent=context)
            except ClickException as error:
                message = f"{line}: {error.format_message()}"
                raise AssertionError(message) from error
            except Exit:
                pass  # --help and --version
        elif program == "make":
            targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
            missing = [word for word in arguments if "=" not in word and word not in targets]
            assert not missing, f"{line}: no such target"
        else:
            assert program in TRUSTED_COMMANDS, f"{line}: the tests do not know {program}"


def _simple_commands(words: list[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in [*words, ";"]:
        if word in {"|", "&&", ";", "&"}:
            if command:
                yield command
            command = []
        elif command or not re.match(r"\w+=", word):
            command.append(word)


@pytest.fixture
def receiver() -> Iterator[str]:
    """Where something answers 200 to every POST."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"OK\n")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_example_of_the_page_works(page: Path, tmp_path: Path, receiver: str) -> None:
    blocks = list(blocks_of(page.read_text("utf-8")))
    run = Page(tmp_path, receiver)
    run.prepare(blocks)
    problems = [problem for block in blocks if (problem := run.problem(block))]
    assert not problems, "\n\n".join(problems)


def test_a_page_without_examples_would_be_seen() -> None:
    shown = [page for page in PAGES if any(block.language == "python" for block in blocks_of(page.read_text("utf-8")))]
    assert {"README.md", "README.zh.md", "index.md", "quickstart.md", "hosts.md", "channels.md"} <= {
        page.name for page in shown
    }


@pytest.mark.parametrize(
    ("example", "problem"),
    [
        ("```python\n1 / 0\n```", "ZeroDivisionError"),
        ("```python\nimport warnings; warnings.warn('old')\n```", "UserWarning"),
        ("<!-- not run: why -->\n\n```python\n1 /\n```", "invalid syntax"),
        ('```toml\n[channels.ops]\ntype = "webhok"\n```', "did you mean 'webhook'?"),
        ('```toml\n[project.entry-points."bellwire.channels"]\npager = "no_such_module:A"\n```', "no_such_module"),
        ("```console\n$ bellwire chekc\n```", "chekc"),
        ("```console\n$ bellwire worker --twice\n```", "--twice"),
        ("```console\n$ make coffee\n```", "no such target"),
        ("```console\n$ rm -rf /\n```", "the tests do not know rm"),
        ("<!-- run -->\n\n```console\n$ echo one\ntwo\n```", "$ echo one"),
        ("<!-- copy of: LICENSE -->\n\n```\nnot a licence\n```", "differs from LICENSE"),
        ("```json\n{'a': 1}\n```", "property name"),
    ],
)
def test_a_wrong_example_is_found_out(example: str, problem: str, tmp_path: Path) -> None:
    (block,) = blocks_of(f"Text.\n\n{example}\n")
    run = Page(tmp_path, RECEIVERS[1])
    run.prepare([block])
    assert problem in str(run.problem(block))


def test_a_mark_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(AssertionError, match="line 3: no mark skip"):
        list(blocks_of("<!-- skip: why -->\n\n```python\n```\n"))
