"""How much two submissions have in common, whatever the names, the comments and the order of functions.

Each file is cut into tokens (by Pygments, so Python, Lua and SQL are treated alike); names become one token,
comments and docstrings none. What two submissions share is counted in runs of `RUN` tokens. Left out is what
was given to everybody, and in a class of `CLASS` or more what over half of the class has: that is the
task itself. The idea is Schleimer, Wilkerson and Aiken's ("Winnowing", SIGMOD 2003), without the sampling,
which a class does not need.

Does not prove anything: a small task has few good answers, and one source may have been read by both. It says
whom to ask; the viva cards say what. Blind to code that was rewritten rather than copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import NamedTuple

RUN = 20  # tokens: about three lines
FEWEST = 20  # runs of one's own, or there is too little to compare
CLASS = 6

Files = Mapping[str, str]


class Token(NamedTuple):
    text: str
    line: int


class Place(NamedTuple):
    file: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.file}:{self.first}-{self.last}"


@dataclass(frozen=True)
class Pair:
    """Two submissions; `share` (0 to 1) of the smaller one's own runs is in the other one too.

    `left` and `right` are where the longest passage stands, and `passage` is the left one's text.
    """

    a: str
    b: str
    share: float
    left: Place
    right: Place
    passage: str


Runs = dict[tuple[str, ...], Place]


def pairs(submissions: Mapping[str, Files], given: Files, least: float = 0.5) -> list[Pair]:
    """The pairs that share at least `least`, the most alike first."""
    handed_out = set(runs(given))
    own = {
        name: {run: at for run, at in runs(files).items() if run not in handed_out}
        for name, files in sorted(submissions.items())
    }
    everybodys = _everybodys(own)
    own = {name: {run: at for run, at in each.items() if run not in everybodys} for name, each in own.items()}
    own = {name: each for name, each in own.items() if len(each) >= FEWEST}
    found = []
    for a, b in combinations(own, 2):
        shared = [(own[a][run], own[b][run]) for run in own[a].keys() & own[b].keys()]
        share = len(shared) / min(len(own[a]), len(own[b]))
        if share >= least:
            left, right = _longest(sorted(shared))
            lines = submissions[a][left.file].splitlines()[left.first - 1 : left.last]
            found.append(Pair(a, b, round(share, 3), left, right, "\n".join(lines)))
    return sorted(found, key=lambda pair: (-pair.share, pair.a, pair.b))


def runs(files: Files) -> Runs:
    """Every run of `RUN` tokens, and where it first stands."""
    found: Runs = {}
    for file, text in sorted(files.items()):
        tokens = list(tokenize(file, text))
        for start in range(len(tokens) - RUN + 1):
            part = tokens[start : start + RUN]
            found.setdefault(tuple(token.text for token in part), Place(file, part[0].line, part[-1].line))
    return found


def tokenize(file: str, text: str) -> Iterator[Token]:
    """The tokens that matter, each with its line (from 1)."""
    from pygments.lexers import TextLexer, get_lexer_for_filename
    from pygments.token import Comment, Name, String, Whitespace
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_for_filename(file, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    line = 1
    for kind, value in lexer.get_tokens(text):
        if value.strip() and not any(kind in each for each in (Comment, Whitespace, String.Doc)):
            yield Token("name" if kind in Name else value.casefold(), line)
        line += value.count("\n")


def _everybodys(own: Mapping[str, Runs]) -> set[tuple[str, ...]]:
    if len(own) < CLASS:
        return set()
    having = Counter(run for each in own.values() for run in each)
    return {run for run, count in having.items() if 2 * count > len(own)}


def _longest(shared: list[tuple[Place, Place]]) -> tuple[Place, Place]:
    """Where the longest passage stands in both; runs that overlap, here and there, belong to one passage."""
    passages = [[shared[0]]]
    for (before, there), (after, then) in pairwise(shared):
        goes_on = after.file == before.file and after.first <= before.last
        if goes_on and then.file == there.file and there.first <= then.first <= there.last:
            passages[-1].append((after, then))
        else:
            passages.append([(after, then)])
    longest = max(passages, key=lambda each: (each[-1][0].last - each[0][0].first, len(each)))
    return _from_to([left for left, _right in longest]), _from_to([right for _left, right in longest])


def _from_to(places: list[Place]) -> Place:
    return Place(places[0].file, min(each.first for each in places), max(each.last for each in places))
