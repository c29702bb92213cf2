"""The outbox's database as a setting: the form of its URL, and what a relative path is relative to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bellwire.core.plugins import did_you_mean
from bellwire.hookspecs import redact_url

if TYPE_CHECKING:
    from pathlib import Path

_DIALECTS: Final = ("sqlite", "postgresql", "mysql", "mariadb")
_url_start: Final = re.compile(r"(?P<dialect>[a-z]+)(\+[a-z0-9_]+)?://", re.ASCII).match
_relative_sqlite: Final = re.compile(
    r"(?P<scheme>sqlite(?:\+\w+)?:///)(?P<path>(?![/:]|file:)[^?]+)(?P<query>\?.*)?"
).fullmatch


def database_problem(url: str) -> str | None:
    """Why *url* cannot be the outbox's database, by its form alone.

    >>> database_problem("sqlite:///bellwire.db"), database_problem("sqlit:///bellwire.db")
    (None, "no database 'sqlit', did you mean 'sqlite'?")
    """
    found = _url_start(url)
    if found is None:
        return f"must be a URL such as sqlite:///bellwire.db or postgresql://user@host/name, got {redact_url(url)!r}"
    dialect = found["dialect"]
    if dialect == "postgres":
        return "must begin with postgresql://; postgres:// is the old way to write it"
    if dialect not in _DIALECTS:
        hint = did_you_mean(dialect, _DIALECTS) or f"; there are {', '.join(_DIALECTS)}"
        return f"no database {dialect!r}{hint}"
    return None


def beside(folder: Path, url: str) -> tuple[str, str | None]:
    """*url*, with a relative SQLite path made absolute from *folder*; and why that cannot be done, if it cannot.

    >>> from pathlib import Path
    >>> beside(Path("/srv"), "sqlite:///bellwire.db"), beside(Path("/srv"), "sqlite:///:memory:")
    (('sqlite:////srv/bellwire.db', None), ('sqlite:///:memory:', None))
    """
    found = _relative_sqlite(url)
    if found is None:
        return url, None
    # SQLAlchemy reads a "?" as the beginning of options, and from 2.1 on a "%" as the beginning of an escape
    if odd := next((character for character in "?%" if character in str(folder)), None):
        return url, f"a database URL cannot name the folder {str(folder)!r}, because of the {odd!r} in it; move it"
    return f"{found['scheme']}{folder / found['path']}{found['query'] or ''}", None
