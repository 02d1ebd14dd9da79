"""Every command that a page tells the reader to run: it is there, and so is what it names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from common.cli import seckill
from common.lab.places import ROOT
from common.site.pages import LANGS, all_pages, path_of
from common.site.words import Lang
from common.web import seam

# After "./seckill": up to where a comment begins, the code span ends, or the line does.
COMMAND = re.compile(r"\./seckill ((?:(?!  )[^`\n|#…（，。；])+)")
# What the reader has and we have not.
THEIRS = re.compile(r"\b[A-Z]{3,}\b|sNN|hwNN|mine\.sql|autumn|results-1")


def told(lang: Lang) -> Iterator[tuple[str, str]]:
    for page in all_pages(lang):
        for found in COMMAND.finditer(path_of(page, lang).read_text()):
            yield page, found[1].strip().rstrip(".,:;)")


def parsed(words: list[str]) -> click.Context:
    """The innermost command with its arguments read, as click reads them before it runs anything."""
    context = click.Context(seckill, info_name="seckill")
    command: click.Command = seckill
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, info_name=name, parent=context)
    return command.make_context(context.info_name, words, parent=context.parent)


def check(context: click.Context) -> None:
    """What the words name beyond the command itself: a class to plug in, tests to run."""
    given = context.params
    if plugs := given.get("plugs"):
        seam.plugs(",".join(plugs), given["stage"].load().create_shop)
    if context.info_name == "test" and given["arguments"]:
        file, *expressions = [word for word in given["arguments"] if word != "-k"]
        words = {*" ".join(expressions).split()} - {"and", "or", "not"}
        text = (ROOT / file).read_text()
        assert all(word in text for word in words), f"{file} has nothing called {words}"


@pytest.mark.parametrize("lang", LANGS)
def test_every_command_on_a_page_can_be_run(lang: Lang) -> None:
    wrong, count = [], 0
    for page, text in told(lang):
        if THEIRS.search(text):
            continue
        count += 1
        try:
            check(parsed(shlex.split(text)))
        except click.MissingParameter:
            continue  # the text speaks of the command, by its name alone
        except (click.ClickException, ValueError, AssertionError, OSError) as error:
            wrong.append(f"{page}: ./seckill {text}: {getattr(error, 'message', error)}")
    assert wrong == []
    assert count > 80


@pytest.mark.parametrize(
    "text",
    [
        "explode s01",
        "explore s99",
        "explore s01 --scenarios one-unit",
        "explore s01 --with checkout=stages.s01_naive.foils:Nothing",
        "test tests/stages/test_s01_naive.py -k nothing_like_it",
        "sessions docs/examples/nothing.sql",
    ],
)
def test_the_check_would_notice(text: str) -> None:
    with pytest.raises((click.ClickException, ValueError, AssertionError)):
        check(parsed(shlex.split(text)))
