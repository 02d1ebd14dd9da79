"""A submission's name is understood, or refused with the name that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homework.grader.names import RIGHT, Name, WrongName, nearest, of_path, parse

# The same examples each time, none kept on disk. No deadline: the first one loads the table of pinyin.
same_each_time = settings(derandomize=True, database=None, deadline=None, max_examples=300)
RIGHT_NAMES = st.from_regex(RIGHT, fullmatch=True)
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@same_each_time
@given(RIGHT_NAMES)
def test_a_right_name_is_read_as_it_is_written(text: str) -> None:
    assert str(parse(text)) == text


@same_each_time
@given(RIGHT_NAMES, st.data())
def test_what_is_only_written_otherwise_is_understood(text: str, data: st.DataObject) -> None:
    """Capitals, full-width characters, other separators, spaces around, the ending of an archive."""
    noisy = text.replace("-", data.draw(st.sampled_from(["-", "_", " ", " - ", "—", ".", "－"])))
    for change in data.draw(st.lists(st.sampled_from(NOISE), max_size=3)):
        noisy = change(noisy)
    assert nearest(noisy) == parse(text), noisy


NOISE = [str.upper, str.title, lambda text: text.translate(FULL_WIDTH), "  {}\n".format, "{}.zip".format]


@same_each_time
@given(st.text() | st.text("seckill-_ 0123456789林李ａ１.zip()"))
def test_any_text_is_a_name_or_is_refused_with_a_right_one_or_none(text: str) -> None:
    try:
        assert str(parse(text)) == text
    except WrongName as refused:
        assert refused.nearest is None or parse(str(refused.nearest)) == refused.nearest


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Seckill-20260001-Lin", "seckill-20260001-lin"),
        ("seckill 20260001 lin", "seckill-20260001-lin"),
        ("seckill_20260001_lin", "seckill-20260001-lin"),
        ("seckill-2026-0001-lin", "seckill-20260001-lin"),
        ("ｓｅｃｋｉｌｌ－２０２６０００１－ｌｉｎ", "seckill-20260001-lin"),
        ("seckill-20260001-林小明", "seckill-20260001-linxiaoming"),
        ("秒杀-20260001-吕布", "seckill-20260001-lyubu"),
        ("20260001单雄信", "seckill-20260001-shanxiongxin"),
        ("seckill-20260001-José Núñez", "seckill-20260001-josenunez"),
        ("seckill20260001lin", "seckill-20260001-lin"),
        ("lin20260001", "seckill-20260001-lin"),
        ("sekill-20260001-lin", "seckill-20260001-lin"),
        ("sec-kill-20260001-lin", "seckill-20260001-lin"),
        ("20260001-lin-seckill", "seckill-20260001-lin"),
        ("seckill-U201912345-lin", "seckill-u201912345-lin"),
        ("seckill-20260001-lin-hw05.zip", "seckill-20260001-lin"),
        ("seckill-20260001-lin (1).zip", "seckill-20260001-lin"),
        ("seckill-20260001-lin - 副本", "seckill-20260001-lin"),
        ("Copy of seckill-20260001-lin", "seckill-20260001-lin"),
        ("seckill-20260001-O'Neill", "seckill-20260001-oneill"),
        ("seckill-٢٠٢٦٠٠٠١-lin", "seckill-20260001-lin"),
    ],
)
def test_the_nearest_right_name_is_proposed(written: str, meant: str) -> None:
    with pytest.raises(WrongName) as refused:
        parse(written)
    assert str(refused.value.nearest) == meant
    assert f"rename it to {meant}" in str(refused.value)


@pytest.mark.parametrize(
    "written", ["", "seckill", "seckill-lin", "seckill-20260001", "seckill-123-lin", "林小明"]
)
def test_what_says_too_little_is_answered_with_an_example(written: str) -> None:
    with pytest.raises(WrongName, match="write it like seckill-20260001-lin") as refused:
        parse(written)
    assert refused.value.nearest is None


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("Seckill-20260001-lin", "capitals"),
        ("seckill 20260001 lin", "spaces"),
        ("seckill-２０２６０００１-lin", "full-width"),
        ("seckill-20260001-林", "Chinese"),
        ("seckill-lin", "no student number"),
        ("seckill_20260001_lin", "with a hyphen between"),
    ],
)
def test_the_refusal_says_what_is_wrong(written: str, why: str) -> None:
    with pytest.raises(WrongName, match=why):
        parse(written)


def test_a_folder_and_a_zip_file_have_the_same_name() -> None:
    assert of_path(Path("in/seckill-20260001-lin")) == Name("20260001", "lin")
    assert of_path(Path("in/seckill-20260001-lin.zip")) == Name("20260001", "lin")
