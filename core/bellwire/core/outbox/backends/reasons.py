"""What a database server's errors mean, in the same words for each server: what happened, and the way out.

``{text}`` is what the server or the driver said.
"""

from __future__ import annotations

from typing import Final

REFUSED: Final = "the server refuses the user or the password; correct `database`, or the server's rules ({text})"
NO_DATABASE: Final = "there is no such database; create it ({text})"
NO_RIGHT: Final = "the user lacks a right; grant it ({text})"
NO_TABLE: Final = "a table of Bellwire's is missing; run `bellwire migrate` ({text})"
READ_ONLY: Final = "the server is read-only; is it a standby? Name the primary in `database`"
DISK_FULL: Final = "the server's disk is full; free some room"
NO_CONNECTION_LEFT: Final = (
    "the server takes no further connection; raise its limit, or run fewer processes or threads ({text})"
)
LOCKED: Final = "another transaction keeps a lock; end it, or try again"
ENDED: Final = "the server ended the connection; was it stopped? ({text})"
STARTING: Final = "the server is starting or stopping; try again in a moment ({text})"
OUT_OF_REACH: Final = "the server cannot be reached; is it running, and are host and port in `database` right? ({text})"
UNKNOWN_OPTION: Final = "the driver does not know an option of the URL; correct `database` ({text})"
