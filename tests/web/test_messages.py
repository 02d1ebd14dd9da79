"""The words of the pages: the same in both languages, none missing, none left over."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from common import shop
from common.shop import Refused, SaleState, TicketState
from common.stages import all_stages
from common.web import i18n
from common.web.bodies import Image, LimitsChange
from common.web.i18n import LANGUAGES, messages
from common.web.pages import ANSWERS
from tests.conftest import MakeApp

WEB = Path(i18n.__file__).parent
ENDED = {"ordered", "refused"}
STAGES = WEB.parent.parent / "stages"
SOURCES = [*WEB.glob("*.py"), *(WEB / "templates").rglob("*.html"), *STAGES.rglob("*.html")]


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_the_same_names() -> None:
    english, chinese = messages("en"), messages("zh")
    assert list(english) == list(chinese), "the files have the same keys in the same order"
    different = [key for key in english if names(english[key]) != names(chinese[key])]
    assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_left_in_the_other_language(language: str) -> None:
    for key, text in messages(language).items():
        chinese = re.search(r"[\u4e00-\u9fff]", text)
        assert text.strip()
        assert bool(chinese) == (language == "zh"), f"{key}: {text}"


def used_keys() -> set[str]:
    """Every literal key in a call of `t`, in code and templates."""
    call = re.compile(r"""\bt\(\s*["']([a-z_.]+[a-z_])["']\s*[,)]""")
    return {key for file in SOURCES for key in call.findall(file.read_text("utf-8"))}


def composed_keys() -> set[str]:
    """The keys that code puts together from a part it knows and a name."""
    guarantees = {name for stage in all_stages() for name in (*stage.adds, *stage.drops)}
    return {
        *(f"guarantee.{name}.{part}" for name in guarantees for part in ("name", "says")),
        *(f"answer.{kind}.{part}" for kind in ANSWERS for part in ("title", "text")),
        *(f"ticket.{state}" for state in get_args(TicketState) if state not in ENDED),
        *(f"state.{state}" for state in get_args(SaleState)),
        *(f"product.{image}" for image in get_args(Image)),
        *(f"limit.{name}" for name in LimitsChange.model_fields),
        *(f"phase.{phase}" for phase in ("soon", "live", "sold_out", "ended")),
    }


def test_every_key_in_use_has_words() -> None:
    assert used_keys() | composed_keys() <= set(messages("en"))
    assert len(used_keys()) > 50, "the search finds the calls"


def test_no_words_are_left_over() -> None:
    """Each key is used as it stands, or its first part is put together with a name somewhere."""
    everything = "".join(file.read_text("utf-8") for file in SOURCES)
    unused = [
        key
        for key in messages("en")
        if key not in everything and not re.search(rf"""["']{key.split(".")[0]}\.["' {{~]""", everything)
    ]
    assert unused == []


def test_every_refusal_of_the_shop_has_words() -> None:
    assert {kind.type for kind in Refused.__subclasses__() if kind.__module__ == shop.__name__} <= set(
        ANSWERS
    )


def test_every_reason_of_the_back_office_has_words() -> None:
    source = (WEB.parent / "backoffice.py").read_text("utf-8")
    fields = set(re.findall(r'Invalid\("(\w+)"', source))
    assert fields
    assert {f"refused.{field}" for field in fields} <= set(messages("en"))


@pytest.mark.parametrize("image", get_args(Image))
def test_every_picture_is_drawn(image: str) -> None:
    drawing = WEB / "static" / "products" / f"{image}.svg"
    assert drawing.read_text("utf-8").startswith("<svg ")
    assert drawing.stat().st_size < 4096


@pytest.mark.parametrize(
    ("asked", "cookie", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", None, "zh"),
        ("zh-TW", None, "zh"),
        ("fr,de;q=0.8", None, "en"),
        ("", None, "en"),
        ("en", "zh", "zh"),
        ("zh", "en", "en"),
        ("zh", "tlh", "zh"),
    ],
)
def test_a_choice_goes_before_what_the_browser_asks_for(
    make_app: MakeApp, asked: str, cookie: str | None, language: str
) -> None:
    headers = {"Accept-Language": asked, **({"Cookie": f"language={cookie}"} if cookie else {})}
    with make_app("s01").test_request_context("/", headers=headers):
        assert i18n.language() == language
