"""``bellwire init``: a commented configuration file, and a key beside it."""

from __future__ import annotations

import base64
import os
import secrets
import shlex
from pathlib import Path
from typing import Final

import click

from bellwire.core.errors import BellwireError

from .init_template import TEMPLATE
from .output import say, warn

CONFIG_NAME: Final = "bellwire.toml"
KEY_NAME: Final = "bellwire.key"


@click.command("init", short_help="Write a commented bellwire.toml, and a key.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to.  [default: the working directory]",
)
def command(*, directory: Path) -> None:
    """Write a commented bellwire.toml, and a key.

    Nothing that exists is overwritten. The key, bellwire.key, is readable by its owner alone; keep it out of version
    control.
    """
    folder = directory.absolute()
    config, key = folder / CONFIG_NAME, folder / KEY_NAME
    if config.exists() or config.is_symlink():
        raise BellwireError(_exists(config))
    key_is_new = _write_key(key)
    try:
        _write_new(config, TEMPLATE, mode=0o644)
    except BaseException:
        if key_is_new:
            key.unlink(missing_ok=True)
        raise
    say(f"wrote {config}")
    say(f"wrote {key}" if key_is_new else f"kept {key}, which was there already")
    if not key_is_new and key.stat().st_mode & 0o077:
        warn(f"{key} can be read by others than its owner: chmod 600 {key}")
    say("", "Next: in bellwire.toml set the url of [channels.ops-webhook], and enable it; then")
    at = "" if folder == Path.cwd() else f" --config {shlex.quote(str(config))}"
    say(f"  bellwire check{at}", f"  bellwire test ops-webhook{at}")


def _write_key(path: Path) -> bool:
    """Writes a new key, unless there is one: it may be what the secrets of a database are encrypted with."""
    # a Fernet key, without the cryptography package: 32 random bytes in URL-safe base64
    content = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() + "\n"
    try:
        _write_new(path, content, mode=0o600)
    except _Exists:
        return False
    return True


class _Exists(BellwireError):
    pass


def _exists(path: Path) -> str:
    return f"{path} exists already, and is left as it is; edit it, or write elsewhere with --directory"


def _write_new(path: Path, content: str, *, mode: int) -> None:
    """Creates *path* with *mode* from its first moment; neither a file nor a link of that name may be there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise _Exists(_exists(path)) from error
    except OSError as error:
        hint = "" if path.parent.is_dir() else f"; is {path.parent} a folder? mkdir -p creates one"
        msg = f"{path} cannot be written: {error.strerror}{hint}"
        raise BellwireError(msg) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        path.unlink(missing_ok=True)
        msg = f"{path} cannot be written: {error.strerror}"
        raise BellwireError(msg) from error
