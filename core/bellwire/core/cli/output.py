"""What commands print: results on standard output, what is said beside them on standard error, JSON as one document.

Every line goes through :func:`~bellwire.core.cli.safe.safe`, so that no command can forget to.
"""

from __future__ import annotations

import json
import sys

import click

from .safe import safe, safe_json


def say(*lines: str) -> None:
    """Prints *lines*, each of which stays one line, on standard output."""
    for line in lines:
        click.echo(safe(line))


def tell(*lines: str) -> None:
    """Prints *lines* on standard error: what a pipe should not get."""
    for line in lines:
        click.echo(safe(line), err=True)


def warn(*sentences: str) -> None:
    """Prints *sentences* on standard error, each marked as a warning."""
    tell(*(f"warning: {sentence}" for sentence in sentences))


def print_json(document: object) -> None:
    """Prints *document* on standard output.

    Non-ASCII text stands as itself where the output can carry it; what could trick a terminal, and lone surrogates, are
    JSON's escapes.
    """
    as_utf8 = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "").startswith("utf")
    click.echo(safe_json(json.dumps(document, ensure_ascii=not as_utf8, indent=2)))
