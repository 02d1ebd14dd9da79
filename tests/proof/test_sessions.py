"""Two sessions by hand: what `docs/examples` shows, and what becomes of a script that cannot be played."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.proof.sessions import BadScript, play, read, show
from common.settings import Settings

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.sql"))

# What each example is there to show.
SHOWS = {
    "round_trip": "A: UPDATE shelf SET stock = 9 WHERE id = 1\n   0 rows",
    "transaction": "A: SELECT COUNT(*) AS orders FROM orders\n   orders=0",
    "row_lock": "B has waited for this: 0 rows",
    "for_update": "B has waited for this: stock=0",
    "snapshot": "A: UPDATE shelf SET stock = stock - 1 WHERE id = 1 AND stock >= 1\n   0 rows",
    "isolation": "A: SELECT stock FROM shelf WHERE id = 1\n   stock=9\nA: COMMIT",
    "serializable": "error 1213: Deadlock found",
    "deadlock": "error 1213: Deadlock found",
    "gap_lock": "B: INSERT INTO purchases VALUES (7, 5, 1)\n           … waits for a lock",
    "stale_put": "B: redis GET sale:7\n           100",
    "versioned_put": "7:lease A 0 100 60000\n   0",
    "hasty_drop": "7:lease A 1000\n   [100, 1, 0]",
    "stampede": "B: SELECT price FROM sales WHERE id = 7",
    "redis": "A: redis GET shelf:1\n   77",
}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_each_example_shows_what_it_is_there_to_show(file: Path, settings: Settings) -> None:
    assert SHOWS[file.stem] in "\n".join(show(play(read(file.read_text()), settings)))


def test_a_session_that_ends_gives_its_locks_back(settings: Settings) -> None:
    script = read(
        "CREATE TABLE t (id INT PRIMARY KEY);\nINSERT INTO t VALUES (1);\n"
        "A: BEGIN\nA: DELETE FROM t WHERE id = 1\nB: DELETE FROM t WHERE id = 1\n"
    )
    *_, (_, last) = play(script, settings)
    assert last == {"B": "1 row"}, "A never committed, so its row is still there"


def test_an_error_is_told_in_the_words_of_the_server_and_the_session_goes_on(settings: Settings) -> None:
    script = read("A: SELECT 1\nA: SELECT * FROM nothing\nB: redis HGETT a\nA: SELECT 2")
    first, missing, unknown, last = (next(iter(replies.values())) for _, replies in play(script, settings))
    assert (first, last) == ("1=1", "2=2")
    assert missing == "error 1146: Table 'seckill_sessions.nothing' doesn't exist"
    assert "unknown command 'HGETT'" in unknown


def test_tables_that_cannot_be_made_are_told_of(settings: Settings) -> None:
    script = read("CREATE TABLE t (id INT);\nCREAT TABLE u (id INT);\nA: SELECT 1")
    with pytest.raises(BadScript, match=r"'CREAT TABLE u \(id INT\)' fails: You have an error in your SQL"):
        play(script, settings)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1;", "no line that begins with A: or B:"),
        ("A: SELECT 1\nSELECT 2", "line 2 begins with neither"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadScript, match=why):
        read(text)


def test_a_session_cannot_speak_while_it_waits(settings: Settings) -> None:
    script = read(
        "CREATE TABLE t (id INT PRIMARY KEY);\nINSERT INTO t VALUES (1);\n"
        "A: BEGIN\nA: DELETE FROM t WHERE id = 1\nB: DELETE FROM t WHERE id = 1\nB: SELECT 1\nA: COMMIT\n"
    )
    with pytest.raises(BadScript, match="line 6: B cannot speak, it waits for a lock"):
        play(script, settings)
