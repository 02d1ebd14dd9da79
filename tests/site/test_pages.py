"""The pages: both languages have the same, chapters have their parts, and what macros show is true."""

from __future__ import annotations

import json
import re
import tomllib
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown import Markdown

from common.bench import plot
from common.bench.peaks import Peak
from common.bench.report import Measured, save
from common.bench.subjects import HELLO
from common.lab.places import ROOT
from common.proof.grid import rows
from common.site import (
    api_reference,
    architecture,
    chapters,
    glossary,
    measured,
    outputs,
    plays,
    stage_blocks,
    tables,
)
from common.site.building import CONFIGS
from common.site.errors import PageError
from common.site.ladder import FILE as LADDER
from common.site.pages import LANGS, all_pages, path_of
from common.site.words import WORDS, Lang, word
from common.stages import all_stages, find
from tests.measurements.s07_drain import WAYS

PAGES = list(all_pages("en"))
MACRO = re.compile(r"\{\{ *(\w+)\(([^)]*)\)")


def test_both_languages_have_the_same_pages() -> None:
    assert list(all_pages("zh")) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_the_same_heading_ids_in_both_languages(page: str) -> None:
    english, chinese = (path_of(page, lang).read_text() for lang in LANGS)
    assert chapters.ids(chinese) == chapters.ids(english)
    assert chapters.ids(english), f"{page} has no heading with an id"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_the_same_in_both_languages(page: str) -> None:
    """The same macros in the same order, about the same things; only the notes are translated."""
    first = re.compile(r'^"[^"]*"(, *"[^"]*")?')

    def shown(lang: Lang) -> list[tuple[str, str]]:
        found = MACRO.findall(path_of(page, lang).read_text())
        return [(name, match[0] if (match := first.match(rest)) else "") for name, rest in found]

    assert shown("zh") == shown("en")


def test_both_navigations_list_the_same_pages() -> None:
    def listed(lang: str) -> list[str]:
        nav = yaml.load((ROOT / CONFIGS[lang]).read_text(), yaml.BaseLoader)["nav"]
        return re.findall(r"'([^']*\.md)'", str(nav))

    assert listed("zh") == listed("en")
    assert sorted(listed("en")) == sorted(PAGES)


@pytest.mark.parametrize("lang", LANGS)
def test_every_chapter_has_its_parts_in_order(lang: Lang) -> None:
    for file in chapters.chapters(lang):
        parts = [name for name in chapters.ids(file.read_text(), level=2) if name in chapters.PARTS]
        assert parts == chapters.PARTS, file.relative_to(ROOT)


def test_the_length_of_a_chapter_counts_prose_alone() -> None:
    text = "---\ntitle: x\n---\n\n# One {#one}\n\ntwo three\n\n```python\nfour\n```\n\n"
    text += '    five\n\n{{ code("six", notes={"7": "eight"}) }}\n\nnine\n'
    assert chapters.prose(text, "en") == 6  # and the id of the heading
    assert chapters.prose("# 一\n\n二三 four\n", "zh") == 3


def test_all_words_are_there_in_both_languages() -> None:
    assert [key for key, said in WORDS.items() if set(said) != set(LANGS)] == []
    words = {lang: set(plays.words_of(lang)) for lang in LANGS}
    assert words["zh"] - words["en"] == {"actors", "refusals", "sentences", "titles"}
    assert words["en"] <= words["zh"]


@pytest.mark.parametrize("lang", LANGS)
def test_every_guarantee_and_every_stage_is_described(lang: Lang) -> None:
    assert all(tables.sentence(row.guarantee, lang) for row in rows())
    ladder = tomllib.loads(LADDER.read_text())
    assert list(ladder) == [f"s{number:02d}" for number in range(1, 20)]
    assert {stage.code for stage in all_stages()} <= set(ladder)


def test_the_grid_beside_the_stage_before_has_two_columns() -> None:
    assert len(re.findall('<th scope="col">', tables.grid("en", "index.md"))) == 1 + len(all_stages())
    shown = tables.grid("en", "index.md", find("s02"))
    assert len(re.findall('<th scope="col">', shown)) == 3
    assert '<td class="broken">' in shown


def test_the_costs_are_those_that_were_counted() -> None:
    accepted = json.loads(outputs.captured("costs"))["s02_guarded_update"]["accepted"]
    row = next(line for line in tables.costs(find("s02"), "en").splitlines() if line.startswith("| accepted"))
    assert row.endswith(f"| {accepted['mariadb']} | {accepted['redis']} |")


def test_what_runs_in_a_stage_is_what_its_app_imports() -> None:
    names = {f"{file.parent.name}/{file.name}" for file in stage_blocks.files_that_run(find("s05"))}
    assert {"s05_redis_stock/reserve.lua", "s03_cache/look.lua", "s04_static_edge/edge.conf"} <= names
    assert "s01_naive/checkout.py" in names  # insert_order
    assert not [name for name in names if "foils" in name or "variants" in name]


