"""The pages for people: class report, viva cards, leaderboard. One file each, and nothing to load."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache, partial
from operator import itemgetter

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from homework.grader.course import Course
from homework.grader.exports.picture import TALK_TO, Picture
from homework.grader.results import Language
from homework.grader.viva import Card
from homework.grader.words import say

CODE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*")
SIGNS = {"passed": "✔", "failed": "✘", "skipped": "⊘", "not_started": "·", "grader_error": "!", "": ""}


def report(pictures: Sequence[Picture], course: Course, today: date) -> str:
    """Who is where, what most fail at, who is alike: for the instructor."""
    return _render("report.html", course, pictures=pictures, today=today, most=TALK_TO, signs=SIGNS)


def viva(cards: Sequence[Card], course: Course, today: date) -> str:
    """Two questions for each submission, with their answers: for the examiner."""
    return _render("viva.html", course, cards=cards, today=today)


def leaderboard(pictures: Sequence[Picture], course: Course, today: date) -> str:
    """For everybody to see: names only of those who pass every check."""
    return _render("leaderboard.html", course, pictures=pictures, today=today)


def _render(template: str, course: Course, **values: object) -> str:
    page = _templates(course.language).get_template(template)
    return page.render(course=course, language=course.language, **values)


@cache
def _templates(language: Language) -> Environment:
    made = Environment(
        loader=PackageLoader("homework.grader.exports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.globals["say"] = partial(say, language)
    made.filters |= {"marked": marked, "number": number, "by_title": itemgetter(language)}
    return made


def marked(text: str) -> Markup:
    """`code` and **strong** as HTML; everything else escaped."""
    return Markup(CODE.sub(_tag, str(escape(text))))  # noqa: S704 - escaped just before


def number(value: float | None) -> str:
    """75 for 75.0, 66.7 for 66.67, a dash for nothing."""
    return "–" if value is None else f"{value:.1f}".removesuffix(".0")


def _tag(match: re.Match[str]) -> str:
    return f"<code>{match[1]}</code>" if match[1] else f"<strong>{match[2]}</strong>"
