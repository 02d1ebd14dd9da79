"""Captured output: what commands of the course print, kept in docs/outputs and compared in CI.

docs/outputs/outputs.toml says which command makes which capture. A capture is the text that the command
prints, or the file that it writes where the command names a {file}.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common.lab.places import ROOT
from common.site.blocks import fence
from common.site.errors import PageError

FOLDER = ROOT / "docs" / "outputs"
LIST = FOLDER / "outputs.toml"
COLUMNS = 88  # characters that fit beside the table of contents
COMMAND = 84  # and so many of the first line, beside the copy button
RULE = "──"  # what is drawn in columns has one below its heading
SECONDS = re.compile(r"\d+(\.\d+)? s\b")  # the only thing that may differ from one run to the next
# Without it a diagram is as wide as its longest statement, and its letters are too small to read.
WRAPPED = '%%{init: {"sequence": {"wrap": true, "width": 190, "actorMargin": 130}}}%%\n'
SERVERS = re.compile(r"^(MariaDB|Redis|Valkey|nginx)\b.*\n", re.MULTILINE)  # which ones this machine has


@dataclass(frozen=True)
class Capture:
    """One entry of outputs.toml. `file` is what it is kept in; `diagram` also keeps its Mermaid diagram;
    `title` is what the playable scheduler calls a recording that is not simply its stage; `own_servers` has
    the command start its own, for it cuts their connections or kills them."""

    name: str
    command: str
    file: str = ""
    diagram: bool = False
    title: dict[str, str] = field(default_factory=dict)
    own_servers: bool = False

    @property
    def kept(self) -> Path:
        return FOLDER / (self.file or f"{self.name}.txt")

    @property
    def drawn(self) -> Path:
        return FOLDER / f"{self.name}.mmd"


def entries() -> dict[str, Capture]:
    """Every capture there should be, by name."""
    return {name: Capture(name, **entry) for name, entry in tomllib.loads(LIST.read_text()).items()}


def entry(name: str) -> Capture:
    known = entries()
    if name not in known:
        raise PageError(f"docs/outputs/outputs.toml has no {name!r}; it has {', '.join(known)}")
    return known[name]


def captured(name: str) -> str:
    """The text of a capture. PageError when there is none."""
    return _read(name, entry(name).kept)


def shown(name: str) -> str:
    """Markdown: the command, and what it printed. What is wider than the page's column is set smaller; on a
    phone lines are wrapped, unless they are drawn in columns."""
    text = f"$ {_in_lines(entry(name).command)}\n\n{captured(name)}"
    kinds = {"wide": max(map(len, text.splitlines())) > COLUMNS, "drawn": RULE in text}
    names = " ".join(["output", *(kind for kind, holds in kinds.items() if holds)])
    return f'<div class="{names}" markdown>\n\n{fence(text, "text")}\n</div>\n'


def _in_lines(command: str) -> str:
    """The command as a shell takes it, in two lines if it is long: the copy button would hide its end."""
    at = command.rfind(" --with ")
    if len(command) <= COMMAND or at < 0:
        return command
    return f"{command[:at]} \\\n    {command[at + 1 :]}"


def diagram(name: str) -> str:
    """Markdown: the Mermaid diagram that belongs to a capture."""
    if not entry(name).diagram:
        raise PageError(f"docs/outputs/outputs.toml does not say `diagram = true` for {name!r}")
    return fence(WRAPPED + _read(name, entry(name).drawn), "mermaid")


def _read(name: str, file: Path) -> str:
    if not file.exists():
        raise PageError(f"{file.relative_to(ROOT)} is missing: run ./seckill docs outputs {name}")
    return file.read_text()


def capture(wanted: Capture, env: Mapping[str, str]) -> dict[Path, str]:
    """Run the command, on the servers that `env` names or on its own; what to keep, by file."""
    made = {wanted.kept: _run(wanted.command, {} if wanted.own_servers else env)}
    if wanted.diagram:
        text = _run(f"{wanted.command} --mermaid", env)
        made[wanted.drawn] = text[text.index("sequenceDiagram") :]
    return made


def same(one: str, other: str) -> bool:
    """Whether two captures say the same, whatever the time they took."""
    return SECONDS.sub("… s", one) == SECONDS.sub("… s", other)


def _run(command: str, env: Mapping[str, str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        words = shlex.split(command.replace("{file}", str(file)).removeprefix("./seckill "))
        argv = [sys.executable, "-m", "common.cli", *words]
        settings = {**os.environ, **env, "NO_COLOR": "1"}
        done = subprocess.run(argv, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PageError(f"{command} failed ({done.returncode}): {done.stderr.strip()[-500:]}")
        return file.read_text() if "{file}" in command else SERVERS.sub("", done.stdout).strip("\n") + "\n"
