from __future__ import annotations

import errno
import io
import socket
import sys
from importlib.metadata import EntryPoint

import click
import pytest

from bellwire.channels.webhook.listen import cli, command


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_entry_point_leads_to_the_command() -> None:
    entry_point = EntryPoint("listen", "bellwire.channels.webhook.listen:command", "bellwire.commands")

    assert entry_point.load() is command
    assert isinstance(command, click.Command)
    assert command.name == "listen"


def test_on_a_terminal_the_token_is_asked_for_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []

    def prompt(text: str, *, hide_input: bool) -> str:
        asked.append((text, hide_input))
        return "s3cret"

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(click, "prompt", prompt)

    assert cli._token(ask=True, variable=None) == "s3cret"
    assert asked == [("Token", True)]


def test_on_a_terminal_a_signing_secret_is_asked_for_unseen_and_joins_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(click, "prompt", lambda text, *, hide_input: f"{text}{hide_input}")
    monkeypatch.setenv("ANOTHER", "other")

    check = cli._signature_check("github", ask=True, variables=("ANOTHER",))

    assert check is not None
    assert (check.scheme, check.secrets) == ("github", ("other", "Signing secretTrue"))


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        (OSError(errno.EADDRINUSE, "in use"), "choose another port with --port"),
        (OSError(errno.EACCES, "denied"), "choose one from 1024 up"),
        (OSError(errno.EADDRNOTAVAIL, "no"), "--host 127.0.0.1 listens to itself"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (OSError("odd"), "odd"),
    ],
)
def test_why_it_cannot_listen_comes_with_a_way_out(error: OSError, way_out: str) -> None:
    sentence = cli._why_not(error, "h", 80)

    assert way_out in sentence
    assert sentence.endswith(".")
