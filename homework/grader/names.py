"""The name of a submission: `seckill-<id>-<author>`, like `seckill-20260001-lin`.

The id is the student number: digits, with up to three letters before them where a university has such.
The author is a name in the letters a to z. A name written otherwise is refused with the nearest right
one: capitals, spaces, full-width digits, wrong separators, accents and Chinese characters are understood.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from homework.grader.mistakes import Mistake

RIGHT = re.compile(r"seckill-([a-z]{0,3}[0-9]{4,14})-([a-z][a-z0-9]{1,30})", re.ASCII)
EXAMPLE = "seckill-20260001-lin"
ARCHIVE = re.compile(r"(\.(zip|tar|gz|tgz|rar|7z|git)\s*)+$")
COPY = re.compile(r"副本|\(\d+\)|\bcopy( of)?\b( \d+)?")  # what file managers add
HOMEWORK = re.compile(r"\b(hw|homework) ?\d{1,2}\b")
IDS = (re.compile(r"\b[a-z]{1,3}\d{4,14}\b"), re.compile(r"\d[\d ]{2,}\d"))
HAN = re.compile(r"[\u3400-\u9fff]+")
LIKE_SECKILL = 0.75  # of the letters in the same order: so are "sekill" and "seckil"
# Surnames that sound otherwise than the same character in other words.
SURNAMES = {"单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "查": "zha", "区": "ou", "朴": "piao"}


class WrongName(Mistake):
    """Not a name of a submission. `nearest` is the right name that was probably meant, or None."""

    def __init__(self, text: str, nearest: Name | None, why: str) -> None:
        advice = f"rename it to {nearest}" if nearest else f"write it like {EXAMPLE}"
        super().__init__(f"{text!r} is no name of a submission: {why}; {advice}")
        self.nearest = nearest


@dataclass(frozen=True, order=True)
class Name:
    """Who handed in. `str(name)` is the one right way to write it."""

    id: str
    author: str

    def __str__(self) -> str:
        return f"seckill-{self.id}-{self.author}"


def parse(text: str) -> Name:
    """The name that `text` is; raises `WrongName`, with a proposal, for anything not written exactly so."""
    if match := RIGHT.fullmatch(text):
        return Name(*match.groups())
    raise WrongName(text, nearest(text), _what_is_wrong(text))


def of_path(path: Path) -> Name:
    """The name of a folder, or of a zip file."""
    return parse(path.name.removesuffix(".zip"))


def is_meant(text: str) -> bool:
    """Whether somebody meant this to be a name of a submission: it begins with the word, however written."""
    return _plain(text).startswith("seckill")


def nearest(text: str) -> Name | None:
    """The right name that was probably meant; None when the id or the author is missing."""
    plain = _plain(text)
    if match := RIGHT.fullmatch(plain.replace(" ", "-")):
        return Name(*match.groups())
    plain = HOMEWORK.sub(" ", plain)
    for pattern in IDS:
        if match := pattern.search(plain):
            author = _author(f"{plain[: match.start()]} {plain[match.end() :]}")
            if right := RIGHT.fullmatch(f"seckill-{match[0].replace(' ', '')}-{author}"):
                return Name(*right.groups())
    return None


def _plain(text: str) -> str:
    """Words of small letters a to z and digits with one space between; Chinese as pinyin."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("秒杀", " seckill ")
    text = COPY.sub(" ", ARCHIVE.sub("", text))
    text = HAN.sub(lambda run: _pinyin(run[0]), text)
    letters = unicodedata.normalize("NFKD", text)
    bare = (each for each in letters if not unicodedata.combining(each))
    digits = "".join(str(unicodedata.digit(each, each)) for each in bare)
    return re.sub(r"[^a-z0-9]+", " ", digits).strip()


def _author(text: str) -> str:
    """Everything that is not "seckill", or nearly so."""
    words = text.replace("sec kill", "seckill").split()
    words = [word.removeprefix("seckill").removesuffix("seckill") for word in words]
    return "".join(w for w in words if SequenceMatcher(None, w, "seckill").ratio() < LIKE_SECKILL)


def _pinyin(run: str) -> str:
    """As in a passport: no tones, ü as yu, one word."""
    from pypinyin import lazy_pinyin

    surname = SURNAMES.get(run[0], "")
    syllables = lazy_pinyin(run[1:] if surname else run, errors="ignore")
    return surname + "".join(each.replace("v", "yu") for each in syllables)


def _what_is_wrong(text: str) -> str:
    """The first thing that is wrong, in words."""
    faults = {
        "it is empty": not text.strip(),
        "it has full-width characters": unicodedata.normalize("NFKC", text) != text,
        "it has Chinese characters": HAN.search(text),
        "it has spaces": re.search(r"\s", text),
        "it has capitals": text != text.lower(),
        "it has the ending of an archive": ARCHIVE.search(text),
        "it has no student number of at least four digits": not re.search(r"\d{4}", text),
        "it is not seckill, the student number and the author with a hyphen between": True,
    }
    return next(fault for fault, found in faults.items() if found)
