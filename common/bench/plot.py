"""Pictures of a run, as SVG drawn from its raw file: light or dark as the reader's screen is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from common.bench.subjects import HELLO, PLAIN
from common.stages import all_stages, guarantees

TEMPLATES = Path(__file__).parent
LABELS = {HELLO: "Flask, saying hello", PLAIN: "nginx, a plain file"}


def draw(file: Path) -> list[Path]:
    """Draw the pictures of the raw file `file` beside it; their paths."""
    document = json.loads(file.read_text("utf-8"))
    pictures = {"peaks": bars(document["figures"]), "price": dots(document["figures"])}
    paths = []
    for name, values in pictures.items():
        path = file.with_name(f"{file.stem}_{name}.svg")
        path.write_text(render(f"{name}.svg.j2", about=document["about"], **values), encoding="utf-8")
        paths.append(path)
    return paths


def render(template: str, **values: Any) -> str:
    jinja = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return jinja.from_string((TEMPLATES / template).read_text("utf-8")).render(values)


def bars(figures: list[dict[str, Any]]) -> dict[str, Any]:
    """Peaks as multiples of Flask's hello: a row for each subject, a bar for each kind."""
    rows: dict[str, dict[str, float]] = {}
    for figure in figures:
        if figure["kind"] in {"answers", "accepted", "refused"}:
            rows.setdefault(figure["subject"], {})[figure["kind"]] = figure["ratio"]
    most = max(ratio for row in rows.values() for ratio in row.values())
    return {"rows": [{"label": label(name), "bars": row} for name, row in rows.items()], "most": most}


def dots(figures: list[dict[str, Any]]) -> dict[str, Any]:
    """Each stage by how many guarantees it keeps and how many attempts it accepts."""
    kept = {stage.name: len(guarantees(stage)) for stage in all_stages()}
    accepted = {each["subject"]: each["per_second"] for each in figures if each["kind"] == "accepted"}
    points = [
        {"label": name.partition("_")[0], "kept": kept[name], "speed": speed}
        for name, speed in accepted.items()
    ]
    return {"points": points, "most_kept": max(kept.values()), "most_speed": max(accepted.values())}


def label(subject: str) -> str:
    return LABELS.get(subject, subject)
