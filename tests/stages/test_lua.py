"""Every Lua script of every stage: explained at its head, and its keys are those that it is given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from common.stages import FOLDER

NAME = re.compile(r"(KEYS|ARGV)\[(\d+)\]")
NAMES = re.compile(r"(KEYS|ARGV)\[(\d+)\] … \1\[(\d+)\]")
ANSWER = re.compile(r"return \{?'(\w+)'")
CALL = re.compile(r"redis\.call\('(\w+)', ([^,)]+)")
OF_NO_KEY = {"PUBLISH"}
SCRIPTS = sorted(file for file in FOLDER.glob("*/*.lua") if not file.read_text().startswith("-- A foil"))


def head_and_body(file: Path) -> tuple[str, str]:
    lines = file.read_text().splitlines()
    size = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(lines[:size]), "\n".join(lines[size:])


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: f"{file.parent.name[:3]}-{file.stem}")
def test_every_key_argument_and_answer_is_explained_at_the_head(file: Path) -> None:
    head, body = head_and_body(file)
    told = set(NAME.findall(head))
    for kind, first, last in NAMES.findall(head):
        told |= {(kind, str(number)) for number in range(int(first), int(last) + 1)}
    assert set(NAME.findall(body)) <= told
    assert "Returns" in head
    assert set(ANSWER.findall(body)) <= set(re.findall(r'"(\w+)"', head))


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: f"{file.parent.name[:3]}-{file.stem}")
def test_no_key_is_made_inside_a_script(file: Path) -> None:
    """On a cluster it might lie on another node: a script may touch only the keys that it was given."""
    _, body = head_and_body(file)
    keys = [key for command, key in CALL.findall(body) if command not in OF_NO_KEY]
    assert [key for key in keys if not re.fullmatch(r"KEYS\[\d+\]|key", key)] == []


@pytest.mark.parametrize("made", ["'s05:{' .. ARGV[1] .. '}:stock'", "KEYS[1] .. ':log'", "name"])
def test_a_key_that_is_made_is_noticed(tmp_path: Path, made: str) -> None:
    file = tmp_path / "makes.lua"
    file.write_text(f"-- Returns nothing\nredis.call('HGET', {made}, 'left')\n")
    with pytest.raises(AssertionError):
        test_no_key_is_made_inside_a_script(file)
