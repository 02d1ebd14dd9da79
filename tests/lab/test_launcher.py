"""./seckill itself: set-up that can be interrupted, repeated and explained."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from common.lab.places import ROOT
from tests.lab.conftest import wait_until

LAUNCHER = ROOT / "seckill"
COMMAND_LINE = "import os, sys, tiny; print('handed over', os.getcwd(), sys.argv[1:], tiny.WORD)"


def wheel(folder: Path, version: str) -> None:
    """A package of one line, so that a set-up needs no network."""
    about = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"WORD = 'tiny {version}'\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / f"tiny-{version}-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


class Copy:
    """A project of the launcher, one tiny requirement and a command line that reports how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wheels = folder / "project", folder / "wheels"
        (self.folder / "common" / "cli").mkdir(parents=True)
        self.wheels.mkdir()
        shutil.copy(LAUNCHER, self.folder / "seckill")
        (self.folder / "common" / "__init__.py").touch()
        (self.folder / "common" / "cli" / "__init__.py").touch()
        (self.folder / "common" / "cli" / "__main__.py").write_text(COMMAND_LINE)
        (self.folder / "constraints.txt").write_text("")
        for version in ("1.0", "2.0"):
            wheel(self.wheels, version)
        self.require("1.0")

    def require(self, version: str) -> None:
        (self.folder / "requirements.txt").write_text(f"-c constraints.txt\ntiny=={version}\n")

    def env(self, **more: str) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "SECKILL"))}
        offline = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}
        return {**env, **offline, **more}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder / "seckill"), *arguments]

    def run(self, *arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd,
            env=self.env(**env),
            capture_output=True,
            text=True,
            check=False,
        )

    def begin(self, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(), env=self.env(**env), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy that was set up once."""
    made = Copy(tmp_path_factory.mktemp("ready"))
    done = made.run()
    assert done.returncode == 0, done.stderr
    return made


class SilentIndex:
    """A package index that takes a connection and never answers: a set-up hangs until it is interrupted."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/simple"

    def wait_for_visitor(self) -> socket.socket:
        self.listener.settimeout(60)
        return self.listener.accept()[0]


@pytest.fixture
def index() -> Iterator[SilentIndex]:
    silent = SilentIndex()
    yield silent
    silent.listener.close()


def online(index: SilentIndex) -> dict[str, str]:
    return {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": index.url}


def as_module() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("launcher", str(LAUNCHER))
    spec = importlib.util.spec_from_loader("launcher", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.modules["launcher"] = module
    loader.exec_module(module)
    return module


def one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("seckill: ")
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in last


def test_an_old_python_can_read_it() -> None:
    ast.parse(LAUNCHER.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_it_uses_only_the_standard_library() -> None:
    tree = ast.parse(LAUNCHER.read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in top if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_an_unsupported_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = as_module()
    monkeypatch.setattr(launcher, "OLDEST", (9, 9))
    with pytest.raises(launcher.Problem, match=r"9\.9 or newer is needed"):
        launcher.check_machine()


def test_windows_is_told_about_wsl2(monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = as_module()
    monkeypatch.setattr(launcher.os, "name", "nt")
    with pytest.raises(launcher.Problem, match="WSL2"):
        launcher.check_machine()


def test_it_hands_over_from_any_folder_with_the_callers_arguments(ready: Copy, tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()  # a namesake where the caller stands
    (tmp_path / "common" / "__init__.py").write_text("raise SystemExit('the wrong common')")
    done = ready.run("up", "s05", cwd=tmp_path)
    assert done.stdout == f"handed over {tmp_path} ['up', 's05'] tiny 1.0\n", done.stderr


def test_it_can_be_called_through_a_link(ready: Copy, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(ready.folder / "seckill")
    done = subprocess.run(
        [sys.executable, link], env=ready.env(), capture_output=True, text=True, check=False
    )
    assert "handed over" in done.stdout, done.stderr


def test_a_second_run_installs_nothing(ready: Copy) -> None:
    before = (ready.folder / ".venv" / "seckill-complete").stat().st_mtime_ns
    done = ready.run(PIP_FIND_LINKS="/nowhere")
    assert done.returncode == 0
    assert done.stderr == ""
    assert (ready.folder / ".venv" / "seckill-complete").stat().st_mtime_ns == before


@pytest.mark.slow
def test_new_pins_are_installed(copy: Copy) -> None:
    assert "tiny 1.0" in copy.run().stdout
    copy.require("2.0")
    assert "tiny 2.0" in copy.run().stdout


@pytest.mark.slow
def test_two_first_runs_at_once_both_arrive(copy: Copy) -> None:
    runs = [copy.begin() for _ in range(2)]
    said = [run.communicate(timeout=100) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert all("tiny 1.0" in out for out, _ in said)
    assert sum("waiting for it" in err for _, err in said) == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_set_up_is_picked_up_again(copy: Copy, index: SilentIndex, number: int) -> None:
    run = copy.begin(**online(index))
    with index.wait_for_visitor():  # pip is in the middle of its work
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
    assert not (copy.folder / ".venv" / "seckill-complete").exists()
    if number == signal.SIGINT:
        assert run.returncode == 130
        assert said.strip().splitlines()[-1] == "seckill: set-up interrupted; the next run picks it up again."
        assert "Traceback" not in said
    assert "tiny 1.0" in copy.run().stdout


@pytest.mark.slow
def test_nothing_goes_on_installing_after_a_kill(copy: Copy, index: SilentIndex) -> None:
    run = copy.begin(**online(index))
    with index.wait_for_visitor() as visitor:
        run.kill()
        run.communicate(timeout=60)
        visitor.settimeout(30)
        while visitor.recv(65536):  # pip's request, and then the end of its connection
            pass
    wait_until(lambda: "tiny 1.0" in copy.run().stdout, "the next run is not held up")


def test_no_network_is_said_in_one_sentence(copy: Copy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    closed = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple"}
    one_sentence(copy.run(PIP_RETRIES="0", **closed), "package index does not answer", "SECKILL_LAB")


def test_a_missing_venv_module_names_the_package(copy: Copy, tmp_path: Path) -> None:
    (tmp_path / "venv.py").write_text("raise ModuleNotFoundError(\"No module named 'ensurepip'\")\n")
    done = copy.run(PYTHONPATH=str(tmp_path))
    one_sentence(done, "apt install python3-venv")


def test_a_version_that_does_not_exist_shows_pips_last_line(copy: Copy) -> None:
    copy.require("9.9")
    one_sentence(copy.run(), "No matching distribution found for tiny==9.9")


def test_somebody_elses_venv_is_left_alone(copy: Copy) -> None:
    (copy.folder / ".venv").mkdir()
    (copy.folder / ".venv" / "precious").touch()
    one_sentence(copy.run(), "move it away")
    assert (copy.folder / ".venv" / "precious").exists()


@pytest.mark.parametrize(
    ("output", "fix"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("Error: [Errno 30] Read-only file system: '/project/.venv'", "folder of your own"),
        (
            "was not created successfully because ensurepip is not\navailable.  On Debian/Ubuntu",
            "python3-venv",
        ),
    ],
)
def test_a_cause_is_told_with_its_fix(output: str, fix: str) -> None:
    assert fix in as_module().explain_output(output)
