"""The instructor pack: a fair quiz bank, exports that can be read back, a timetable that forgets no stage."""

from __future__ import annotations

import csv
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from common.cli.docs import docs
from common.site import quiz, timetable
from common.site.ladder import FILE as LADDER
from common.site.pages import LANGS, path_of
from common.site.words import Lang
from common.stages import find

TAUGHT = [f"s{number:02d}" for number in range(1, 11)]


@pytest.mark.parametrize("stage", TAUGHT)
def test_each_chapter_has_eight_questions_and_the_page_shows_them(stage: str) -> None:
    assert len(quiz.of(stage)) >= 8
    for lang in LANGS:
        assert f'{{{{ quiz("{stage}") }}}}' in path_of("teaching/quiz.md", lang).read_text()
        assert all(each.ask[lang] in quiz.shown(stage, lang) for each in quiz.of(stage))


@pytest.mark.parametrize("lang", LANGS)
def test_a_question_has_four_different_answers_and_one_is_right(lang: Lang) -> None:
    for each in quiz.bank():
        assert each.right in quiz.LETTERS, each.name
        assert len(set(each.options[lang])) == len(quiz.LETTERS), each.name
        assert each.ask[lang], each.name
        assert each.why[lang], each.name


@pytest.mark.parametrize("lang", LANGS)
def test_neither_place_nor_length_gives_the_right_answer_away(lang: Lang) -> None:
    places = Counter(each.right for each in quiz.bank())
    assert max(places.values()) <= len(quiz.bank()) * 0.3
    longest = [
        each for each in quiz.bank() if max(each.options[lang], key=len) == each.lettered(lang)[each.right]
    ]
    assert len(longest) <= len(quiz.bank()) * 0.5


def exported(tmp_path: Path, name: str, *options: str) -> str:
    file = tmp_path / name
    done = CliRunner().invoke(docs, ["quiz", str(file), *options])
    assert done.exit_code == 0, done.output
    return file.read_text("utf-8-sig")


@pytest.mark.parametrize("lang", LANGS)
def test_a_spreadsheet_holds_the_whole_bank(tmp_path: Path, lang: Lang) -> None:
    rows = list(csv.DictReader(exported(tmp_path, "quiz.csv", "--lang", lang).splitlines()))
    assert [row["name"] for row in rows] == [each.name for each in quiz.bank()]
    assert [row[row["right"]] for row in rows] == [each.lettered(lang)[each.right] for each in quiz.bank()]


def read_gift(text: str) -> dict[str, tuple[str, list[str], list[str]]]:
    """What a reader of GIFT finds: by name the question, its right answers and its wrong ones."""

    def plain(escaped: str) -> str:
        assert not re.search(r"(?<!\\)[~=#{}]", escaped), f"a sign of GIFT's own is left bare in {escaped}"
        return re.sub(r"\\(.)", r"\1", escaped)

    found = {}
    for block in re.split(r"\n\n+", text):
        if matched := re.fullmatch(r"::([\w-]+)::\[markdown\](.*?) (?<!\\)\{\n(.*)\n\}\n?", block, re.DOTALL):
            answers = matched[3].rpartition("\n####")[0].splitlines()
            right, wrong = ([plain(each[1:]) for each in answers if each[0] == sign] for sign in "=~")
            found[matched[1]] = (plain(matched[2]), right, wrong)
    return found


@pytest.mark.parametrize("lang", LANGS)
def test_a_gift_file_says_what_the_bank_says(tmp_path: Path, lang: Lang) -> None:
    found = read_gift(exported(tmp_path, "quiz.gift", "--lang", lang))
    assert list(found) == [each.name for each in quiz.bank()]
    for each in quiz.bank():
        ask, right, wrong = found[each.name]
        assert ask == each.ask[lang]
        assert right == [each.lettered(lang)[each.right]]
        assert sorted([*right, *wrong]) == sorted(each.options[lang])
    assert any("=" in ask for ask, _, _ in found.values()), "no question puts the escaping to the test"


def test_one_stage_alone_and_what_is_refused(tmp_path: Path) -> None:
    assert set(read_gift(exported(tmp_path, "q.txt", "--format", "gift", "--stage", "s02"))) == {
        each.name for each in quiz.of("s02")
    }
    refused = CliRunner().invoke(docs, ["quiz", str(tmp_path / "quiz.doc")])
    assert refused.exit_code == 2
    assert "--format" in refused.output


def test_every_stage_is_in_one_week_or_an_elective() -> None:
    plan = timetable.plan()
    assert len(plan.weeks) == 10
    listed = [code for week in plan.weeks for code in week] + plan.electives
    assert sorted(listed) == sorted(tomllib.loads(LADDER.read_text()))


@pytest.mark.parametrize("lang", LANGS)
def test_the_minutes_of_a_week_are_those_of_its_stages(lang: Lang) -> None:
    spent = timetable.minutes(find("s02"), lang)
    assert min(spent.read, spent.do, spent.homework) > 0
    row = next(
        line for line in timetable.weeks(lang, "teaching/index.md").splitlines() if line.startswith("| 2 ")
    )
    assert re.findall(r"(\d+)\s(?:min|分钟)", row) == [str(n) for n in (spent.read, spent.do, spent.homework)]
