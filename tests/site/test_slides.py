"""The slides: every chapter has a deck, and what the chapter shows is on it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from common.site import chapters, decks, links, slides
from common.site.pages import LANGS, path_of
from common.site.words import Lang
from common.stages import Stage, all_stages, find
from tests.built_site import BuiltSite

TAUGHT = [(lang, stage) for lang in LANGS for stage in links.taught(lang)]
EACH = pytest.mark.parametrize(("lang", "stage"), TAUGHT, ids=[f"{lang}-{s.code}" for lang, s in TAUGHT])


def deck_of(site: BuiltSite, lang: Lang, stage: Stage) -> str:
    return (site.folder / ("zh" if lang == "zh" else "") / links.deck_page(stage)).read_text()


def chapter_of(site: BuiltSite, lang: Lang, stage: Stage) -> str:
    return site.file(lang, links.chapter_page(stage)).read_text()


@pytest.mark.parametrize("lang", LANGS)
def test_every_stage_has_a_deck_and_the_lessons_link_to_it(built_site: BuiltSite, lang: Lang) -> None:
    written = sorted(
        file.stem for file in (built_site.folder / built_site.decks(lang)[0][1:]).parent.iterdir()
    )
    assert written == [stage.name for stage in all_stages()]
    lessons = built_site.file(lang, "teaching/lessons.md").read_text()
    assert re.findall(r'href="../../slides/(\w+)\.html"', lessons) == written


@EACH
def test_no_slide_is_empty(lang: Lang, stage: Stage) -> None:
    for slide in decks.slides(stage, lang):
        assert slide.heading
        assert len(re.sub(r"[\W_]", "", slide.body)) > 5, slide


@EACH
def test_every_part_of_the_chapter_is_on_a_slide_in_order(lang: Lang, stage: Stage) -> None:
    text = path_of(links.chapter_page(stage), lang).read_text()
    parts = re.findall(r"^## (.*?) *\{#[\w-]+\}", text, re.MULTILINE)
    shown = [slide.heading for slide in decks.slides(stage, lang)]
    assert [part for part in dict.fromkeys(shown) if part in parts] == parts
    assert len(parts) == len(chapters.PARTS)


@EACH
def test_what_the_chapter_shows_is_on_the_slides(built_site: BuiltSite, lang: Lang, stage: Stage) -> None:
    """Diagrams, listings, questions and the playable scheduler; not what is closed by default."""
    deck, chapter = (unescape(of(built_site, lang, stage)) for of in (deck_of, chapter_of))
    chapter = re.sub(r'<details class="abstract">.*?</details>', "", chapter, flags=re.DOTALL)
    for sign in ('<div class="scheduler"', '<details class="question">'):
        assert deck.count(sign) == chapter.count(sign), sign
    for sign in (r"\n +\w+-+[>x]+\w+:[^<\n]*", '<span class="filename">[^<]*'):  # a long one is on two sheets
        assert set(re.findall(sign, deck)) == set(re.findall(sign, chapter)) != set()


@EACH
def test_what_is_not_on_a_slide_is_in_its_notes(lang: Lang, stage: Stage) -> None:
    """A paragraph that the slide shortens is in the notes, whole."""
    said, source = (
        re.sub(r"\]\([^)]*\)|[`*\[]", "", text)  # a link in a deck leads from elsewhere
        for text in (
            "\n\n".join(slide.notes for slide in decks.slides(stage, lang)),
            chapters.CODE.sub("", path_of(links.chapter_page(stage), lang).read_text()),
        )
    )
    paragraphs = [each.strip() for each in source.split("\n\n") if re.match(r"[A-Z\u4e00-\u9fff]", each)]
    assert len(paragraphs) > 10
    assert [each for each in paragraphs if each not in said] == []


@pytest.mark.parametrize("code", [stage.code for stage in all_stages()])
def test_both_languages_show_the_same_things(code: str) -> None:
    """Not as many slides of prose, perhaps: the paragraphs are not the same. But the same things to see."""

    def shown(lang: Lang) -> list[str]:
        bodies = "\n".join(slide.body for slide in decks.slides(find(code), lang))
        return re.findall(r"^(```\w+|\?\?\? \w+|<div class=\"\w+|<figure)", bodies, re.MULTILINE)

    assert shown("en") == shown("zh") != []


def cut(text: str) -> list[slides.Slide]:
    """The slides of a part, without the first one."""
    return list(slides.cut(f"# Title {{#t}}\n\n## Part {{#p}}\n\n{text}"))[1:]


def test_the_first_slide_has_the_title_and_the_lead() -> None:
    assert list(slides.cut("# T {#t}\n\n## P {#p}\n\n- a\n")) == [
        slides.Slide("T", ""),
        slides.Slide("P", "- a"),
    ]
    lead = "What all of it is about, in short."
    assert next(slides.cut(f"# T {{#t}}\n\n{lead} More.\n\n## P {{#p}}\n")).body == lead


def test_a_comment_in_a_listing_is_no_heading() -> None:
    assert [each.heading for each in cut("```conf\n# a comment\n\n## another\n```\n")] == ["Part"]


def test_a_picture_stands_under_the_sentence_that_leads_to_it() -> None:
    said = "First comes a claim, which is long. More.\n\nSecond claim, also of some length. Here it is:"
    claim, picture = cut(f"{said}\n\n```text\na\n\nb\n```\n")
    assert claim.body == "First comes a claim, which is long."
    assert claim.notes.endswith("More.")
    assert picture.body == "Here it is:\n\n```text\na\n\nb\n```"
    assert picture.notes.startswith("Second claim")


def test_one_paragraph_after_a_picture_stands_below_it_and_more_have_a_slide() -> None:
    picture = "| a |\n| --- |\n\n"
    assert [each.body for each in cut(f"{picture}That is the whole of the story. And so on.")] == [
        "| a |\n| --- |\n\nThat is the whole of the story."
    ]
    assert [
        each.body for each in cut(f"{picture}The first of the claims here.\n\nThe second of the claims here.")
    ] == [
        "| a |\n| --- |",
        "- The first of the claims here.\n- The second of the claims here.",
    ]


def test_what_is_collapsed_is_not_shown_and_a_question_is() -> None:
    diff, question = '??? abstract "Diff"\n\n    secret', '??? question "Why?"\n\n    Because.'
    asked, homework = cut(f"{diff}\n\n{question}\n\nHomework: do it, all of it.")
    assert asked.body == question
    assert homework.body == "Homework: do it, all of it."


def test_a_long_list_is_cut_to_its_leads_and_kept_whole_in_the_notes() -> None:
    items = [
        f"- **Label {n}.** The lead of it comes first. {'And then more of the story. ' * 8}" for n in range(3)
    ]
    [slide] = cut("\n".join(items))
    assert slide.body.splitlines() == [f"- **Label {n}.** The lead of it comes first." for n in range(3)]
    assert slide.notes.count("And then more") == 24


def test_a_long_listing_is_on_several_sheets_under_the_same_headings() -> None:
    steps = "\n".join(f"{n}  step {n}" for n in range(1, 41))
    heads = "   A   B\n   ─── ───"
    first, second = cut(f"```text\nSchedule AB\n\n{heads}\n{steps}\n```")
    assert first.body == f"```text\nSchedule AB\n\n{heads}\n{steps[: steps.index('21 ')]}```"
    assert second.body == f"```text\n{heads}\n{steps[steps.index('21 ') :]}\n```"


def test_what_is_pointed_at_stands_below_what_points() -> None:
    printed = "```text\ndone\n```"
    assert [each.body for each in cut(f"- **All of it:**\n\n{printed}")] == [f"- **All of it:**\n\n{printed}"]
    command = "```bash\nmake\n```"
    assert [each.body for each in cut(f"{command}\n\n{printed}")] == [f"{command}\n\n{printed}"]


def test_sentences_end_in_both_languages() -> None:
    assert slides.lead("The stock is 1.5 at most, s. 5 says. Then more.") == "The stock is 1.5 at most, s."
    assert slides.lead("Short one. Then the rest of it. More.") == "Short one. Then the rest of it."
    assert (
        slides.lead("它离不开事务。在自动提交下，锁随之结束。后面还有。")
        == "它离不开事务。在自动提交下，锁随之结束。"
    )
    assert (
        slides.lead("拼车有拼车的代价，规矩有两条。*被拒的不连累别人*：对半拆。")
        == "拼车有拼车的代价，规矩有两条。"
    )
    assert slides.leading("头一句说得够长了吧。*后一句*指着下面：") == "*后一句*指着下面："
    assert slides.lead('!!! note "Why not?"\n\n    Because.') == "Why not?"
