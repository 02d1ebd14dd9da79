"""Slides: a chapter's own Markdown, cut where something is shown.

Every picture, listing, table, list and question of the chapter becomes a slide; the sentence that leads to it
is its caption. Of prose, a slide shows the first sentence of each paragraph, and the whole is in its notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from textwrap import dedent

from common.site.blocks import fence
from common.site.outputs import RULE

LINES = 32  # of a listing: more are cut in two, and leave no room for notes
STEPS = 12  # of a diagram: with more its letters are too small to read
LONG = 70  # characters of a step that are as high as one more step
SHORT = 420  # characters of a list that need not be cut
TICKS = re.compile(r"`{3,}")
FENCED = re.compile(r"(.*?^(`{3,})[^`\n]*\n)(.*?)(^\2$.*)", re.MULTILINE | re.DOTALL)
ITEM = re.compile(r"^(?=(?:- |\d+\. ))", re.MULTILINE)
TITLED = re.compile(r'^(?:!!!|\?\?\?) \w+ "(.*)"$', re.MULTILINE)
# A sentence ends in Latin punctuation before a space, or in Chinese punctuation; what closes goes with it.
SENTENCE = re.compile(r".+?(?:[.!?][\"'”)*_]*(?=\s|$)|[。！？][”）*_]*|$)\s*", re.DOTALL)
LABEL = re.compile(r"(\*\*|\*).+?\1[.:。：]?\s*")
WIDTH = 24  # Latin letters; a sentence that is shorter says too little by itself


@dataclass(frozen=True)
class Slide:
    """What is shown under which heading, and what there is to say about it: all Markdown."""

    heading: str
    body: str
    notes: str = ""


def cut(text: str) -> Iterator[Slide]:
    """The slides of a chapter whose macros have been replaced by what they show. The first has its title."""
    title, *given = blocks(text)
    parts = next(number for number, block in enumerate(given) if block.startswith("#"))
    yield from _told(Slide(_heading(title), ""), _heading(title), given[:parts])
    yield from _slides(given[parts:])


def _slides(given: list[str]) -> Iterator[Slide]:
    heading = ""
    said: list[str] = []  # paragraphs that are on no slide yet
    last: Slide | None = None  # may get the notes on its lines yet, or a closing word
    for block in given:
        if block.startswith("#"):
            yield from _told(last, heading, said)
            heading, last, said = _heading(block), None, []
        elif block.startswith("??? abstract"):
            continue  # diff, schema and what runs: for reading, not for showing
        elif last and block.startswith('<div class="notes"'):
            where = "notes" if last.body.count("\n") > LINES else "body"
            last = replace(last, **{where: f"{getattr(last, where)}\n\n{block}".strip()})
        elif last and not said and _belongs(block, last):
            last = replace(last, body=f"{last.body}\n\n{block}".strip())
        elif _is_shown(block):
            led = said[-2:] if LABEL.fullmatch("".join(said[-2:-1])) else said[-1:]
            yield from _told(last, heading, said[: len(said) - len(led)])
            caption = "\n\n".join([*led[:-1], *map(leading, led[-1:])])
            shown, *more = _sheets(shortened(block))
            notes = [*led, *([block] if not more and shown != block else [])]
            last = Slide(heading, f"{caption}\n\n{shown}".strip(), "\n\n".join(notes))
            for sheet in more:
                yield last
                last = Slide(heading, sheet)
            said = []
        else:
            said.append(block)
    yield from _told(last, heading, said)


def _told(last: Slide | None, heading: str, said: list[str]) -> Iterator[Slide]:
    """The slide before, and the prose since: one paragraph stands below it, more are a slide of their own."""
    points = [lead(each) for each in said]
    notes = "\n\n".join(said)
    if last and len(said) == 1 and "???" not in last.body:
        body, notes = f"{last.body}\n\n{points[0]}", f"{last.notes}\n\n{notes}"
        yield replace(last, body=body.strip(), notes=notes.strip())
        return
    if last:
        yield last
    if said:
        yield Slide(
            heading, points[0] if len(points) == 1 else "\n".join(f"- {each}" for each in points), notes
        )


def _belongs(block: str, last: Slide) -> bool:
    """Whether this stands below what was shown last: where a figure comes from, what a command printed, and
    what a list ends by pointing at."""
    printed = block.startswith("```text") and "```bash" in last.body
    pointed_at = last.body.rstrip("*").endswith((":", "：")) and _is_shown(block)
    return block.startswith("<small>") or printed or pointed_at


def _sheets(block: str) -> list[str]:
    """A listing or a diagram, on as many sheets as it needs: a sheet has few lines. The schedule that follows
    on verdicts begins one."""
    fenced = FENCED.fullmatch(block)
    if not fenced:
        return [block]
    opening, _, text, closing = fenced.groups()
    head, found, schedule = text.partition("\n\nSchedule ")
    parts = [f"{head}\n", f"Schedule {schedule}"] if found and "✘" in head else [text]
    return [f"{opening}{piece}{closing}" for part in parts for piece in _pieces(part.splitlines())]


def _pieces(lines: list[str]) -> Iterator[str]:
    """These lines, in several pieces of about the same length if they are many. Each begins with a step, or
    after an empty line; and what heads the columns stands above each."""
    heading, start, most, begins = 0, 0, LINES, r"$"
    if participants := [at for at, line in enumerate(lines) if line.startswith("    participant ")]:
        start, most, begins = participants[-1] + 1, STEPS, r" *\w+-[>x]"
    elif rules := [at for at, line in enumerate(lines) if line.lstrip().startswith(RULE)]:
        heading, start, begins = rules[0] - 1, rules[0] + 1, r"\d+ "
    steps = [at for at in range(start + 1, len(lines)) if re.match(begins, lines[at])]
    length = len(lines) - start
    words = sum(len(lines[at]) // LONG for at in steps) if participants else 0
    count = -(-(length + words) // most) if steps else 1
    ideal = [start + length * n // count for n in range(1, count)]
    cuts = sorted({min((abs(at - each), at) for at in steps)[1] for each in ideal})
    for begin, end in pairwise([0, *cuts, len(lines)]):
        repeated = lines[heading:start] if begin else []
        yield "\n".join([*repeated, *lines[begin:end]]).strip("\n") + "\n"


def _heading(line: str) -> str:
    return re.sub(r"\s*\{#[^}]*\}", "", line.lstrip("#")).strip()


def _is_shown(block: str) -> bool:
    return block.startswith(("|", "<", "???")) or bool(TICKS.match(block) or ITEM.match(block))


def blocks(text: str) -> list[str]:
    """The blocks of Markdown, in order. A fence or an HTML element is one with its blank lines, and so is a
    list or an admonition with what is indented below it."""
    found: list[str] = []
    fresh = True  # whether a blank line has just been seen
    closing: str | None = None  # the fence that is open
    depth = 0  # of <div> and <figure>
    for line in text.splitlines():
        opened = closing is not None or depth > 0
        if not opened and not line.strip():
            fresh = True
            continue
        belongs = opened or not fresh or line.startswith("    ") or _goes_on(found, line)
        if belongs and found:
            found[-1] += ("\n\n" if fresh and not opened else "\n") + line
        else:
            found.append(line)
        fresh = False
        if closing is not None:
            closing = None if line == closing else closing
        elif ticks := TICKS.match(line):
            closing = ticks[0]
        else:
            depth += len(re.findall(r"<(?:div|figure)\b", line)) - len(re.findall(r"</(?:div|figure)>", line))
    return [each for block in found for each in _code(block)]


def _goes_on(found: list[str], line: str) -> bool:
    """Whether this line is the next item of the list before it."""
    return any(found and re.match(sign, found[-1]) and re.match(sign, line) for sign in ("- ", r"\d+\. "))


def _code(block: str) -> list[str]:
    """An indented listing belongs to nobody: it is a block of its own, and fenced."""
    first, _, rest = block.partition("\n\n    ")
    indented = rest and not re.match(r"- |\d+\. |\?\?\?|!!!|<|`{3}", first)
    return [first, fence(dedent("    " + rest), "bash")] if indented else [block]


def lead(paragraph: str) -> str:
    """Its first sentence, or two where the first is short or a **label.**; of an admonition, its title."""
    if titled := TITLED.match(paragraph):
        return titled[1]
    label = LABEL.match(paragraph)
    said = label[0] if label else ""
    start = len(said)
    for sentence in _sentences(paragraph[start:]):
        said += sentence
        if _width(said[start:]) >= WIDTH:
            break
    return said.strip()


def _sentences(text: str) -> Iterator[str]:
    """The sentences, with what is between them. Stars that end one and close nothing in it open the next."""
    opening = ""
    for found in SENTENCE.finditer(text):
        sentence = opening + found[0]
        bare = sentence.rstrip("*")
        stars = sentence[len(bare) :]
        opening = stars if stars and bare.count(stars) % 2 == 0 else ""
        yield bare if opening else sentence


def leading(paragraph: str) -> str:
    """The sentence that points at what follows: the last one if it ends in a colon, else the first."""
    last = [sentence for sentence in _sentences(paragraph) if sentence.strip()][-1].strip()
    return last if last.endswith((":", "：")) else lead(paragraph)


def _width(text: str) -> int:
    """How long it looks: a Chinese character is as wide as two letters."""
    return sum(2 if "\u2e80" <= sign <= "\uffef" else 1 for sign in text)


def shortened(block: str) -> str:
    """A long list with its items' leads alone; anything else as it is."""
    items = [" ".join(each.split()) for each in ITEM.split(block) if each.strip()]
    if not ITEM.match(block) or _width(block) <= SHORT:
        return block
    return "\n".join(f"{mark} {lead(said)}" for mark, _, said in (item.partition(" ") for item in items))