def test_a_module_that_is_taken_out_of_its_package_runs_too() -> None:
    assert "from stages.s05_redis_stock import upkeep" in (find("s07").folder / "upkeep.py").read_text()
    assert find("s05").folder / "upkeep.py" in stage_blocks.files_that_run(find("s07"))


def test_the_picture_grows() -> None:
    first, last = (architecture.picture(find(code), "en") for code in ("s01", "s05"))
    assert "nginx" not in first
    assert "nginx" in last
    assert "stock, limits, requests" in last
    assert len(re.findall("<rect", first)) < len(re.findall("<rect", last))


def test_nothing_is_said_of_what_nobody_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BENCH", "GROWTH"):
        monkeypatch.setattr(measured, name, tmp_path / "none.json")
    shown = {measured.speed("en"), measured.report("en"), measured.growth("en")}
    assert shown | {measured.figures(find("s02"), "en")} == {""}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_was_measured_is_shown_with_its_source(
    lang: Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "BENCH", write_bench(tmp_path, ["s02_guarded_update"]))
    table = measured.figures(find("s02"), lang)
    kept = '1,000 <span class="whole">(× 0.50)</span>'
    assert f"| {plot.word('accepted', lang)} |  | {kept} |" in table
    for shown in (table, measured.speed(lang), measured.report(lang)):
        for told in ("2 cores", "2030-01-02", "0.3", "`./seckill bench`", "`docs/results/bench.json`"):
            assert told in shown.rpartition("<small>")[2]


def test_a_stage_that_was_not_measured_is_not_shown_by_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "BENCH", write_bench(tmp_path, ["s02_guarded_update"]))
    assert measured.figures(find("s03"), "en") == ""


@pytest.mark.parametrize("lang", LANGS)
def test_a_drain_is_shown_way_by_way_and_only_if_it_was_measured(
    lang: Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "DRAIN", tmp_path / "s07_drain.json")
    assert measured.drain(lang) == ""
    speeds = dict.fromkeys(WAYS, 12_345)
    about = {"machine": "2 cores", "date": "2030-01-02T03:04:05", "load_average": 0.3, "command": "measure"}
    document = {
        **about,
        "median_orders_per_second": speeds,
        "median_ratio_to_bare_rows": dict.fromkeys(WAYS, 0.5),
    }
    measured.DRAIN.write_text(json.dumps(document))
    shown = measured.drain(lang)
    assert shown.count("| 12,345 | 0.50 |") == len(WAYS)
    assert "`docs/results/s07_drain.json`" in shown


