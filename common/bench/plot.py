"""Pictures of a run, as SVG drawn from its raw file: light or dark as the reader's screen is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from common.bench.subjects import HELLO, PLAIN
from common.stages import all_stages, guarantees

WORDS = {
    "en": {
        HELLO: "Flask, saying hello",
        PLAIN: "nginx, a plain file",
        "peaks": "Peaks, as multiples of Flask saying hello on the same server",
        "price": "Attempts a second at the peak, and guarantees kept, stage by stage",
        "growth": "{}: a thousand attempts, and a thousand times as many",
        "answers": "answers",
        "page": "page",
        "state": "state",
        "refused": "refused",
        "accepted": "accepted",
        "written": "orders written, the drain included, where that is slower",
        "keeps": "keeps {}",
        "processor time": "processor time of one attempt, µs",
        "memory": "bytes of Redis for one buyer",
        "load": "load average {}",
    },
    "zh": {
        HELLO: "Flask 说 hello",
        PLAIN: "nginx 发静态文件",
        "peaks": "峰值，以同一服务器上 Flask 说 hello 为 1",
        "price": "各关的峰值（次/秒）与守住的保证数",
        "growth": "{}：从一千次抢购到它的千倍",
        "answers": "答复",
        "page": "页面",
        "state": "状态",
        "refused": "拒绝",
        "accepted": "受理",
        "written": "订单落库（含排空），明显更慢时才画",
        "keeps": "守住 {} 条",
        "processor time": "一次抢购的处理器时间，µs",
        "memory": "每个买家占用的 Redis 字节数",
        "load": "平均负载 {}",
    },
}
# A raw file says in English on what it was measured.
CIRCUMSTANCES = {
    "en": {},
    "zh": {
        r"^(\d+) cores, ": r"\1 核，",
        r", (\d+) processes of (\d+) threads": r"，\1 个进程，各 \2 个线程",
    },
}
KINDS = ("refused", "accepted", "written")
QUEUED = 0.85  # of what was accepted: below that, orders are written a good deal later
Picture = dict[str, Any]
Document = dict[str, Any]


def draw(file: Path) -> list[Path]:
    """Draw the pictures of the raw file `file` of a benchmark beside it, in English; their paths."""
    document = json.loads(file.read_text("utf-8"))
    paths = [file.with_name(f"{file.stem}_{name}.svg") for name in ("peaks", "price")]
    for path, text in zip(paths, (peaks(document), price(document)), strict=True):
        path.write_text(text, "utf-8")
    return paths


def draw_growth(file: Path) -> Path:
    """The same for the raw file of `./seckill growth`."""
    path = file.with_suffix(".svg")
    path.write_text(growth(json.loads(file.read_text("utf-8"))), "utf-8")
    return path


def peaks(document: Document, lang: str = "en") -> str:
    """Peaks as multiples of Flask's hello."""
    return render("peaks", lang, about=document["about"], **bars(document["figures"]))


def price(document: Document, lang: str = "en") -> str:
    """Speed against guarantees."""
    return render("price", lang, about=document["about"], **dots(document["figures"]))


def growth(document: Document, lang: str = "en") -> str:
    """What an attempt and a buyer cost as the crowd grows."""
    return render("growth", lang, about=document["about"], **lines(document["sizes"]))


def render(template: str, lang: str, **values: Any) -> str:
    templates = FileSystemLoader(Path(__file__).parent)
    jinja = Environment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=templates
    )

    def t(key: str, *within: object) -> str:
        return word(key, lang).format(*within)

    return jinja.get_template(f"{template}.svg.j2").render(values, t=t, on=partial(circumstances, lang=lang))


def word(key: str, lang: str) -> str:
    """The words for a subject, a kind, a part of a picture. A stage has the same name in every language."""
    return WORDS[lang].get(key, key)


def circumstances(said: str, lang: str) -> str:
    """The machine, or the servers, of a raw file in the words of `lang`."""
    for english, other in CIRCUMSTANCES[lang].items():
        said = re.sub(english, other, said)
    return said


def bars(figures: list[dict[str, Any]]) -> Picture:
    """Peaks as multiples of Flask's hello: a row for each subject, a bar for each kind."""
    rows: dict[str, dict[str, float]] = {}
    for figure in figures:
        if figure["kind"] in {"answers", "accepted", "refused"}:
            rows.setdefault(figure["subject"], {})[figure["kind"]] = figure["ratio"]
    most = max(ratio for row in rows.values() for ratio in row.values())
    return {"rows": [{"subject": name, "bars": row} for name, row in rows.items()], "most": most}


