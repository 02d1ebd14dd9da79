"""A listing shows what the code says now, or ends the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.site import listing
from common.site.errors import PageError
from common.stages import find

CHECKOUT = "stages/s02_guarded_update/checkout.py"
RESERVE = "stages/s05_redis_stock/reserve.lua"


def test_a_function_is_shown_whole_under_its_name() -> None:
    shown = listing.fenced(CHECKOUT, "take_stock")
    assert shown.startswith(f'```python title="{CHECKOUT} · take_stock"\ndef take_stock(')
    assert shown.rstrip().endswith("raise SoldOut\n```")


def test_a_method_loses_its_indentation() -> None:
    assert "\ndef _place(self, db: Db" in listing.fenced(CHECKOUT, "GuardedCheckout._place")


def test_decorators_and_assigned_names_are_found() -> None:
    assert "\n@cache\ndef all_stages" in listing.fenced("common/stages.py", "all_stages")
    assert '\nFOLDER = Path(__file__).parent.parent / "stages"\n' in listing.fenced(
        "common/stages.py", "FOLDER"
    )


def test_a_part_goes_from_one_line_to_another() -> None:
    shown = listing.fenced(RESERVE, start="redis.call('HINCRBY', KEYS[1]", end="return")
    assert shown.splitlines()[1].startswith("redis.call('HINCRBY', KEYS[1], 'left'")
    assert shown.splitlines()[4] == "return {'reserved'}"


def test_notes_hang_on_their_lines_and_follow_as_a_list() -> None:
    notes = {"stock >= %s": "The guard.", "if not taken": "Too\n  late."}
    lines = listing.fenced(CHECKOUT, "take_stock", notes).splitlines()
    assert sum(line.endswith("  # ①") and "stock >= %s" in line for line in lines) == 1
    assert sum(line.endswith("if not taken:  # ②") for line in lines) == 1
    assert lines[-4:] == ["1.  The guard.", "2.  Too late.", "", "</div>"]


def test_a_line_that_has_a_comment_keeps_it() -> None:
    shown = listing.fenced(CHECKOUT, "GuardedCheckout._place", {"for price and limit": "Note."})
    assert "# for price and limit; decides nothing about the stock ①\n" in shown
    assert "-- before everything else: who has it already is neither too late nor over the limit ①\n" in (
        listing.fenced(RESERVE, notes={"before everything else": "Note."})
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("no/such.py",), "there is no file no/such.py"),
        ((CHECKOUT, "give_stock"), "defines no give_stock"),
        ((CHECKOUT, "GuardedCheckout.nothing"), "defines no GuardedCheckout.nothing"),
        ((CHECKOUT, "take_stock", {"stock >= 7": "x"}), "stands in no line"),
        ((CHECKOUT, "take_stock", {"now,": "x"}), "stands in 2 line"),
        (
            (CHECKOUT, "take_stock", {"if not taken": "x", "not taken": "y"}),
            "two notes are about the same line",
        ),
        ((CHECKOUT, "GuardedCheckout", {"interleaving": "x"}), "cannot stand inside a text of several lines"),
        ((CHECKOUT, None, None, "def nothing"), "stands in no line"),
        ((CHECKOUT, None, None, "def take_stock", "def nothing"), "after 'def take_stock'"),
    ],
)
def test_what_is_not_there_exactly_is_an_error_that_says_so(
    arguments: tuple[object, ...], sentence: str
) -> None:
    with pytest.raises(PageError, match=sentence):
        listing.fenced(*arguments)  # type: ignore[arg-type]


def test_a_page_whose_listing_moved_is_not_built(tmp_path: Path) -> None:
    """Through mkdocs, as a writer meets it: exit code, page and sentence."""
    import subprocess
    import sys

    from common.lab.places import ROOT

    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text('# Page\n\n{{ code("' + CHECKOUT + '", "gone") }}\n')
    config = tmp_path / "mkdocs.yml"
    config.write_text(
        "site_name: x\nplugins: {macros: {module_name: macros, on_error_fail: true}}\nextra: {lang: en}\n"
    )
    (tmp_path / "macros.py").write_text(
        (ROOT / "docs/macros.py").read_text().replace("Path(__file__).parent.parent", f"Path({str(ROOT)!r})")
    )
    argv = [sys.executable, "-m", "mkdocs", "build", "-f", str(config), "-d", str(tmp_path / "site")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode != 0
    assert "index.md" in done.stderr
    assert "defines no gone" in done.stderr


def test_every_stage_can_be_listed() -> None:
    assert "create_shop" in listing.fenced(f"stages/{find('s01').name}/app.py", "create_shop")
