"""Copies are found through renaming, comments and reordering; the same task done by two people is not one."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

from homework.grader.book import find as find_homework
from homework.grader.exports.alike import find
from homework.grader.similarity import CLASS, pairs, runs

STARTER = '''
class Swap:
    """Swap one size for another, all or nothing."""

    def __init__(self, sql):
        self.sql = sql

    def __call__(self, order, size):
        raise NotImplementedError("write me, and keep both rows in step with each other")
'''
FIRST = '''
    def take(self, db, size):
        """Take a unit."""
        # guarded
        taken = db.run("UPDATE sizes SET left_over = left_over - 1 WHERE size = %s AND left_over > 0", [size])
        if taken.affected_rows != 1:
            raise SoldOut(size, retry=False)
        return taken.affected_rows
'''
SECOND = """
    def give_back(self, db, size, *, units=1):
        for attempt in range(3):
            try:
                return db.run("UPDATE sizes SET left_over = left_over + %s WHERE size = %s", [units, size])
            except OperationalError as error:
                if error.args[0] not in (1205, 1213):
                    raise
        raise Busy("the row stays locked", attempt)
"""
OTHER = """
    def both(self, sql, old, new):
        order = sorted({old, new})
        with sql() as db, db.transaction():
            locked = {name: db.one("SELECT left_over FROM sizes WHERE size = ? FOR UPDATE") for name in order}
            if not locked[new]:
                db.rollback()
                return None
            moves = [(-1, new), (+1, old)]
            db.run_many("UPDATE sizes SET left_over = left_over + %s WHERE size = %s", moves)
        return dict(old=old, new=new, left=locked[new] - 1)
"""


def files(*parts: str) -> dict[str, str]:
    return {"hw02/swap.py": STARTER + "".join(parts)}


def disguised() -> dict[str, str]:
    """FIRST and SECOND the other way round, with other names, comments and blank lines."""
    text = (SECOND + FIRST).replace("taken", "n").replace("attempt", "i").replace("db", "conn")
    text = re.sub(
        r"\n( +)return", r"\n\n\1# my own idea\n\1return", text.replace("Take a unit.", "Nimm eins.")
    )
    return files(text.replace("give_back", "undo"))


GIVEN = {"swap.py": STARTER}


def test_a_disguised_copy_is_found_and_shown() -> None:
    found = pairs({"a": files(FIRST, SECOND), "b": disguised(), "c": files(OTHER)}, GIVEN)
    assert [(pair.a, pair.b) for pair in found] == [("a", "b")]
    assert found[0].share > 0.7
    assert "UPDATE sizes" in found[0].passage
    assert str(found[0].left).startswith("hw02/swap.py:")


def test_two_peoples_own_work_is_not_alike() -> None:
    assert not pairs({"a": files(FIRST, SECOND), "c": files(OTHER)}, GIVEN, least=0.2)


def test_what_was_given_out_does_not_count() -> None:
    assert runs(files()).keys() <= runs(GIVEN).keys()
    assert not pairs({"a": files(), "b": files()}, GIVEN)


def test_what_most_of_a_class_wrote_does_not_count_in_a_class() -> None:
    same = {str(n): files(FIRST, SECOND) for n in range(CLASS)}
    assert not pairs(same, GIVEN)
    few = dict(list(same.items())[: CLASS - 1])
    assert len(pairs(few, GIVEN)) == len(list(combinations(few, 2)))


def test_lua_and_sql_are_read_too() -> None:
    lua = (
        "local n = tonumber(redis.call('GET', KEYS[1]) or '0')\nif n < tonumber(ARGV[1]) then return 0 end\n"
    )
    lua += (
        "redis.call('DECRBY', KEYS[1], ARGV[1])\nredis.call('HINCRBY', KEYS[2], ARGV[2], ARGV[1])\nreturn 1\n"
    )
    renamed = "-- mine\n" + lua.replace("local n", "local left").replace("n <", "left <")
    assert pairs({"a": {"basket.lua": lua}, "b": {"basket.lua": renamed}}, {})[0].share == 1


def hand_in(folder: Path, name: str, text: str) -> None:
    (folder / name / "hw02").mkdir(parents=True)
    (folder / name / "hw02" / "swap.py").write_text(text)


def test_a_class_is_compared_with_the_starter_that_it_got(tmp_path: Path) -> None:
    homework = find_homework("hw02")
    solution = (homework.folder / "solution" / "swap.py").read_text()
    starter = (homework.folder / "starter" / "swap.py").read_text()
    hand_in(tmp_path, "seckill-20260001-lin", solution)
    hand_in(tmp_path, "seckill-20260002-wang", solution.replace("order", "o"))
    hand_in(tmp_path, "seckill-20260003-zhao", starter)
    found = find(homework, sorted(tmp_path.iterdir()))
    assert [(pair.a, pair.b) for pair in found] == [("seckill-20260001-lin", "seckill-20260002-wang")]


@pytest.mark.parametrize("content", [bytes(range(256)), b"", b"((((((" * 5000, "林".encode() * 5000])
def test_any_bytes_can_be_compared(content: bytes) -> None:
    text = content.decode(errors="replace")
    pairs({"a": {"swap.py": text}, "b": {"swap.py": text}}, GIVEN)
