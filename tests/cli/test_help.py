"""The command line teaches, says in a sentence what is wrong, and starts quickly."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from common import cli
from common.cli import COMMANDS, SECTIONS, main
from common.stages import all_stages
from tests.cli.conftest import Command

Capture = pytest.CaptureFixture[str]
WITH_STAGE = ["up", "load", "diff", "sql"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_works_and_shows_an_example(name: str, capsys: Capture) -> None:
    assert main([name, "--help"]) == 0
    assert f"\n  ./seckill {name}" in capsys.readouterr().out


def test_the_help_of_all_names_every_command_in_its_section(capsys: Capture) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for section, commands in SECTIONS.items():
        assert f"{section}:" in said
        for name in commands:
            assert f"\n  {name} " in said


def test_help_loads_nothing_heavy() -> None:
    """What takes time to import is imported by the command that needs it."""
    heavy = "{'flask', 'redis', 'pymysql', 'aiohttp', 'rich', 'pytest', 'locust', 'pydantic'}"
    code = (
        f"import sys; from common.cli import main; main(['-h']); print('loaded:', {heavy} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.endswith("loaded: set()\n")


@pytest.mark.parametrize("words", [[name, "s99"] for name in WITH_STAGE] + [["demo", "--stage", "s99"]])
def test_an_unknown_stage_is_answered_with_those_there_are(words: list[str], capsys: Capture) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "there is no stage 's99'" in said
    assert all(stage.name in said for stage in all_stages())


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["dmeo"], "No such command 'dmeo'"),
        (["demo", "--buyers", "50", "--units", "40"], "--buyers must be at least 80"),
        (["demo", "--buyers", "many"], "'many' is not a valid int"),
        (["demo", "--json", "/no/such/folder/file"], "/no/such/folder is no folder that you can write in"),
        (["demo", "--picture", "/"], "'/' is a directory"),
        (["up", "s01", "--with", "checkout"], "not of the form"),
        (["up", "s01", "--with", "stock=a:B"], "this stage takes checkout"),
        (["up", "s01", "--with", "checkout=no.such:Class"], "No module named 'no'"),
        (["up", "s01", "--port", "80"], "80 is not in the range"),
        (["load", "s01", "--seconds", "0"], "0 is not in the range"),
    ],
)
def test_a_wrong_word_is_answered_with_a_sentence(words: list[str], advice: str, capsys: Capture) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert advice in " ".join(said.split())
    assert "Traceback" not in said


def test_a_server_that_does_not_answer_is_named(command: Callable[..., Command]) -> None:
    run = command("demo", MYSQL_URL="mysql://root@127.0.0.1:1/")
    assert run.wait() == 2
    assert "The server at MYSQL_URL does not answer" in run.output
    assert "Traceback" not in run.output


def raising(error: BaseException) -> click.Command:
    def fail() -> None:
        raise error

    return click.Command("sql", callback=fail)


def test_a_bug_is_said_to_be_one_without_a_stack_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: raising(KeyError("stock")))
    monkeypatch.delenv("SECKILL_TRACEBACK", raising=False)
    assert main(["sql"]) == 2
    assert capsys.readouterr().err == (
        "seckill: this is a bug (KeyError: 'stock'); SECKILL_TRACEBACK=1 shows where.\n"
    )


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(
        cli.Commands, "get_command", lambda *_: raising(OSError(28, "No space left on device"))
    )
    assert main(["sql"]) == 2
    assert capsys.readouterr().err == "seckill: [Errno 28] No space left on device\n"


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: raising(KeyboardInterrupt()))
    assert main(["sql"]) == 130
