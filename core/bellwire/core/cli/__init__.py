"""The command ``bellwire``.

``root`` the command itself · ``commands`` which there are · ``plugin_commands`` those of other packages · ``options``
what they share · ``session`` the bus that they open · ``safe``, ``output``, ``table``, ``documents``, ``logs`` what
they print · and one file per command, imported when it is run.
"""

from __future__ import annotations

from .root import main, root

__all__ = ["main", "root"]
