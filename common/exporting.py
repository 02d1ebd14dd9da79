"""One stage in a folder of its own: what it imports, its SQL, its tests, and no more of the course."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from common.lab.places import ROOT
from common.schema import files_up_to
from common.stages import Stage, all_stages

FILES = ("seckill", "requirements.txt", "constraints.txt", "pyproject.toml", "LICENSE", ".env.example")
COMMANDS = ("up", "load", "sql", "trace", "reset", "explore", "crash", "test")
BY_NAME = (
    "common.cli.__main__",
    "common.events",
    "common.worker",
    "common.locustfile",
    "common.proof.generator",
    "common.lab.commands",
)
"""What is started by its name, or imported when it is asked for: no import statement leads there."""
NOT_COPIED = {"__pycache__", ".py"}

README = """# {name}: {title}

One stage of *Seckill, stage by stage*, in one folder. Like the course, it needs Linux and Python 3.11.

    ./seckill up {code}          run it, until Ctrl-C
    ./seckill explore {code}     every order in which two buyers' statements can run
    ./seckill crash {code}       where a dead process costs something
    ./seckill test             its tests

Start reading at [`stages/{name}/app.py`](stages/{name}/app.py), the table of contents, and
[`stages/{name}/README.md`](stages/{name}/README.md). Links out of this folder lead to the course.

## What is in it

{contents}
"""


class NoRoom(Exception):
    """There is something in the folder already."""


def export(stage: Stage, folder: Path) -> list[Path]:
    """Copy the stage into `folder`, which is made; the copied files. `NoRoom` when it is not empty."""
    if folder.exists() and any(folder.iterdir()):
        raise NoRoom(f"{folder} is not empty")
    copied = sorted(needed(stage))
    for path in copied:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    title = stage.title["en"]
    text = README.format(name=stage.name, code=stage.code, title=title, contents=contents(stage, copied))
    (folder / "README.md").write_text(text, "utf-8")
    return copied


def needed(stage: Stage) -> set[Path]:
    """Every file that the stage needs to run and to be tested."""
    files = {Path(name) for name in FILES} | {path.relative_to(ROOT) for path in files_up_to(stage.code)}
    modules = closure(roots(stage))
    files |= set(modules.values())
    folders = {path.parent for path in modules.values()}
    for path in folders:
        files |= set(data_files(path))
    return files


def roots(stage: Stage) -> Iterator[str]:
    yield from BY_NAME
    yield from (f"common.cli.{command}" for command in COMMANDS)
    for each in all_stages()[: stage.number]:  # a stage stands on those below it
        yield from (f"stages.{each.name}.{file.stem}" for file in sorted(each.folder.glob("*.py")))
    yield "tests.conftest"
    yield from fixtures()
    yield f"tests.stages.test_{stage.name}"


def fixtures() -> Iterator[str]:
    """The modules that tests/conftest.py names as plugins: strings, to which no import statement leads."""
    for node in ast.parse((ROOT / "tests/conftest.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytest_plugins":
            yield from ast.literal_eval(node.value)


def closure(wanted: Iterable[str]) -> dict[str, Path]:
    """The files, below ROOT, of these modules and of all of ours that they import, wherever in them."""
    found: dict[str, Path] = {}
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        path = file_of(name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += [parent(name)] if "." in name else []
        waiting += imported(ast.parse((ROOT / path).read_text("utf-8")))
    return found


def imported(tree: ast.Module) -> Iterator[str]:
    """What its import statements name, modules and perhaps more: `from a import b` may mean a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def parent(name: str) -> str:
    return name.rpartition(".")[0]


def file_of(name: str) -> Path | None:
    """The file of one of our modules; None when it is none of ours, or no module."""
    path = Path(*name.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if (ROOT / file).is_file():
            return file
    return None


def data_files(folder: Path) -> Iterator[Path]:
    """What lies beside the modules of a package: scripts, templates, pictures. Not another package."""
    for path in sorted((ROOT / folder).iterdir()):
        if path.name in NOT_COPIED or path.suffix in NOT_COPIED:
            continue
        if path.is_file():
            yield path.relative_to(ROOT)
        elif not (path / "__init__.py").exists():
            yield from data_files(path.relative_to(ROOT))


def contents(stage: Stage, files: list[Path]) -> str:
    """The stage's own files, and what it imports from the stages below."""
    own = [path for path in files if path.parts[:2] == ("stages", stage.name)]
    used = sorted(set(closure([f"stages.{stage.name}.app"]).values()) - set(own))
    below = [path for path in used if path.parts[0] == "stages" and path.name != "__init__.py"]
    lines = ["Its own files:", "", *(f"- `{path}`" for path in own), ""]
    if below:
        lines += ["What it imports from the stages below:", "", *(f"- `{path}`" for path in below), ""]
    rest = len(files) - len(own) - len(below)
    return "\n".join(
        [*lines, f"And {rest} more files: vocabulary, web layer, servers, proof kit, SQL, tests."]
    )
