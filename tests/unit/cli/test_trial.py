"""``bellwire test``: where it failed, why, and what to try."""

from __future__ import annotations

import json

import pytest

from .conftest import CONFIGURATION, Bellwire

WIRE = ("resolve", "policy", "connect", "tls", "send", "answer")


def test_a_channel_that_works_says_so_stage_by_stage(configured: Bellwire) -> None:
    shown = configured.ok("test", "ops")
    first, *stages, verdict = shown.splitlines()
    assert first.startswith("test of ops (scripted), sent from ")
    assert stages == [
        "  resolve  -                 an address needs no look-up",
        "  policy   ok                192.0.2.7:80 may be reached",
        "  connect  ok        1.2 ms  192.0.2.7:80",
        "  tls      -                 http:// is not encrypted",
        "  send     -",
        "  answer   ok        250 ms  status 200",
        "  meaning  ok                200: delivered",
    ]
    assert verdict.startswith("delivered, the receiver answered 200, in ")
    assert not (configured.folder / "bellwire.db").exists()


def test_a_channel_that_fails_says_at_which_stage_and_what_the_receiver_answered(failing: Bellwire) -> None:
    result = failing("test", "ops")
    assert result.exit_code == 1
    assert "\n  meaning  FAILED            response status_code(500)\n" in result.stdout
    assert "FAILED at meaning, the receiver answered 500, after " in result.stdout
    assert "\nthe answer began\n  boom\\x1b[2J\n  Error: forged\n" in result.stdout
    assert "hint: the receiver failed by itself: its own log says why" in result.stdout


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (204, 'only 200 counts here: have the receiver answer 200, or set accept_status = "2xx"'),
        (400, "refuses the message"),
    ],
)
def test_the_hint_fits_the_answer_and_the_channels_settings(bellwire: Bellwire, status: int, words: str) -> None:
    bellwire.configure(f"{CONFIGURATION}status = {status}\n")
    assert words in bellwire("test", "ops").stdout


def test_a_disabled_channel_is_tested_and_that_is_told(bellwire: Bellwire) -> None:
    bellwire.configure(CONFIGURATION.replace("enable = true", "enable = false"))
    shown = bellwire.ok("test", "ops")
    assert "what keeps real events back\n  the channel is disabled (enable = false): it can be tested" in shown


def test_its_document_has_everything(failing: Bellwire) -> None:
    result = failing("test", "ops", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document.pop("duration") > 0
    assert document.pop("host")
    assert [step["name"] for step in document["steps"]] == [*WIRE, "meaning"]
    assert document.pop("steps")[-1] == {
        "name": "meaning",
        "verdict": "failed",
        "duration": None,
        "detail": "response status_code(500)",
        "notes": [],
        "advice": ["the receiver failed by itself: its own log says why"],
    }
    assert document == {
        "channel": "ops",
        "type": "scripted",
        "enabled": True,
        "sent": False,
        "stage": "status",
        "detail": "response status_code(500)",
        "status_code": 500,
        "response": "boom\x1b[2J\nError: forged",
        "stages": [
            {"name": "connect", "duration": 0.0012, "detail": "192.0.2.7:80"},
            {"name": "response", "duration": 0.25, "detail": ""},
        ],
        "certificates": [],
        "obstacles": [],
        "warnings": [],
        "advice": ["the receiver failed by itself: its own log says why"],
    }


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("opss", "no channel 'opss' is configured, did you mean 'ops'?"),
        ("pager", "no channel 'pager' is configured; there are: ops"),
        ("x\x1b[0m\n", r"no channel 'x\x1b[0m\n' is configured"),
    ],
)
def test_an_unknown_channel_is_told_with_those_there_are(configured: Bellwire, name: str, sentence: str) -> None:
    result = configured("test", name)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_a_channel_without_its_url_says_what_it_lacks(bellwire: Bellwire) -> None:
    bellwire.configure('[channels.ops]\ntype = "webhook"\n')
    result = bellwire("test", "ops")
    assert result.exit_code == 1
    assert "FAILED at settings" in result.stdout
    assert "url: is required" in result.stdout


def test_the_warnings_of_its_settings_are_told(bellwire: Bellwire) -> None:
    bellwire.configure('[channels.ding]\ntype = "webhook"\nurl = "https://oapi.dingtalk.com.invalid/"\ntoken = " t"\n')
    result = bellwire("test", "ding")
    assert result.exit_code == 1
    assert "FAILED at resolve" in result.stdout
    assert "warning: token: begins or ends with blanks" in result.stderr


def test_what_keeps_real_events_back_is_told_beside_a_success(bellwire: Bellwire) -> None:
    bellwire.configure(f'{CONFIGURATION}actions = ["approve"]\nprojects = ["billing-*"]\n')
    shown = bellwire.ok("test", "ops")
    assert 'what keeps real events back\n  actions = ["approve"]: events of the actions create, reject' in shown
    assert '\n  projects = ["billing-*"]: workflows of other projects are not sent' in shown


def test_how_the_channel_stands_is_told_where_there_is_a_database(configured: Bellwire) -> None:
    configured.publish()
    configured.ok("pause", "ops", "--reason", "moving")
    shown = configured.ok("test", "ops")
    assert "the channel is paused by " in shown
    assert "moving" in shown
    assert "`bellwire resume ops` ends that" in shown
    assert "1 delivery waits" in shown


def test_curl_shows_the_request_and_sends_nothing(bellwire: Bellwire) -> None:
    bellwire.configure('[channels.ops]\ntype = "webhook"\nurl = "http://192.168.21.34:8000"\ntoken = "test123"\n')
    result = bellwire("test", "ops", "--curl")
    assert result.exit_code == 0
    assert result.stdout.startswith("curl --globoff ")
    assert "  --header 'Authorization: Bearer '\"${OPS_TOKEN:?}\" \\\n" in result.stdout
    assert "test123" not in result.output
    assert result.stderr.endswith("note: set OPS_TOKEN first: it stands for what is secret\n")
    document = json.loads(bellwire("test", "ops", "--curl", "--json").stdout)
    assert document.keys() == {"command", "variables", "notes"}
    assert document["variables"] == ["OPS_TOKEN"]


def test_curl_of_a_channel_without_http_says_why_there_is_none(configured: Bellwire) -> None:
    result = configured("test", "ops", "--curl")
    assert result.exit_code == 1
    assert "sends without Bellwire's HTTP client" in result.stderr


def test_a_long_answer_is_cut_line_by_line(bellwire: Bellwire) -> None:
    bellwire.configure(f'{CONFIGURATION}answer = "{"x" * 500}\\nend"\n')
    lines = bellwire.ok("test", "ops").splitlines()
    assert max(map(len, lines)) == 202
    assert "  end" in lines
