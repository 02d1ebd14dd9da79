"""How a step and its reply are put into few words, the same words each time the same thing happens."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from common import lua, stages
from common.proof.steps import Step

Command = Sequence[Any]

LONGEST = 400  # characters looked at; a multi-row INSERT may have megabytes
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
CONSUMER = re.compile(r"[\w.-]+-\d+-[0-9a-f]{12}\b")  # of a stream: host, process, and what is its alone
TIME = re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?")
CUT = re.compile(r"[0-9a-f:. -]*$")  # what is left of an id or a time at the end of a text that was cut short
ENTRY = re.compile(r"\b\d{13}-\d+\b")  # of a stream
COLUMNS = re.compile(r"^(INSERT INTO \w+) \([^)]*\) VALUES", re.IGNORECASE)
TELLING = ("stock", "bought", "state", "status")  # what to show of a row with many columns

PIPELINE = "pipeline: "
CONTAINERS = {
    "ACL",
    "CLIENT",
    "CLUSTER",
    "CONFIG",
    "FUNCTION",
    "MEMORY",
    "OBJECT",
    "SCRIPT",
    "XGROUP",
    "XINFO",
}
UNANNOUNCED = ("PING", "INFO", "SCRIPT", "SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE")
READS = re.compile(
    "M?GET|GETRANGE|STRLEN|EXISTS|TYPE|P?TTL|HM?GET|HGETALL|HEXISTS|HKEYS|HLEN|HVALS|LINDEX|LLEN|LRANGE|SCARD"
    "|SISMEMBER|SMEMBERS|ZCARD|ZCOUNT|ZRANGE|ZRANGEBYSCORE|ZRANK|ZSCORE|XLEN|XRANGE|XREVRANGE|XPENDING"
)


def statement(sql: str | bytes | bytearray) -> str:
    """SQL on one line. Ids made up on the spot and times become `…`: they differ each time."""
    return COLUMNS.sub(r"\1 VALUES", _text(sql))


def result(answer: Any) -> str:
    """What a statement answered: the row if there is one, else how many."""
    if answer.description is None:
        return _count(answer.affected_rows)
    if len(answer.rows) != 1:
        return _count(len(answer.rows))
    row = dict(zip([column[0] for column in answer.description], answer.rows[0], strict=True))
    shown = row if len(row) <= 3 else {name: row[name] for name in TELLING if name in row}
    return _plain(" ".join(f"{name}={value}" for name, value in shown.items())) + " …" * (
        len(shown) < len(row)
    )


def error(why: BaseException) -> str:
    """`error 1213` for MariaDB's, `error NOSCRIPT` for Redis's, else the class."""
    first = str(why.args[0] if why.args else "").split(" ")[0]
    return f"error {first if first.isdigit() or first.isupper() else type(why).__name__}"


def is_announced(commands: Sequence[Command]) -> bool:
    return any(name(command).split(" ")[0] not in UNANNOUNCED for command in commands)


def redis_step(commands: Sequence[Command]) -> Step:
    """The step that sends these commands in one go."""
    reads = all(READS.fullmatch(name(command)) for command in commands)
    if len(commands) == 1:
        command, details = _words(commands[0])
        return Step("Redis", command, details, reads)
    return Step("Redis", PIPELINE + ", ".join(_words(command)[0] for command in commands), "", reads)


def reply(answer: Any) -> str:
    """What Redis answered, cut short. Of the entries of a stream their number: their ids are the time."""
    if isinstance(answer, dict) and all(isinstance(entries, list) for entries in answer.values()):
        return _entries([entry for entries in answer.values() for entry in entries])
    if not isinstance(answer, list | tuple):
        return _item(answer)
    return "[" + ", ".join(map(_item, answer[:4])) + (", …]" if len(answer) > 4 else "]")


def several(replies: Sequence[str]) -> str:
    return replies[0] if len(replies) == 1 else ", ".join(replies)


def _item(item: Any) -> str:
    if isinstance(item, list | tuple):
        return _entries(item)
    text = _text(item) if item is not None else "nil"
    return text if len(text) <= 24 else text[:23] + "…"


def _entries(found: Sequence[Any]) -> str:
    return "1 entry" if len(found) == 1 else f"{len(found)} entries"


def name(command: Command) -> str:
    """A command's name, of two words where it has two, however it was given: `XGROUP CREATE`."""
    return _split(command)[0]


def _words(command: Command) -> tuple[str, str]:
    """A command with its keys, and the rest of its arguments. A script goes by the name of its file; RQ's
    scripts show their keys alone: what RQ sends along differs each time."""
    called, rest = _split(command)
    args = [_text(arg) for arg in rest]
    if called in {"EVALSHA", "EVAL", "FCALL"} and args[1:2] and args[1].isdigit():
        script = args[0] if called == "FCALL" else _scripts().get(args[0], "script")
        keys, sent = args[2 : 2 + int(args[1])], args[2 + int(args[1]) :]
        of_rq = any(key.startswith("rq:") for key in keys)
        return " ".join([script, *keys]), "" if of_rq else " ".join(sent)
    if "STREAMS" in args[:-1]:
        key = args.index("STREAMS") + 1
        return f"{called} {args[key]}", " ".join(args[:key])
    return " ".join([called, *args[:1]]), " ".join(args[1:])


def _split(command: Command) -> tuple[str, Sequence[Any]]:
    words: list[Any] = [*_text(command[0]).split(" "), *command[1:]]
    many = 2 if words[0].upper() in CONTAINERS else 1
    return " ".join(map(_text, words[:many])).upper(), words[many:]


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray):  # a character has four bytes at most
        start = value[: 4 * LONGEST].decode(errors="replace")
        return "…" if "\ufffd" in start[:-1] else _text(start)  # compressed
    text = str(value)
    return _plain(text) if len(text) <= LONGEST else CUT.sub("…", _plain(text[:LONGEST]))


def _plain(text: str) -> str:
    text = " ".join(text.split())
    for made_up in (UUID, CONSUMER, ENTRY, TIME):
        text = made_up.sub("…", text)
    return text


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"


@cache
def _scripts() -> dict[str, str]:
    """The file name of every script of every stage, by the digest that Redis knows it by."""
    files = stages.FOLDER.glob("*/*.lua")
    return {hashlib.sha1(lua.source(file).encode()).hexdigest(): file.name for file in files}  # noqa: S324 - Redis's own
