"""``bellwire`` itself: its help, its options, and what it makes of errors."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from bellwire.core.cli import root
from bellwire.core.cli.commands import BUILT_IN, SUMMARIES, load
from bellwire.core.cli.plugin_commands import plugin_commands
from bellwire.core.cli.root import refusal
from bellwire.core.errors import BellwireError, ConfigError, NotFound
from bellwire.hookspecs import Problem

from .conftest import Bellwire, Install

WITHOUT_CONFIGURATION = {"demo", "init"}
LISTING = {
    "check",
    "test",
    "replay",
    "cancel",
    "purge",
    "status",
    "deliveries",
    "show",
    "explain",
    "channels",
    "types",
    "plugins",
}


def options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_table_of_commands_says_what_each_says_of_itself(name: str) -> None:
    command = load(name)
    assert command.name == name
    assert command.get_short_help_str(limit=200) == BUILT_IN[name].summary
    assert command.help is not None
    assert command.help.startswith(BUILT_IN[name].summary)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_command_takes_config_after_its_name_and_json_where_it_lists(name: str) -> None:
    found = options(load(name))
    assert ("--config" in found) == (name not in WITHOUT_CONFIGURATION)
    assert ("--json" in found) == (name in LISTING | {"publish"})


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_option_is_explained(name: str) -> None:
    for parameter in load(name).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_our_own_plugin_commands_are_described_as_they_describe_themselves() -> None:
    for name, summary in SUMMARIES.items():
        assert plugin_commands().usable[name].load().get_short_help_str(limit=200) == summary


def test_help_shows_every_command_once_under_a_heading_within_80_columns(bellwire: Bellwire) -> None:
    shown = bellwire.ok("--help")
    for name, built_in in BUILT_IN.items():
        assert len(re.findall(rf"^  {name} +{re.escape(built_in.summary)}$", shown, re.MULTILINE)) == 1
        assert f"{built_in.section}:" in shown
    assert "  listen      Receive webhooks" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_is_also_there_when_nothing_or_little_is_asked(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(root, arguments, prog_name="bellwire")
    assert result.output.startswith("Usage: bellwire [OPTIONS] COMMAND [ARGS]...")
    assert result.exit_code == (0 if arguments else 2)


def test_version_is_one_line(bellwire: Bellwire) -> None:
    assert re.fullmatch(r"bellwire \d+\.\d+\.\d+\S*\n", bellwire.ok("--version"))


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("chek", "Error: no command 'chek', did you mean 'check'?"),
        ("listn", "Error: no command 'listn', did you mean 'listen'?"),
        ("frobnicate", "Error: no command 'frobnicate', see `bellwire --help`"),
        ("a\x1b[2J", "Error: no command 'a\\x1b[2J', see `bellwire --help`"),
    ],
)
def test_an_unknown_command_is_a_usage_error_with_a_suggestion(bellwire: Bellwire, word: str, sentence: str) -> None:
    result = bellwire(word)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_config_stands_before_or_after_the_command_and_the_nearest_wins(configured: Bellwire) -> None:
    (configured.folder / "bellwire.toml").rename(configured.folder / "other.toml")
    before = configured.json("--config", "other.toml", "channels")
    assert [channel["name"] for channel in before] == ["ops"]
    assert configured.json("channels", "--config", "other.toml") == before
    assert configured.json("--config", "nowhere.toml", "channels", "--config", "other.toml") == before
    result = configured("--config", "other.toml", "channels", "--config", "nowhere.toml")
    assert result.exit_code == 1
    assert "nowhere.toml: there is no such file; `bellwire init` writes one" in result.stderr


def test_bellwire_config_names_the_file(configured: Bellwire) -> None:
    (configured.folder / "bellwire.toml").rename(configured.folder / "other.toml")
    assert "ops" in configured.ok("channels", env={"BELLWIRE_CONFIG": "other.toml"})


def test_a_folder_without_any_configuration_is_told_and_no_database_is_made_there(bellwire: Bellwire) -> None:
    result = bellwire("status")
    assert result.exit_code == 1
    assert f"there is no bellwire.toml in {bellwire.folder}" in result.stderr
    assert "`bellwire init`" in result.stderr
    assert not list(bellwire.folder.glob("*.db"))


def test_the_environment_alone_is_a_configuration(bellwire: Bellwire) -> None:
    assert "no channel" in bellwire.ok("status", env={"BELLWIRE_DATABASE": "sqlite:///x.db"})


def test_all_problems_of_a_configuration_are_told_each_in_a_line(bellwire: Bellwire) -> None:
    bellwire.configure('locale = "fr"\ncolour = 1\n[channels.ops]\ntype = "webhok"\n')
    result = bellwire("publish", "--json", "-", stdin="")
    assert result.exit_code == 1
    first, *problems = result.stderr.splitlines()
    assert first == f"Error: {bellwire.folder / 'bellwire.toml'} cannot be used:"
    assert len(problems) == 3
    assert any("did you mean 'webhook'?" in problem for problem in problems)
    assert "Traceback" not in result.stderr


def test_what_bellwire_raises_becomes_a_sentence_in_which_nothing_can_be_forged() -> None:
    shown = CliRunner().invoke(click.command()(lambda: raising(NotFound("no delivery 'x\nError: y\x1b[0m'"))))
    assert shown.exit_code == 1
    assert shown.stderr == "Error: no delivery 'x\\nError: y\\x1b[0m'\n"


def raising(error: BellwireError) -> None:
    raise refusal(error)


def test_a_problem_of_the_whole_file_is_told_in_one_sentence() -> None:
    assert str(refusal(ConfigError([Problem("", "there is no such file")], source="/x/bellwire.toml"))) == (
        "/x/bellwire.toml: there is no such file"
    )
    assert str(refusal(ConfigError([Problem("locale", "wrong")], source="/x"))) == "/x cannot be used:\nlocale: wrong"


def test_an_unexpected_exception_keeps_its_traceback(configured: Bellwire, monkeypatch: pytest.MonkeyPatch) -> None:
    configured.publish()
    monkeypatch.setattr("bellwire.core.bus.Bus.status", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        configured("status")


GREET = "import click\n@click.command()\ndef greet():\n    '''Greets.'''\n    click.echo('hello')\n"


def test_a_plugin_brings_a_command(bellwire: Bellwire, install: Install) -> None:
    install("bellwire-greet", {"greet": "greeting:greet"}, "greeting", GREET)
    assert "greet       From bellwire-greet 1.2; see `bellwire greet --help`." in bellwire.ok("--help")
    assert bellwire.ok("greet") == "hello\n"
    assert "Greets." in bellwire.ok("greet", "--help")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import nothing_like_it", "cannot be imported: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("x = 1", "cannot be imported: AttributeError"),
        ("greet = print", "broken_greeting:greet is a builtin_function_or_method, where a click command is expected"),
    ],
)
def test_a_broken_plugin_command_is_an_error_for_itself_alone(
    bellwire: Bellwire, install: Install, code: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(__import__("sys").modules, "broken_greeting", raising=False)
    install("bellwire-greet", {"greet": "broken_greeting:greet"}, "broken_greeting", code)
    assert "greet" in bellwire.ok("--help")
    assert "--port" in bellwire.ok("listen", "--help")
    for arguments in (("greet",), ("greet", "--help")):
        result = bellwire(*arguments)
        assert result.exit_code == 1
        assert "Error: the command greet of bellwire-greet 1.2 cannot be" in result.stderr
        assert sentence in result.stderr


def test_two_packages_that_claim_one_command_are_both_named(bellwire: Bellwire, install: Install) -> None:
    install("bellwire-a", {"greet": "a:greet"})
    install("bellwire-b", {"greet": "b:greet"})
    result = bellwire("greet")
    assert result.exit_code == 1
    (claims,) = re.findall(r"the command greet is claimed by (.*); uninstall one of them", result.stderr)
    assert sorted(claims.split(" and ")) == ["bellwire-a 1.2", "bellwire-b 1.2"]


def test_a_built_in_command_wins_over_a_plugins_and_that_is_told(configured: Bellwire, install: Install) -> None:
    install("bellwire-rude", {"status": "rude:status"}, "rude", "raise SystemExit('rude')")
    sentence = "the command status of bellwire-rude 1.2 is not reached: Bellwire has one of that name itself"
    assert "CHANNEL" in configured.ok("status")
    for arguments in (("--help",), ("plugins",), ("check",)):
        assert f"warning: {sentence}" in configured(*arguments).stderr


def test_a_shell_that_completes_is_not_disturbed_by_a_broken_plugin(bellwire: Bellwire, install: Install) -> None:
    install("bellwire-greet", {"greet": "no_such_module:greet"})
    completions = bellwire(env={"_BELLWIRE_COMPLETE": "bash_complete", "COMP_WORDS": "bellwire st", "COMP_CWORD": "1"})
    assert "status" in completions.stdout


WHERE = """
import click

@click.command()
@click.pass_context
def where(context):
    click.echo(context.meta["bellwire.config"])
"""


def test_a_plugins_command_learns_which_configuration_was_named(bellwire: Bellwire, install: Install) -> None:
    install("bellwire-where", {"where": "whereabouts:where"}, "whereabouts", WHERE)
    assert bellwire.ok("--config", "x.toml", "where") == "x.toml\n"
