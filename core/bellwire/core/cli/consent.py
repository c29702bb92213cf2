"""Asking before much is done, or what cannot be undone."""

from __future__ import annotations

import sys

import click


def require_consent(question: str, *, yes: bool, so_that: str) -> None:
    """Asks on the terminal; with *yes*, or after a yes, returns. Else the command ends, and nothing was done.

    Where nobody can be asked it is a usage error: ``--yes`` is required there, *so_that* something happens.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        msg = f"nobody can be asked here; add --yes to {so_that}, or --dry-run to see what would be done"
        raise click.UsageError(msg)
    click.confirm(question, err=True, abort=True)
