"""Copies are found through renaming, comments and reordering; the same task done by two people is not one."""

from __future__ import annotations

import os
import re
from itertools import combinations
from pathlib import Path
from zipfile import ZipFile

import pytest

from homework.grader.similarity import CLASS, MOST, pairs, runs, sources

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


def test_names_are_read_from_a_folder_and_from_a_zip_alike(tmp_path: Path) -> None:
    (tmp_path / "a" / "hw02").mkdir(parents=True)
    (tmp_path / "a" / "hw02" / "swap.py").write_text(STARTER)
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("hw02/swap.py", STARTER)
        archive.writestr("hw02/picture.png", b"\x89PNG")
    assert sources(tmp_path / "a") == sources(tmp_path / "a.zip") == files()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "huge", "bytes", "no zip", "nothing"])
def test_hostile_files_do_no_harm(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "a"
    place.mkdir()
    file = place / "swap.py"
    match kind:
        case "link":
            file.symlink_to("/etc/passwd")
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "huge":
            file.write_bytes(b"x" * (MOST + 1))
        case "bytes":
            file.write_bytes(bytes(range(256)))
        case "no zip":
            place = tmp_path / "a.zip"
            place.write_bytes(b"PK\x03\x04 and no more")
        case "nothing":
            place = tmp_path / "b.zip"
    found = sources(place)
    assert sum(map(len, found.values())) <= MOST
    assert "root" not in str(found)
    runs(found)
