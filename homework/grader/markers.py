"""From solution/ to starter/: markers in the solution say what a student writes.

    # <todo> What to do here, in a sentence.     becomes   # TODO: What to do here, in a sentence.
    …                                                      raise NotImplementedError
    # </todo>
    # <mine>  …  # </mine>                       goes, with everything in between

    # <given>                                    becomes   the lines between, without their `#`: what works in
    # …                                                    its own way, and is to be mended
    # <mended>
    …
    # </given>

In a file that is not Python, `# <todo>` leaves its sentence and nothing else. Lua begins them with `--`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from homework.grader.book import Homework, all_homeworks

TODO = re.compile(r"^([ \t]*)(#|--) <todo> ?(.*)\n(?:.*\n)*?[ \t]*\2 </todo>\n", re.MULTILINE)
MINE = re.compile(r"\n*^[ \t]*(#|--) <mine>\n(?:.*\n)*?[ \t]*\1 </mine>\n", re.MULTILINE)
GIVEN = re.compile(
    r"^([ \t]*)(#|--) <given>\n((?:\1\2.*\n)*?)\1\2 (?:<mended>\n(?:.*\n)*?[ \t]*\2 )?</given>\n",
    re.MULTILINE,
)


def starter_of(name: str, solution: str) -> str:
    """What a student gets of this file."""
    end = r"\1raise NotImplementedError\n" if name.endswith(".py") else ""
    text = GIVEN.sub(given, MINE.sub("\n", solution))
    return TODO.sub(r"\1\2 TODO: \3\n" + end, text).rstrip("\n") + "\n"


def given(block: re.Match[str]) -> str:
    """The lines of a <given> block as code."""
    indent, mark, lines = block.groups()[:3]
    return re.sub(rf"^{indent}{mark} ?", indent, lines, flags=re.MULTILINE)


def expected(homework: Homework) -> dict[str, str]:
    """Every file of starter/, as it should be."""
    folder = homework.folder / "solution"
    return {
        path.name: starter_of(path.name, path.read_text("utf-8"))
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


def write() -> None:
    """Write every starter/ anew: `python -m homework.grader.markers`."""
    for homework in all_homeworks():
        folder = homework.folder / "starter"
        folder.mkdir(exist_ok=True)
        for name, text in expected(homework).items():
            (folder / name).write_text(text, "utf-8")
            sys.stdout.write(f"{Path(homework.name) / 'starter' / name}\n")


if __name__ == "__main__":
    write()
