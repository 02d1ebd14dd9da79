"""Nothing is left behind, however the command ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from common.lab import Lab, LabError, places
from common.lab import process as process_module
from tests.lab.conftest import Parent, alive, wait_until

Begin = Callable[[str], Parent]

# A process with a worker in its group, and a worker's worker that left for a session of its own.
FAMILY = """
import subprocess, sys, time
worker = [sys.executable, "-c", "import time; time.sleep(600)"]
pids = [subprocess.Popen(worker).pid, subprocess.Popen(worker, start_new_session=True).pid]
open(sys.argv[1] + ".part", "w").write(" ".join(map(str, pids)))
import os; os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(600)
"""

LAB = f"""
import json, os, subprocess, sys, time
from common.lab import Lab
FAMILY = {FAMILY!r}
with Lab() as lab:
    note = lab.folder / "family"
    family = lab.start_process("family", [sys.executable, "-c", FAMILY, note], ready=note.exists)
    others = [int(pid) for pid in note.read_text().split()]
    servers = [lab.mysql.process.pid, lab.redis.process.pid]
    MORE
    print(json.dumps(dict(pids=[*servers, family.pid, *others], servers=[*servers, family.pid], others=others,
                          keeper=lab.supervisor.keeper_pid, folder=str(lab.folder))), flush=True)
    time.sleep(600)
"""


def all_gone(parent: Parent, pids: list[int]) -> None:
    wait_until(lambda: not any(map(alive, pids)), "every process has ended")
    wait_until(lambda: not Path(parent.report["folder"]).exists(), "the private folder is removed")


def test_kill_9_of_the_parent_leaves_nothing(parent: Begin) -> None:
    mine = parent(LAB.replace("MORE", ""))
    pids = [*mine.started(), mine.report["keeper"]]
    mine.process.kill()
    all_gone(mine, pids)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_ordinary_end_of_the_parent_leaves_nothing(parent: Begin, number: int) -> None:
    mine = parent(LAB.replace("MORE", ""))
    pids = [*mine.started(), mine.report["keeper"]]
    mine.process.send_signal(number)
    all_gone(mine, pids)


def test_ctrl_c_in_the_terminal_leaves_nothing(parent: Begin) -> None:
    mine = parent(LAB.replace("MORE", ""))
    pids = [*mine.started(), mine.report["keeper"]]
    os.killpg(mine.process.pid, signal.SIGINT)
    all_gone(mine, pids)
    assert mine.process.wait() != 0


def test_ctrl_c_does_not_reach_the_servers_directly(parent: Begin) -> None:
    """The parent ends them in its own order: here it has chosen not to."""
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    mine = parent(LAB.replace("MORE", ignore))
    pids = mine.started()
    assert all(os.getsid(pid) != mine.process.pid for pid in [*pids, mine.report["keeper"]])
    os.killpg(mine.process.pid, signal.SIGINT)
    assert all(map(alive, pids))


def test_another_child_of_the_parent_does_not_hold_the_servers_up(parent: Begin) -> None:
    """A child that inherits every descriptor, and a forked copy, outlive the parent; the servers do not."""
    more = """
    sleeper = subprocess.Popen(["sleep", "600"], close_fds=False)
    copy = os.fork()
    if copy == 0:
        time.sleep(600)
    (lab.folder.parent / f"outlive-{os.getpid()}").write_text(f"{sleeper.pid} {copy}")
    """
    mine = parent(LAB.replace("MORE", more))
    note = Path(mine.report["folder"]).parent / f"outlive-{mine.process.pid}"
    survivors = [int(pid) for pid in note.read_text().split()]
    note.unlink()
    try:
        pids = mine.started()
        mine.process.kill()
        all_gone(mine, pids)
        assert all(map(alive, survivors)), "the power check: they did outlive the parent"
    finally:
        for pid in survivors:
            os.kill(pid, signal.SIGKILL)


def test_kill_9_of_the_keeper_leaves_no_process(parent: Begin) -> None:
    mine = parent(LAB.replace("MORE", ""))
    pids = mine.started()
    os.kill(mine.report["keeper"], signal.SIGKILL)
    wait_until(lambda: not any(map(alive, pids)), "every process has ended")
    assert alive(mine.process.pid)


def test_the_folder_of_a_crashed_machine_is_swept_by_the_next_run(parent: Begin) -> None:
    mine = parent(LAB.replace("MORE", ""))
    os.kill(mine.report["keeper"], signal.SIGKILL)
    mine.process.kill()
    folder = Path(mine.report["folder"])
    wait_until(lambda: not any(map(alive, mine.report["servers"])), "the kernel ends what the keeper started")
    assert folder.exists(), "the power check: nobody was left to remove it"
    with Lab(("redis",)):
        pass
    assert not folder.exists()
    wait_until(lambda: not any(map(alive, mine.report["others"])), "and their children")


def test_a_running_lab_is_not_swept() -> None:
    with Lab(("redis",)) as one:
        with Lab(("redis",)):
            pass
        assert one.folder.exists()
        assert one.redis.process.alive


def test_killing_a_process_kills_its_workers(lab: Lab) -> None:
    note = lab.folder / "family-of-one"
    family = lab.start_process("one", [sys.executable, "-c", FAMILY, note], ready=note.exists)
    worker = int(note.read_text().split()[0])
    assert alive(worker)
    family.kill()
    wait_until(lambda: not alive(worker), "the worker ends with its master")
    assert family.returncode == -signal.SIGKILL


def test_the_workers_of_a_process_that_ended_by_itself_end_too(lab: Lab) -> None:
    note = lab.folder / "family-of-two"
    script = FAMILY.replace("\ntime.sleep(600)\n", "\n")
    family = lab.start_process("two", [sys.executable, "-c", script, note])
    assert family.wait(10) == 0
    worker = int(note.read_text().split()[0])
    wait_until(lambda: not alive(worker), "the worker ends with its master")


def test_a_worker_that_left_its_session_and_its_environment_ends_with_the_lab() -> None:
    """Neither the session nor the mark finds it; the kernel hands it to the keeper when its master ends."""
    script = FAMILY.replace("start_new_session=True", "start_new_session=True, env={}")
    assert script != FAMILY
    with Lab(()) as lab:
        note = lab.folder / "family"
        lab.start_process("family", [sys.executable, "-c", script, note], ready=note.exists)
        pids = [int(pid) for pid in note.read_text().split()]
        assert all(map(alive, pids))
    assert not any(map(alive, pids))


def test_a_process_sees_the_addresses_and_its_own_settings(lab: Lab) -> None:
    script = "import os; print(os.environ['MYSQL_URL'], os.environ['REDIS_URL'], os.environ['MINE'])"
    process = lab.start_process("env", [sys.executable, "-c", script], env={"MINE": "yes"})
    assert process.wait(10) == 0
    assert process.log.read_text().split() == [lab.mysql.url, lab.redis.url, "yes"]


def test_a_process_that_ends_before_it_is_ready_says_why(lab: Lab) -> None:
    with pytest.raises(LabError, match="no such stage"):
        lab.start_process("web", [sys.executable, "-c", "exit('no such stage')"], ready=lambda: False)


def test_a_process_that_is_not_ready_in_time_is_gone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries another way finds the place free: the port, the socket, the folder."""
    monkeypatch.setattr(process_module, "READY_WITHIN", 2)
    note = lab.folder / "slow"
    with pytest.raises(LabError, match="slow is not ready after 2 s"):
        lab.start_process("slow", ["sh", "-c", f"echo $$ > {note}; sleep 600"], ready=lambda: False)
    assert not alive(int(note.read_text()))


