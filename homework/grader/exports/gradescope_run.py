"""What the autograder's `run_autograder` does at Gradescope: grade one submission, write results.json.

    python -m homework.grader.exports.gradescope_run hw02 /autograder

Gradescope's folders are described at gradescope-autograders.readthedocs.io/en/latest/specs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from homework.grader.exports.gradescope import gradescope
from homework.grader.mistakes import Mistake
from homework.grader.names import RIGHT, Name, nearest, parse
from homework.grader.results import load_all

NOBODY = Name("0000", "student")


def run(homework: str, box: Path) -> dict[str, Any]:
    """Grade what lies in `box`/submission; the document for results.json. No score when the grader failed."""
    with TemporaryDirectory() as scratch:
        submission = collect(box, Path(scratch) / "in")
        words = ["grade", str(submission), "--homework", homework, "--to", f"{scratch}/results", "--quiet"]
        words.append("--without-walls")  # its container is thrown away afterwards
        said = subprocess.run(
            [sys.executable, "-m", "common.cli", *words], capture_output=True, text=True, check=False
        )
        print(said.stdout, said.stderr)  # noqa: T201 - for the instructor: Gradescope keeps what is printed
        try:
            return gradescope(load_all(Path(scratch) / "results"))
        except Mistake:
            return {"output": said.stderr.strip() or "The grader failed.", "stdout_visibility": "hidden"}


def collect(box: Path, into: Path) -> Path:
    """A copy of the submission under its right name, which is its own if it brought one along."""
    handed_in = box / "submission"
    own = [each for each in handed_in.iterdir() if each.is_dir() and RIGHT.fullmatch(each.name)]
    source, name = (own[0], parse(own[0].name)) if own else (handed_in, who(box))
    shutil.copytree(source, into / str(name), symlinks=True)
    return into / str(name)


def who(box: Path) -> Name:
    """The first user of submission_metadata.json."""
    try:
        user = json.loads((box / "submission_metadata.json").read_text())["users"][0]
        return nearest(f"{int(user['id']):04} {user['name']}") or NOBODY
    except (OSError, ValueError, LookupError, TypeError):
        return NOBODY


def main() -> None:
    homework, box = sys.argv[1], Path(sys.argv[2])
    file = box / "results" / "results.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(run(homework, box), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
