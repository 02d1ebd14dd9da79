"""Every stage has all its parts, and nothing lies about that belongs to no stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.stages import Stage, all_stages

ROOT = Path(__file__).parent.parent

SIBLINGS = {
    "sql": "sql/{name}.sql",
    "docs/en": "docs/en/stages/{name}.md",
    "docs/zh": "docs/zh/stages/{name}.md",
    "homework": "homework/{homework}_*",
    "tests": "tests/stages/test_{name}.py",
}
IN_FOLDER = ("__init__.py", "stage.toml", "app.py", "README.md")


@pytest.mark.parametrize("stage", all_stages(), ids=lambda stage: stage.name)
@pytest.mark.parametrize("kind", SIBLINGS)
def test_every_stage_has_each_sibling(stage: Stage, kind: str) -> None:
    pattern = SIBLINGS[kind].format(name=stage.name, homework=stage.homework)
    assert list(ROOT.glob(pattern)), f"{stage.name} has no {pattern}"


@pytest.mark.parametrize("stage", all_stages(), ids=lambda stage: stage.name)
@pytest.mark.parametrize("file", IN_FOLDER)
def test_every_stage_folder_has_each_file(stage: Stage, file: str) -> None:
    assert (stage.folder / file).is_file(), f"{stage.name} has no {file}"


def test_no_stray_files_beside_the_stages() -> None:
    names = {stage.name for stage in all_stages()}
    strays = [path for path in (ROOT / "sql").iterdir() if path.stem not in names]
    strays += [
        path
        for path in (ROOT / "stages").iterdir()
        if path.name not in names | {"__init__.py", "__pycache__"}
    ]
    strays += [
        path
        for path in (ROOT / "tests" / "stages").glob("test_s*.py")
        if path.stem.removeprefix("test_") not in names
    ]
    assert not strays


def test_stage_numbers_follow_their_names() -> None:
    assert [stage.number for stage in all_stages()] == list(range(1, len(all_stages()) + 1))
    assert all(stage.name.startswith(f"s{stage.number:02d}_") for stage in all_stages())


def test_a_stage_drops_only_what_it_inherits() -> None:
    kept: set[str] = set()
    for stage in all_stages():
        assert set(stage.drops) <= kept, f"{stage.name} drops what no stage before it keeps"
        assert not kept & set(stage.adds), f"{stage.name} adds what is already kept"
        kept = kept - set(stage.drops) | set(stage.adds)


def test_app_modules_stay_a_table_of_contents() -> None:
    for stage in all_stages():
        lines = (stage.folder / "app.py").read_text().splitlines()
        assert len(lines) <= 60, f"{stage.name}/app.py has {len(lines)} lines"
