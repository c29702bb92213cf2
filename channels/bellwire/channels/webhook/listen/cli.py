"""The command line of ``bellwire listen``."""

from __future__ import annotations

import errno
import json
import os
import queue
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from .receiver import Noise, Received, Receiver
from .show import as_json, as_text
from .signature import SignatureCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from .signature import SchemeName


def _print_schema(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click calls it so
    if wanted and not context.resilient_parsing:
        from bellwire.channels.webhook.payload_schema import payload_schema

        click.echo(json.dumps(payload_schema(), indent=2))
        context.exit()


@click.command(
    "listen",
    epilog="No option takes a secret itself: it would stand in the shell's history and in the list of processes.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--fail", type=click.IntRange(0), metavar="N", help="Fail the first N requests that are right.")
@click.option(
    "--status",
    type=click.IntRange(200, 599),
    help="What a failing request is answered.  [default: 500]  Without --fail, every request is answered so.",
)
@click.option("--token", "ask_token", is_flag=True, help="Ask for a token, and answer 401 to requests without it.")
@click.option("--token-env", metavar="NAME", help="The same, with the token from this environment variable.")
@click.option(
    "--signing-secret",
    "ask_secret",
    is_flag=True,
    help="Ask for a signing secret, and answer 401 where it did not sign.",
)
@click.option(
    "--signing-secret-env",
    "secret_variables",
    metavar="NAME",
    multiple=True,
    help="The same, with the secret from this environment variable. May be given several times: any of them will do.",
)
@click.option(
    "--signature",
    "scheme",
    type=click.Choice(["standard", "github"]),
    help="How the sender signs, as its setting has it.  [default: standard]",
)
@click.option("--count", type=click.IntRange(1), metavar="N", help="Stop after N requests.")
@click.option("--pretty", is_flag=True, help="Spread JSON bodies over several lines.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of the bodies that come, and stop.",
)
@click.option("--json", "json_lines", is_flag=True, help="Print one line of JSON per request.")
def command(
    *,
    port: int,
    host: str,
    fail: int | None,
    status: int | None,
    ask_token: bool,
    token_env: str | None,
    ask_secret: bool,
    secret_variables: tuple[str, ...],
    scheme: SchemeName | None,
    count: int | None,
    pretty: bool,
    json_lines: bool,
) -> None:
    """Receive webhooks, print them, and check them.

    A receiver to develop with: point a webhook's url at it, and see what comes. Each request is shown as it arrived and
    answered 200; 400 when its body is no event, 401 when its token or its signature is wrong, 405 when it is no POST. A
    webhook-id that came before is pointed out.

    A public key (whpk_) is a signing secret, too, as far as checking goes.

    With --json the first line is {"listening": URL}; then comes one line per request.
    """
    stopped: queue.SimpleQueue[str] = queue.SimpleQueue()  # the one queue that a signal handler may write to
    total = 0

    def print_arrival(arrival: Received | Noise) -> None:
        nonlocal total
        try:
            _print(as_json(arrival) if json_lines else as_text(arrival, pretty=pretty))
        except OSError:  # whoever read our output is gone
            stopped.put("output")
        if isinstance(arrival, Received):
            total = arrival.number
            if total == count:
                stopped.put("count")

    receiver = Receiver(
        host=host,
        port=port,
        token=_token(ask=ask_token, variable=token_env),
        signature=_signature_check(scheme, ask=ask_secret, variables=secret_variables),
        fail=None if fail is None and status is not None else fail or 0,
        status=status or 500,
        on_arrival=print_arrival,
    )
    try:
        receiver.start()
    except OSError as error:
        raise click.ClickException(_why_not(error, host, port)) from error
    try:
        with _signals(lambda: stopped.put("signal")):
            if json_lines:
                _print(json.dumps({"listening": receiver.url}))
            else:
                _print(f"listening on {receiver.url} (Ctrl+C to stop)\n")
            reason = stopped.get()
    finally:
        receiver.stop()
    if not json_lines and reason != "output":
        click.echo(f"received {total} request{'s' if total != 1 else ''}", err=True)


def _print(text: str) -> None:
    # an ASCII terminal shows escapes where it has no character; without this it would end the request's thread
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def _token(*, ask: bool, variable: str | None) -> str | None:
    if ask and variable:
        msg = "give --token or --token-env, not both"
        raise click.UsageError(msg)
    if variable:
        return _from_environment("--token-env", variable)
    return _asked_for("--token", "Token") if ask else None


def _signature_check(scheme: SchemeName | None, *, ask: bool, variables: tuple[str, ...]) -> SignatureCheck | None:
    secrets = [_from_environment("--signing-secret-env", variable) for variable in variables]
    if ask:
        secrets.append(_asked_for("--signing-secret", "Signing secret"))
    if not secrets:
        if scheme:
            msg = "--signature needs a secret: give --signing-secret or --signing-secret-env NAME"
            raise click.UsageError(msg)
        return None
    try:
        return SignatureCheck(scheme=scheme or "standard", secrets=tuple(secrets))
    except (ValueError, ImportError) as error:
        msg = f"the signing secret cannot be used: {error}"
        raise click.UsageError(msg) from None


def _from_environment(option: str, variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        msg = f"{option}: the environment variable {variable} is {'empty' if value == '' else 'not set'}"
        raise click.UsageError(msg)
    return value


def _asked_for(option: str, prompt: str) -> str:
    if not sys.stdin.isatty():
        msg = f"{option} asks on a terminal, and there is none; use {option}-env NAME"
        raise click.UsageError(msg)
    return str(click.prompt(prompt, hide_input=True))


def _why_not(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} on {host} is in use by another program. Stop that one, choose another port with --port, "
                "or let the system choose with --port 0."
            )
        case errno.EACCES:
            return f"port {port} is for the administrator alone; choose one from 1024 up with --port."
        case errno.EADDRNOTAVAIL:
            return f"this machine has no address {host}; --host 127.0.0.1 listens to itself, 0.0.0.0 to all."
        case _:
            return f"cannot listen on {host}, port {port}: {error.strerror or error}."


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl+C and SIGTERM call *stop* while this holds; elsewhere than in the main thread Python allows no handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
