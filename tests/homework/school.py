"""A class to make reports of: fourteen students, with every state that a check and a result can have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from homework.grader.course import Course
from homework.grader.result import Result
from homework.grader.results import READ
from homework.grader.similarity import Pair, Place

CHECKS = [
    ("swaps", 1, "Swaps one size for another", "换尺码", 10),
    ("refuses", 1, "Refuses when the size is gone", "尺码售罄时拒绝", 10),
    ("no_oversell", 2, "No size is ever oversold", "任何尺码都不超卖", 25),
    ("conserved", 2, "No unit is lost on the way", "没有一件在途中丢失", 20),
    ("no_deadlock", 3, "Two swaps in opposite directions both end", "方向相反的两次交换都能结束", 25),
    ("crash_safe", 3, "A crash in mid-swap loses nothing", "交换中途崩溃不丢失", 10),
]
SAID = {
    "swaps": "The buyer still has size M after the swap: nothing was written.",
    "refuses": "A swap for a size with 0 units left went through; it has to raise `SoldOut`.",
    "no_oversell": "Two buyers got the last unit of size L: 2 orders for 1 unit.",
    "conserved": "One unit of size M is neither sold nor for sale after schedule `AABBAB`.",
    "no_deadlock": "M→L and L→M at the same time: MariaDB ended one with error 1213 (deadlock).",
    "crash_safe": "Killed after step 2 of 4, the unit of size M was gone for good.",
}
WHY_NOT = {
    "E": "MariaDB went away in the middle of this check.",
    "S": "It is tried when what it needs passes.",
    "N": "swap.py is as you got it.",
}
# One letter a check, in order: P passed, F failed, S skipped, N not started, E grader error.
STUDENTS = [
    ("20260001", "lin", "林小明", "PPPPPP", (4, 4, 411)),
    ("20260002", "wang", "王芳", "PPPPFS", (5, 5, 502)),
    ("20260003", "zhao", "赵强", "PPPPFS", None),
    ("20260004", "qian", "钱进", "PPFSFS", None),
    ("20260005", "sun", "孙丽", "PPPPPP", (4, 4, 398)),
    ("20260006", "li", "李雷", "PFFSSS", None),
    ("20260007", "zhou", "周杰", "NNNNNN", None),
    ("20260008", "wu", "吴敏", "PPPFPP", None),
    ("20260009", "zheng", "郑爽", "PPPPFP", None),
    ("20260010", "feng", "冯军", "", None),
    ("20260011", "chen", "陈晨", "PPPPEP", (6, 6, 700)),
    ("20260012", "chu", "褚健", "PPPPPF", None),
    ("20260013", "wei", "卫东", "PPPPPP", (5, 4, 455)),
    ("20260099", "guest", "", "FSSSSS", None),
]
STATES = {"P": "passed", "F": "failed", "S": "skipped", "N": "not_started", "E": "grader_error"}
BEGAN = datetime(2026, 10, 14, 8, 0, tzinfo=UTC)
UPDATE = "UPDATE sizes SET left = left - 1 WHERE size = 'L' AND left > 0"
TRACES = [
    {
        "title": "Two buyers, one size L",
        "schedule": "AAABB",
        "steps": [
            {"actor": "A", "server": "MariaDB", "command": "BEGIN", "reply": "OK"},
            {"actor": "A", "server": "MariaDB", "command": UPDATE, "reply": "1 row"},
            {"actor": "A", "server": "MariaDB", "command": "COMMIT", "reply": "OK"},
            {"actor": "B", "server": "MariaDB", "command": "BEGIN", "reply": "OK"},
            {"actor": "B", "server": "MariaDB", "command": UPDATE, "reply": "0 rows"},
        ],
    },
    {
        "title": "Two buyers, one size L",
        "schedule": "AABBAB",
        "steps": [
            {"actor": "A", "server": "MariaDB", "command": "BEGIN", "reply": "OK"},
            {"actor": "A", "server": "MariaDB", "command": UPDATE, "reply": "1 row"},
            {"actor": "B", "server": "MariaDB", "command": "BEGIN", "reply": "OK"},
            {"actor": "B", "server": "MariaDB", "command": UPDATE, "reply": "waits for a lock …"},
            {"actor": "A", "server": "MariaDB", "command": "COMMIT", "reply": "OK"},
            {"actor": "B", "server": "MariaDB", "command": "has waited for this", "reply": "0 rows"},
            {"actor": "B", "server": "MariaDB", "command": "ROLLBACK", "reply": "OK"},
        ],
    },
    {
        "schedule": "BBBAA",
        "steps": [
            {"actor": "B", "server": "MariaDB", "command": "BEGIN", "reply": "OK"},
            {"actor": "B", "server": "MariaDB", "command": UPDATE, "reply": "1 row"},
            {"actor": "B", "server": "MariaDB", "command": "COMMIT", "reply": "OK"},
            {"actor": "A", "server": "MariaDB", "command": "BEGIN", "reply": "OK"},
            {"actor": "A", "server": "MariaDB", "command": UPDATE, "reply": "0 rows"},
        ],
    },
]


def result(id_: str, author: str, states: str, costs: Any = None, **changes: Any) -> Result:
    """A result of hw02; `changes` go over whatever this makes up."""
    checks = [check(letter, *each) for letter, each in zip(states, CHECKS, strict=False)]
    counted = [each for each in checks if each["state"] != "grader_error"]
    told: dict[str, Any] = {
        "schema": 1,
        "grader": "1",
        "homework": "hw02",
        "submission": f"seckill-{id_}-{author}",
        "id": id_,
        "author": author,
        "seed": 7,
        "started_at": BEGAN.isoformat(),
        "seconds": 12.25,
        "points": sum(each["points"] for each in checks),
        "of": sum(each["of"] for each in counted) or 100,
        "state": "graded" if states else "broken",
        "message": None if states else "`swap.py` line 14 is no Python: '(' was never closed.",
        "checks": checks,
        "costs": dict(zip(("round_trips", "sql", "bytes"), costs, strict=True)) if costs else None,
        "traces": TRACES if set(states) & {"P"} else [],
    }
    return READ.validate_python(told | changes)


def check(letter: str, id_: str, task: int, en: str, zh: str, of: int) -> dict[str, Any]:
    failed = letter == "F"
    message = {"F": SAID[id_]} | WHY_NOT
    return {
        "id": id_,
        "task": task,
        "title": {"en": en, "zh": zh},
        "state": STATES[letter],
        "points": of if letter == "P" else 0,
        "of": of,
        "message": message.get(letter),
        "expected": "1 order" if failed else None,
        "seen": "2 orders" if failed else None,
        "schedule": "AABBAB" if failed else None,
        "diagram": "A ▶ UPDATE …\nB     ◀ UPDATE …" if failed else None,
        "replay": "./seckill homework check 02 --schedule AABBAB" if failed else None,
    }


def results() -> list[Result]:
    return [result(id_, author, states, costs) for id_, author, _name, states, costs in STUDENTS]


def course(**changes: Any) -> Course:
    """The class: one student has not handed in, one is late by a day, and one was given three days more."""
    roster = [
        {"id": id_, "author": author, "name": name, "group": "A" if int(id_) % 2 else "B"}
        for id_, author, name, _states, _costs in STUDENTS
        if name
    ]
    told = {
        "title": "High-concurrency systems, autumn 2026",
        "timezone": "Asia/Shanghai",
        "late": {"grace_minutes": 15, "percent_per_day": 10, "days": 3},
        "homework": {"hw02": {"due": "2026-10-12T23:59:00"}},
        "extensions": [{"id": "20260003", "homework": "hw02", "days": 3}],
        "roster": [*roster, {"id": "20260014", "author": "jiang", "name": "蒋欣", "group": "B"}],
        "received": {
            ("20260002", "hw02"): "2026-10-13T08:00:00",
            ("20260003", "hw02"): "2026-10-14T08:00:00",
        },
    }
    return Course.model_validate(told | changes)


PAIRS = [
    Pair(
        "seckill-20260002-wang",
        "seckill-20260003-zhao",
        0.917,
        Place("hw02/swap.py", 12, 31),
        Place("hw02/swap.py", 20, 39),
        "    def swap(self, order, to):\n        with self.sql() as db:\n            db.run(TAKE, to)",
    )
]
