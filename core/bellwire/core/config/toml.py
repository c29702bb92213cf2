"""The configuration file: which one it is, and what stands in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from bellwire.core.errors import ConfigError
from bellwire.hookspecs import Problem

FILE_NAME: Final = "bellwire.toml"
FILE_VARIABLE: Final = "BELLWIRE_CONFIG"
_LARGEST: Final = 1 << 20


@attrs.frozen
class FileLayer:
    """What the file says; where there is none, nothing."""

    raw: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    source: Path | None = None
    """The file's absolute path."""

    @property
    def folder(self) -> Path:
        """Where relative paths start: beside the file, else in the working directory."""
        # not resolved: where a file is mounted by symbolic links, beside it means beside the name it was given
        return self.source.parent if self.source else Path.cwd()


def find_file(path: str | Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: *path*, else what ``BELLWIRE_CONFIG`` names, else ``bellwire.toml`` here if there is one."""
    named = path or environ.get(FILE_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    here = Path(FILE_NAME).absolute()
    return here if here.exists() else None


def read_file(path: Path | None) -> FileLayer:
    """Reads the TOML file *path*. Raises :class:`ConfigError` with the line, and never with what stands there."""
    if path is None:
        return FileLayer()
    try:
        return FileLayer(tomllib.loads(_text(path)), path)
    except _Unreadable as error:
        message = str(error)
    except tomllib.TOMLDecodeError as error:
        message = _syntax(str(error), path)
    except (RecursionError, ValueError) as error:
        message = (
            f"is not readable as TOML: {'it is nested too deeply' if isinstance(error, RecursionError) else error}"
        )
    raise ConfigError([Problem("", message)], source=str(path))


class _Unreadable(Exception):
    pass


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        msg = f"there is no such file; `bellwire init` writes one, and --config or {FILE_VARIABLE} names another"
        raise _Unreadable(msg) from None
    except OSError as error:
        msg = f"it cannot be read: {error.strerror or error}"
        raise _Unreadable(msg) from error
    if len(content) > _LARGEST:
        msg = f"it is larger than {_LARGEST >> 20} MiB, so it is hardly a configuration"
        raise _Unreadable(msg)
    try:
        return content.decode("utf-8-sig")  # some editors begin files with a byte order mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        msg = f"line {line}: is not UTF-8, which TOML files are written in; save it as UTF-8"
        raise _Unreadable(msg) from None


def _syntax(message: str, path: Path) -> str:
    """The words of tomllib, the place first; the line itself may hold a secret, so at most its key is shown."""
    found = re.fullmatch(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", message)
    what = found["what"] if found else message
    if not found or not found["line"]:
        return f"end of the file: {what}"
    where = f"line {found['line']}, column {found['column']}"
    line = _text(path).splitlines()[int(found["line"]) - 1 :][:1]
    key = re.match(r"\s*([A-Za-z0-9_.-]+)\s*=", line[0]) if line else None
    hints = {
        "Invalid value": "text stands in quotes",
        "Cannot overwrite a value": "the same key stands twice",
        "Cannot declare": "the same table stands twice",
        "Expected '=' after a key": "a setting is written key = value",
    }
    hint = next((f"; {hint}" for beginning, hint in hints.items() if what.startswith(beginning)), "")
    return f"{where}: {what}{f' after `{key[1]} =`' if key else ''}{hint}"