def test_a_program_that_does_not_exist_is_named(lab: Lab) -> None:
    with pytest.raises(LabError, match="No such file or directory: no-such-program"):
        lab.start_process("web", ["no-such-program"])


def test_stop_lets_a_process_finish(lab: Lab) -> None:
    script = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(3)); "
        "print('up', flush=True); signal.pause()"
    )
    log = lab.folder / "polite.log"
    process = lab.start_process(
        "polite",
        [sys.executable, "-c", script],
        log=log,
        ready=lambda: log.exists() and "up" in log.read_text(),
    )
    process.stop()
    assert process.returncode == 3


def test_a_process_that_ignores_term_is_killed_after_the_time_given(lab: Lab) -> None:
    script = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('up', flush=True)\nwhile 1: signal.pause()"
    )
    log = lab.folder / "stubborn.log"
    process = lab.start_process(
        "stubborn",
        [sys.executable, "-c", script],
        log=log,
        ready=lambda: log.exists() and "up" in log.read_text(),
    )
    process.stop(timeout=0.2)
    assert process.returncode == -signal.SIGKILL


def test_a_forked_copy_of_the_owner_does_not_end_the_lab(lab: Lab) -> None:
    copy = os.fork()
    if copy == 0:
        lab.close()
        os._exit(0)
    os.waitpid(copy, 0)
    assert lab.redis.process.alive


def test_a_long_project_path_falls_back_to_a_short_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "HOME", tmp_path / ("deep" * 30))
    base = places.runs_base()
    assert base == Path(f"/tmp/seckill-{os.getuid()}")
    assert base.stat().st_mode & 0o077 == 0
    with Lab(("redis",)) as lab:
        assert lab.folder.parent == base


def test_a_run_in_memory_is_private_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MEMORY", tmp_path)
    base = places.in_memory()
    assert base == tmp_path / f"seckill-{os.getuid()}"
    assert base.stat().st_mode & 0o077 == 0
    with Lab((), base=base) as lab:
        assert lab.folder.parent == base
    assert not list(base.glob("run-*"))


@pytest.mark.parametrize(("place", "room"), [("there", 1 << 60), ("not there", 0)])
def test_without_room_in_memory_runs_are_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, room: int
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.setattr(places, "MEMORY", tmp_path / place)
    monkeypatch.setattr(places, "ROOM", room)
    assert places.in_memory() is None


def test_a_signal_has_been_sent_when_the_switch_comes_back() -> None:
    """Who pauses a worker may press at once: the worker must not be a moment ahead of its signal."""
    with Lab(()) as lab, ThreadPoolExecutor(1) as threads:
        process = lab.start_process("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"])
        os.kill(lab.supervisor.keeper_pid, signal.SIGSTOP)  # now it cannot send anything
        try:
            pause = threads.submit(process.pause)
            assert not wait([pause], timeout=0.5).done
        finally:
            os.kill(lab.supervisor.keeper_pid, signal.SIGCONT)
        pause.result(30)
        wait_until(lambda: state(process.pid) == "T", "it stands still")


def state(pid: int) -> str:
    """One letter, as ps has it: R runs, S sleeps, T was stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
