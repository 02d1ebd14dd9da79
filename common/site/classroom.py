"""What a student's stage takes of a machine, as it was measured: docs/results/classroom.json."""

from __future__ import annotations

import json
from typing import Any

from common.bench import plot
from common.lab.places import ROOT
from common.site.blocks import table
from common.site.words import Lang, word

FILE = ROOT / "docs" / "results" / "classroom.json"


def shown(lang: Lang) -> str:
    """Markdown: processes, memory and disk of each stage that was measured, and on what machine."""
    measured: dict[str, Any] = json.loads(FILE.read_text())
    rows = [
        (f"`./seckill up {code}`", each["processes"], f"{each['memory_mb']} MB", f"{each['disk_mb']} MB")
        for code, each in measured["one_stage_running"].items()
    ]
    seconds = [
        (f"`./seckill grade`{word('comma', lang)}{name}", "", "", word("seconds", lang, needed))
        for name, needed in measured["grading"].items()
    ]
    archive = [("`./seckill lab pack`", "", "", f"{round(measured['archive_bytes'] / 1e6)} MB")]
    head = [word(key, lang) for key in ("command", "processes", "memory", "disk_or_time")]
    machine = plot.circumstances(measured["machine"], lang)
    note = word("measured_on", lang, machine, measured["load_average"], measured["date"][:10])
    return table(head, [*rows, *archive, *seconds], "lrrr") + f"\n<small>{note}</small>\n"
