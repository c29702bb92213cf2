"""What differs between databases: how one connects and begins, its clock and errors, and the hot statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bellwire.core.errors import DatabaseError

from .base import Backend
from .mysql import MySQL
from .postgresql import PostgreSQL
from .sqlite import SQLite

if TYPE_CHECKING:
    from sqlalchemy import URL

_BACKENDS: Final[dict[str, type[Backend]]] = {
    "sqlite": SQLite,
    "postgresql": PostgreSQL,
    "mysql": MySQL,
    "mariadb": MySQL,
}


def backend_for(url: URL) -> Backend:
    """The backend that *url* names."""
    name = url.get_backend_name()
    if name not in _BACKENDS:
        msg = (
            f"database: no database {name!r}; use sqlite:///FILE, postgresql://USER@HOST/NAME, "
            "mysql://USER@HOST/NAME or mariadb://USER@HOST/NAME"
        )
        raise DatabaseError(msg)
    return _BACKENDS[name](url)


__all__ = ["Backend", "backend_for"]
