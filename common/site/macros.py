"""The macros of the course site, by the names that pages use.

Each is a method of `Macros`; docs/en/reference/writing.md shows them all. What cannot be shown as asked
raises `PageError`, which ends the build.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from common.site import (
    api_reference,
    architecture,
    classroom,
    glossary,
    ladder,
    links,
    listing,
    measured,
    outputs,
    plays,
    quiz,
    stage_blocks,
    tables,
    timetable,
)
from common.site.words import Lang
from common.stages import find, newest

Notes = Mapping[str, str] | None


class Macros:
    """What a page in one language can call. `here` tells which page asks, by its path below docs/en."""

    def __init__(self, lang: Lang, here: Callable[[], str]) -> None:
        self._lang = lang
        self._here = here

    def code(
        self,
        path: str,
        symbol: str | None = None,
        notes: Notes = None,
        start: str | None = None,
        end: str | None = None,
    ) -> str:
        """A function, class or "Class.method" of a Python file, with notes on its lines."""
        return listing.fenced(path, symbol, notes, start, end)

    def lua(self, path: str, notes: Notes = None, start: str | None = None, end: str | None = None) -> str:
        """A Lua script, or the part of it from the line with `start` to the next line with `end`."""
        return listing.fenced(path, None, notes, start, end)

    sql = conf = lua  # the language is known by the file's name

    def stage_diff(self, stage: str) -> str:
        """What the stage changes, file by file: collapsed."""
        return stage_blocks.diff(find(stage), self._lang)

    def runs_in(self, stage: str) -> str:
        """Every file that the stage runs, the stage it comes from, its length: collapsed."""
        return stage_blocks.runs_in(find(stage), self._lang)

    def schema(self, stage: str) -> str:
        """The tables of the stage, and its own change to them: collapsed."""
        return stage_blocks.schema(find(stage), self._lang)

    def grid(self, stage: str | None = None) -> str:
        """The guarantee grid; with a stage, its column beside the one before."""
        return tables.grid(self._lang, self._here(), find(stage) if stage else None)

    def costs(self, stage: str) -> str:
        """Round trips of one attempt, counted, beside the stage before."""
        return tables.costs(find(stage), self._lang)

    def bench(self, stage: str | None = None) -> str:
        """What was measured: speed against guarantees; or one stage beside the one before. Else nothing."""
        return measured.figures(find(stage), self._lang) if stage else measured.speed(self._lang)

    def bench_report(self) -> str:
        """The whole benchmark: peaks, and what an accepted attempt costs. Nothing until it was measured."""
        return measured.report(self._lang)

    def growth(self) -> str:
        """What an attempt costs as the crowd grows. Nothing until it was measured."""
        return measured.growth(self._lang)

    def drain(self) -> str:
        """How quickly s07 writes a backlog, beside the least there is to do. Nothing until measured."""
        return measured.drain(self._lang)

    def bursts(self) -> str:
        """What s08's five limiters let through of one press a second. Nothing until measured."""
        return measured.bursts(self._lang)

    def bots(self, shop: str | None = None) -> str:
        """What people and bots got of one sale, at s08 and s09, or at one of them. Nothing until measured."""
        return measured.bots(self._lang, shop)

    def overload(self) -> str:
        """What s09 and s10 answer in time as more and more buyers press. Nothing until measured."""
        return measured.overload(self._lang)

    def stalls(self) -> str:
        """What s10 told a crowd while MariaDB was silent, and the verdict. Nothing until measured."""
        return measured.stalls(self._lang)

    def schedule(self) -> str:
        """The timetable."""
        return tables.schedule(self._lang, self._here())

    def weeks(self) -> str:
        """The core path of docs/timetable.toml by weeks: minutes of reading, of running, of homework."""
        return timetable.weeks(self._lang, self._here())

    def electives(self) -> str:
        """The stages that are in no week of the core path."""
        return timetable.electives(self._lang, self._here())

    def classroom(self) -> str:
        """What a student's stage takes of a machine, as measured."""
        return classroom.shown(self._lang)

    def quiz(self, stage: str) -> str:
        """The questions of docs/quiz.toml about the stage, with their answers closed."""
        return quiz.shown(stage, self._lang)

    def output(self, name: str) -> str:
        """What a command printed, as captured in docs/outputs."""
        return outputs.shown(name)

    def diagram(self, name: str) -> str:
        """The sequence diagram of the schedule that a captured `explore` shows."""
        return outputs.diagram(name)

    def play(self, *recordings: str) -> str:
        """The playable scheduler on the recorded schedules of a stage, or of several to choose from.

        "s01" is the capture play-s01 of docs/outputs/outputs.toml.
        """
        return plays.widget(list(recordings), self._lang)

    def chapter(self, stage: str) -> str:
        """The stage's short name, as a link where it has a chapter."""
        return links.chapter_link(find(stage), self._lang, self._here())

    def decks(self) -> str:
        """A link to the slides of each chapter."""
        return links.deck_links(self._lang, self._here())

    def ladder(self) -> str:
        """All stages of the course: those that exist, and those to come."""
        return ladder.shown(self._lang, self._here())

    def api(self) -> str:
        """Every operation of common/web/openapi.yaml."""
        return api_reference.shown(self._lang)

    def glossary(self) -> str:
        """Every word of docs/glossary.toml."""
        return glossary.listed(self._lang)

    def architecture(self, stage: str) -> str:
        """The picture of all that runs in the stage ("s05"), or in the newest one ("newest")."""
        return architecture.picture(newest() if stage == "newest" else find(stage), self._lang)


def define_env(env: Any) -> None:
    """Called by mkdocs-macros, and by Zensical."""
    lang: Lang = env.variables["extra"]["lang"]
    macros = Macros(lang, lambda: page_path(env.page))
    if hasattr(
        env.conf, "markdown_extensions"
    ):  # MkDocs; Zensical cannot be told so late, and has no tooltips
        env.conf.markdown_extensions.append(glossary.Tooltips(lang))
    for name in (each for each in dir(Macros) if not each.startswith("_")):
        env.macro(getattr(macros, name), name)


def page_path(page: Any) -> str:
    """Where the page's source is, as each of the two builders tells it."""
    return str(page.file.src_uri if hasattr(page, "file") else page.path)
