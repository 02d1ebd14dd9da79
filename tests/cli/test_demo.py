"""The main job: s01 oversells, the newest stage does not, the exit code says so, and nothing stays behind."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from common.lab import keeper
from common.stages import find, newest
from tests.cli.conftest import WITHIN, Command, clean_environment, wait_until

Start = Callable[..., Command]
SMALL = ("--buyers", "200", "--units", "40")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Command, Path]]:
    """One demo that has come to its end, and the folder with what it wrote."""
    folder = tmp_path_factory.mktemp("demo")
    words = ("demo", *SMALL, "--json", "demo.json", "--picture", "demo.svg")
    run = Command(words, folder / "output.txt", TERM="xterm-256color")
    try:
        run.wait()
        yield run, folder
    finally:
        run.close()


def test_s01_oversells_and_the_newest_stage_does_not(finished: tuple[Command, Path]) -> None:
    run, folder = finished
    assert run.wait() == 0, run.output
    said = json.loads((folder / "demo.json").read_text())
    first, last = said["results"]
    assert said["ok"] is True
    assert (first["stage"], last["stage"]) == (find("s01").name, newest().name)
    assert first["sold"] == 40 + first["oversold"] > 40
    assert (last["sold"], last["oversold"]) == (40, 0)
    assert [each["units_accepted"] for each in (first, last)] == [each["sold"] for each in (first, last)]
    assert first["attempts"] == last["attempts"] > 200
    assert first["sent_away"] == 0
    assert last["unknown"] < last["attempts"] / 10, "whoever is sent away comes again, and is told clearly"
    assert {each["name"]: each["state"] for each in first["verdicts"]}["no_oversell"] == "broken"
    assert {each["state"] for each in last["verdicts"]} == {"kept"}


def test_without_a_terminal_it_writes_plain_text_that_ends_with_the_conclusion(
    finished: tuple[Command, Path],
) -> None:
    run, _ = finished
    assert not CONTROL.search(run.output)
    assert "OVERSOLD by" in run.output
    assert re.search(r"told “accepted” +\d+, for 40 units", run.output)
    assert re.search(r"s01_naive: \d+ of \d+ attempts answered: ", run.output)
    *_, one, two = run.output.splitlines()
    assert re.fullmatch(r"s01_naive sold \d+ of 40 units: \d+ units were promised that do not exist\.", one)
    assert two == f"{newest().name} sold 40 of 40 to the same crowd: every promise kept."


def test_the_picture_loads_nothing(finished: tuple[Command, Path]) -> None:
    picture = (finished[1] / "demo.svg").read_text()
    assert picture.startswith("<svg")
    assert "OVERSOLD" in picture
    assert not re.search(r"@font-face|href=|url\((?!#)", picture)


def test_a_stage_that_oversells_in_place_of_the_newest_is_exit_code_1(command: Start) -> None:
    run = command("demo", *SMALL, "--stage", "s01")
    assert run.wait() == 1, run.output
    assert "s01_naive did not keep everything: no_oversell" in run.output


MOMENTS = {
    "while the servers start": "(",
    "while the web processes start": "MariaDB",
    "while the crowd is coming": "attempts within",
    "between the two contests": "s01_naive: ",
}
ENDS = [(moment, signal.SIGKILL) for moment in MOMENTS] + [(moment, signal.SIGINT) for moment in MOMENTS]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("moment", "number"), [*ENDS, ("while the crowd is coming", signal.SIGTERM)])
def test_ended_at_any_moment_it_leaves_nothing_behind(
    command: Start, moment: str, number: signal.Signals
) -> None:
    run = command("demo", *SMALL)
    run.wait_for(MOMENTS[moment])
    family, folders = run.belongings()
    assert len(family) > 1, "the power check: there was something to end"
    assert folders
    run.process.send_signal(number)
    assert run.wait() == (130 if number == signal.SIGINT else -number)
    wait_until(lambda: not family & keeper.processes().keys(), lambda: f"still running: {family}")
    wait_until(lambda: not any(folder.exists() for folder in folders), lambda: f"still there: {folders}")
    assert "Traceback" not in run.output


class Terminal:
    """The same command on a terminal of its own."""

    def __init__(self, *words: str) -> None:
        self.output = ""
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            env = clean_environment(TERM="xterm-256color", COLUMNS="100")
            os.execvpe(sys.executable, [sys.executable, "-m", "common.cli", *words], env)

    def read_until(self, done: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + WITHIN
        while not done(self.output):
            assert time.monotonic() < deadline, self.output
            if select.select([self._screen], [], [], 0.1)[0]:
                self.output += os.read(self._screen, 65536).decode(errors="replace")
        return self.output

    def press(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def wait(self) -> int:
        """Read to the end; the exit code."""
        with suppress(OSError):  # how Linux says that nobody has the terminal open any more
            self.read_until(lambda _: False)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_on_a_terminal_the_shop_stays_open_until_ctrl_c() -> None:
    terminal = Terminal("demo", *SMALL)
    said = terminal.read_until(lambda said: "removes all that it made" in said)
    assert "\x1b[" in said, "the power check: it did see a terminal"
    address = re.search(r"Shop: .*?(http://127\.0\.0\.1:\d+)", said)
    assert address
    with urllib.request.urlopen(address[1] + "/api/sales", timeout=10) as answer:
        assert answer.status == 200
    terminal.press(b"\x03")
    assert terminal.wait() == 0