def dots(figures: list[dict[str, Any]]) -> Picture:
    """Each stage by what it keeps, and by how many attempts a second it refuses, accepts, and has written."""
    stages = {stage.name: stage for stage in all_stages()}
    speeds: dict[str, dict[str, float]] = {kind: {} for kind in KINDS}
    for each in figures:
        if each["subject"] in stages and each["kind"] in KINDS:
            speeds[each["kind"]][each["subject"]] = each["per_second"]
            if each["written"] and each["written"] < QUEUED * each["per_second"]:
                speeds["written"][each["subject"]] = each["written"]
    names = list(speeds["accepted"])
    x = {name: round(62 + 650 * (nth + 0.5) / len(names), 1) for nth, name in enumerate(names)}
    y = Decades([speed for line in speeds.values() for speed in line.values()], top=70, bottom=345)
    fastest = {name: max(line.get(name, 0) for line in speeds.values()) for name in names}
    return {
        "keys": [{"kind": kind, "x": 70 + 110 * nth} for nth, kind in enumerate(KINDS)],
        "ticks": y.ticks,
        "columns": [
            {"label": stages[name].code, "kept": len(guarantees(stages[name])), "x": x[name]}
            for name in names
        ],
        "lines": [
            {
                "kind": kind,
                "points": [
                    {
                        "x": x[name],
                        "y": y(speed),
                        "label": f"{speed:,.0f}",
                        "label_y": y(speed) + (-10 if speed == fastest[name] else 18),
                    }
                    for name, speed in line.items()
                ],
            }
            for kind, line in speeds.items()
            if line
        ],
    }


class Decades:
    """Heights on a scale with a line for each power of ten."""

    def __init__(self, values: Sequence[float], top: float, bottom: float) -> None:
        self._low = math.floor(math.log10(max(1, min(values))))
        self._high = math.floor(math.log10(max(values))) + 1
        self._top, self._bottom = top, bottom

    def __call__(self, value: float) -> float:
        share = (math.log10(max(1, value)) - self._low) / (self._high - self._low)
        return round(self._bottom - (self._bottom - self._top) * share, 1)

    @property
    def ticks(self) -> list[Picture]:
        powers = range(self._low, self._high + 1)
        return [{"label": f"{10**power:,}", "y": self(10**power)} for power in powers]


def lines(sizes: list[dict[str, Any]]) -> Picture:
    """Processor time of an attempt, and bytes of a sale for each buyer, over the number of attempts."""
    accepted = [each for each in sizes if each["kind"] == "accepted"]
    refused = [each for each in sizes if each["kind"] == "refused"]
    time = {
        kind: [(each["attempts"], each["cpu_us"]) for each in some]
        for kind, some in (("accepted", accepted), ("refused", refused))
    }
    memory = {"accepted": [(each["attempts"], each["redis_bytes"] / each["attempts"]) for each in accepted]}
    return {
        "subject": sizes[0]["subject"],
        "panels": [
            panel("processor time", 20, 360, time),
            panel("memory", 440, 260, memory),
        ],
    }


def panel(title: str, left: float, width: float, series: dict[str, list[tuple[int, float]]]) -> Picture:
    top, bottom, margin = 80, 262, 36
    decades = [math.log10(attempts) for points in series.values() for attempts, _ in points]
    most = max(value for points in series.values() for _, value in points)
    first, last = min(decades), max(decades)

    def x(attempts: int) -> float:
        share = (math.log10(attempts) - first) / (last - first) if last > first else 0.5
        return round(left + margin + (width - 2 * margin) * share, 1)

    return {
        "title": title,
        "left": left,
        "width": width,
        "bottom": bottom,
        "ticks": [
            {"x": x(attempts), "label": f"{attempts:,}"}
            for attempts in sorted({attempts for points in series.values() for attempts, _ in points})
        ],
        "lines": [
            {
                "kind": kind,
                "points": [
                    {
                        "x": x(attempts),
                        "y": round(bottom - (bottom - top) * value / most, 1),
                        "label": f"{value:,.0f}",
                    }
                    for attempts, value in points
                ],
            }
            for kind, points in series.items()
            if points
        ],
    }
