"""What a chapter shows of its stage in collapsed blocks: what changes, what runs, which tables there are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from common.cli.diff import changes
from common.cli.sql import tables
from common.lab.places import ROOT
from common.schema import files_up_to
from common.site.blocks import collapsed, fence, table
from common.site.words import Lang, word
from common.stages import FOLDER, Stage, all_stages

EDGE = "edge.conf"


def diff(stage: Stage, lang: Lang) -> str:
    """As `./seckill diff` prints it."""
    body = "\n".join(fence(text, language) for text, language in changes(stage))
    return collapsed(word("diff", lang), body)


def runs_in(stage: Stage, lang: Lang) -> str:
    """Every file of any stage that takes part in this one, the newest first."""
    rows = [
        (f"`{file.relative_to(ROOT)}`", file.parent.name[:3], len(file.read_text().splitlines()))
        for file in files_that_run(stage)
    ]
    head = [word(key, lang) for key in ("module", "introduced", "lines")]
    return collapsed(word("runs_in", lang), table(head, rows, "lcr"))


def files_that_run(stage: Stage) -> list[Path]:
    """The modules that the stage's app imports, directly or not, and the scripts that these name."""
    modules = imported(stage.folder / "app.py", {})
    scripts = {
        file
        for folder in {module.parent for module in modules}
        for file in folder.glob("*.lua")
        if any(file.stem in text for module, text in modules.items() if module.parent == folder)
    }
    edges = [each.folder / EDGE for each in all_stages() if each.number <= stage.number]
    configured = [file for file in edges if file.exists()][-1:] if "edge" in stage.processes else []
    return sorted(
        {*modules, *scripts, *configured}, key=lambda file: (-int(file.parent.name[1:3]), file.name)
    )


def imported(module: Path, seen: dict[Path, str]) -> dict[Path, str]:
    """`module` and the stages' modules below it, with their texts."""
    if module not in seen:
        seen[module] = module.read_text()
        for file in imports(ast.parse(seen[module])):
            imported(file, seen)
    return seen


def imports(tree: ast.Module) -> Iterator[Path]:
    """The stages' modules that are named, or taken from their package: `from stages.s05_… import upkeep`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stages."):
            named = FOLDER.parent / node.module.replace(".", "/")
            if named.is_dir():
                yield from (named / f"{alias.name}.py" for alias in node.names)
            else:
                yield named.with_suffix(".py")


def schema(stage: Stage, lang: Lang) -> str:
    """The stage's own SQL file, and the tables there are with the stages that made and changed them."""
    own = "".join(file.read_text() for file in files_up_to(stage.code) if file.stem == stage.name)
    listed = "\n".join(_told(line, lang) for line in tables(stage))
    return collapsed(word("schema", lang), f"{fence(own, 'sql')}\n{word('schema_now', lang)}\n\n{listed}\n")


def _told(line: str, lang: Lang) -> str:
    """A line of `./seckill sql`, "orders (s01, changed by s07)", as an item of a list."""
    name, history = line.removesuffix(")").split(" (")
    made, *changes = history.split(", changed by ")
    said = [word("made_in", lang, made), *(word("changed_in", lang, change) for change in changes)]
    return f"- `{name}`: {word('comma', lang).join(said)}"