@pytest.mark.parametrize("lang", LANGS)
def test_the_bursts_are_shown_limiter_by_limiter_and_only_if_they_were_measured(
    lang: Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = json.loads(measured.BURSTS.read_text())["limiters"]
    shown = measured.bursts(lang)
    for each in found:
        name = WORDS[f"limiter: {each['name']}"][lang]
        assert f"| {name} | {each['most_in_20_s']} | {each['most_in_a_window']} | {each['bytes']} |" in shown
    svg = measured.BURSTS.with_suffix(".svg").read_text()
    assert (drawn(shown) == svg) == (lang == "en")
    assert WORDS["bursts: legend"][lang] in drawn(shown)
    assert drawn(shown).count("<path") == svg.count("<path")
    assert "`docs/results/s08_bursts.json`" in shown
    monkeypatch.setattr(measured, "BURSTS", tmp_path / "s08_bursts.json")
    assert measured.bursts(lang) == ""


@pytest.mark.parametrize("lang", LANGS)
def test_who_got_the_units_is_shown_by_what_they_do_and_only_if_it_was_measured(
    lang: Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "BOTS", tmp_path / "s09_bots.json")
    assert measured.bots(lang) == ""
    contest = {"s08": {"person": 10, "forge": 30}, "s09": {"person": 36, "forge": 4}}
    document = {
        **{"machine": "2 cores", "date": "2030-01-02T03:04:05", "command": "bots", "load_average": 0.3},
        **{"people": 300, "bots": {"forge": {"accounts": 20, "threat": "OAT-002 Token Cracking"}}},
        "shops": [
            {"shop": name, "units": got, "share_of_bots": got["forge"] / 40} for name, got in contest.items()
        ],
    }
    measured.BOTS.write_text(json.dumps(document))
    forge, share = WORDS["bots: forge"][lang], WORDS["share_of_bots"][lang]
    both, one = measured.bots(lang), measured.bots(lang, "s08")
    assert f"| {forge} | 30 | 4 |\n" in both
    assert f"| {share} | **75%** | **10%** |\n" in both
    assert f"| {forge} | 30 | 20 | OAT-002 Token Cracking |\n" in one
    assert "s09" not in one.partition("<small>")[0]
    assert "`docs/results/s09_bots.json`" in both


def test_every_kind_of_bot_and_every_shop_that_was_measured_has_a_name() -> None:
    document = json.loads(measured.BOTS.read_text())
    assert {f"bots: {kind}" for kind in document["bots"]} <= WORDS.keys()
    assert {each["shop"] for each in document["shops"]} <= WORDS.keys()


ABOUT = {"machine": "2 cores", "date": "2030-01-02T03:04:05", "command": "measured", "load_average": 0.3}


@pytest.mark.parametrize("lang", LANGS)
def test_overload_is_shown_load_by_load_in_the_page_s_language_and_only_if_it_was_measured(
    lang: Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "OVERLOAD", tmp_path / "s10_overload.json")
    assert measured.overload(lang) == ""
    loads = {"s09": [(5, 5.0), (50, 0.5)], "s10": [(5, 4.5), (50, 4.0)]}
    document = {
        **ABOUT,
        **{"seconds_a_buyer_waits": 1.0, "seconds_of_redis_for_a_command": 0.01},
        "stages": {
            code: {
                "at_the_highest_load": line[-1][1] / line[0][1],
                "loads": [{"presses_a_second": load, "goodput": goodput} for load, goodput in line],
            }
            for code, line in loads.items()
        },
    }
    measured.OVERLOAD.write_text(json.dumps(document))
    said = [("overload: title", (1.0,)), ("overload: server", (10,)), ("overload: said", ("s10", "89%"))]
    texts = [word(key, "en", *values) for key, values in said]
    texts += [word("overload: in words", "en"), word("overload: said", "en", "s09", "10%")]
    measured.OVERLOAD.with_suffix(".svg").write_text(f"<svg>{texts}</svg>")
    shown = measured.overload(lang)
    assert "| 50 | 0.5 | 4.0 |" in shown
    assert f"| {WORDS['overload: at_the_end'][lang]} | **10%** | **89%** |" in shown
    assert all(word(key, lang, *values) in drawn(shown) for key, values in said)


@pytest.mark.parametrize("lang", LANGS)
def test_a_drill_with_stalls_says_what_is_broken_and_is_only_shown_if_it_was_run(
    lang: Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "STALLS", tmp_path / "s10_drill.json")
    assert measured.stalls(lang) == ""

    def found(sold: int, state: str) -> dict[str, object]:
        verdicts = {"no_oversell": {"state": "kept"}, "tickets_end": {"state": state}}
        return {"sold": sold, "oversold": 0, "verdicts": verdicts}

    stall = {"seconds": 15.02, "answered": 1700, "with_ticket": 400}
    document = {
        **ABOUT,
        **{"attempts": 10_000, "buyers": 9000, "units": 6000, "bots": {"accounts": 2000}, "stalls": [stall]},
        "after_the_crowd": found(5998, "broken"),
        "rounds_of_sending_again": [12, 3],
        "after_sending_again": found(6000, "kept"),
    }
    measured.STALLS.write_text(json.dumps(document))
    shown = measured.stalls(lang)
    assert f"| {WORDS['seconds'][lang].format(15)} | 1,700 | 400 |\n" in shown
    whole = '<span class="whole">{} / 6,000</span>'
    assert f"| {whole.format('5,998')} | {whole.format('6,000')} |" in shown
    assert f"| {WORDS['stalls: unknown'][lang]} | 12 | 0 |" in shown
    assert f"| `tickets_end` | {WORDS['stalls: none'][lang]} |" in shown


def test_the_report_shows_every_stage_that_was_measured_however_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = [stage.name for stage in all_stages()]
    for count in (1, len(stages)):
        monkeypatch.setattr(measured, "BENCH", write_bench(tmp_path, stages[:count]))
        report, picture = measured.report("en"), drawn(measured.speed("en"))
        for stage in stages[:count]:
            assert report.count(f"`{find(stage[:3]).code}`") == 3, (
                "accepted, refused, and what an accepted attempt costs"
            )
            assert f">{find(stage[:3]).code}<" in picture
        assert "`no_oversell`" in report, "what the oracle found broken is not left out"


def drawn(shown: str) -> str:
    """The first picture in `shown`, as SVG."""
    return b64decode(shown.partition("base64,")[2].partition('"')[0]).decode()


def write_bench(folder: Path, stages: list[str]) -> Path:
    """A raw file of the benchmark, as `./seckill bench` would write one."""
    hello = Peak(HELLO, "answers", 2000, 0, 1.0, 1.0, 2.0, 50, 0, 0, 0.1)
    peaks = [hello]
    for name in stages:
        peaks.append(Peak(name, "accepted", 1000, 0, 1.0, 1.0, 2.0, 100, 6, 2, 0.1, drain_s=9.0))
        peaks.append(Peak(name, "refused", 1500, 0, 1.0, 1.0, 2.0, 60, 0, 0, 0.1))
    spike = {
        "p99_to_end_ms": 5,
        "drain_ms": 6,
        "sold": 10,
        "verdicts": [{"name": "no_oversell", "state": "broken"}],
    }
    measured = Measured(
        about={
            **{"machine": "2 cores", "date": "2030-01-02T03:04:05", "command": "./seckill bench"},
            **{"web": "granian", "load_average": 0.3, "spike": {"buyers": 100, "units": 10}},
        },
        spikes=dict.fromkeys(stages, spike),
        round_trips={},
        redis_bytes_per_buyer=dict.fromkeys(stages, 170),
        rounds=[peaks],
    )
    save(folder / "bench.json", measured)
    return folder / "bench.json"


@pytest.mark.parametrize("name", [name for name in outputs.entries() if name.startswith("play-")])
def test_a_recording_holds_every_schedule(name: str) -> None:
    tree = plays.shop(name.removeprefix("play-"), "en")["tree"]

    def count(number: int) -> int:
        node: dict[str, Any] = tree["nodes"][number]
        return 1 if "end" in node else sum(count(move[2]) for move in node.values())

    assert count(tree["root"]) == tree["schedules"] > 1


def test_a_recording_is_played_by_the_command_that_made_it() -> None:
    assert plays.command("s01") == "./seckill explore s01"
    assert plays.command("s02-just-a-transaction").endswith("JustATransaction")


def test_a_capture_that_nobody_made_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(PageError, match=r"has no 'nothing'; it has explore-s01"):
        outputs.shown("nothing")
    with pytest.raises(PageError, match=r"does not say `diagram = true` for 'costs'"):
        outputs.diagram("costs")


@pytest.mark.parametrize(
    ("printed", "kinds"),
    [
        ("short\n", "output"),
        ("x" * 89 + "\n", "output wide"),
        ("buyer 1  MariaDB\n───────  ───────\n", "output drawn"),
    ],
)
def test_lines_may_be_wrapped_but_not_what_is_drawn_in_columns(
    printed: str, kinds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "FOLDER", tmp_path)
    (tmp_path / "explore-s01.txt").write_text(printed)
    assert outputs.shown("explore-s01").startswith(f'<div class="{kinds}" markdown>')


def test_the_reference_says_kinds_in_words_and_answers_in_their_order() -> None:
    shown = api_reference.shown("en")
    assert "| `refuse_from` | null or integer, ≥ 0, ≤ 1,000 |" in shown
    assert "| `kind` * | one of `buyer`, `address` |" in shown
    tables_of_answers = [re.findall(r"`(\d+)`", each) for each in re.findall(r"(?:\| `\d+` .*\n)+", shown)]
    assert len(tables_of_answers) == len(list(api_reference.operations()))
    assert all(statuses == sorted(statuses) for statuses in tables_of_answers)


def test_only_the_time_may_differ_between_two_captures() -> None:
    assert outputs.same("64 schedules in 0.3 s\n", "64 schedules in 12 s\n")
    assert not outputs.same("64 schedules in 0.3 s\n", "65 schedules in 0.3 s\n")


def test_a_term_has_its_tooltip_the_first_time_it_is_said() -> None:
    def html(text: str, lang: Lang) -> str:
        return Markdown(extensions=[glossary.Tooltips(lang)]).convert(text)

    shown = html("Do not `oversell`: to **oversell** is bad. Who oversells, lies. An overseller.", "en")
    assert shown.count("<abbr") == 1
    assert (
        '<strong><abbr title="To sell more units than there are.">oversell</abbr></strong> is bad. Who'
        in shown
    )
    assert "<abbr" not in html("# The race\n\n[a race](x.md)", "en")
    assert html("这会超卖的，超卖。", "zh").startswith(
        '<p>这会<abbr title="卖出的件数超过库存。">超卖</abbr>的，超卖。'
    )
    assert html("A race, then a row lock, then *a guard*.", "en").count("<abbr") == 3
    assert "<abbr" not in html("The broadcast of a stream goes upstream.", "zh")
    assert html("一条 Stream，比较并设置（CAS）。", "zh").count("<abbr") == 2


def test_the_glossary_is_in_the_order_of_the_page_s_language() -> None:
    def places(lang: Lang, *terms: str) -> list[int]:
        return [glossary.listed(lang).index(f"{term} <span") for term in terms]

    for each in (places("en", "bulkhead", "consumer", "race"), places("zh", "舱壁", "兜底", "租约")):
        assert each == sorted(each)
