"""Figures: many rounds boiled down to a median and its spread, and set beside Flask saying hello."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from common.bench.peaks import Peak
from common.bench.subjects import HELLO


@dataclass(frozen=True)
class Figure:
    """One subject at one kind of load: medians of the rounds.

    `ratio` is to Flask's hello, round by round, so within one run. `written` is how many orders a second were
    written, the drain included: what the accepted attempts are worth. The others are as in `Peak`.
    """

    subject: str
    kind: str
    per_second: float
    lowest: float
    highest: float
    ratio: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    sql: float
    redis: float
    generator: float
    other: int
    drain_s: float | None
    written: float | None


def boil_down(rounds: Sequence[Sequence[Peak]]) -> list[Figure]:
    """A figure for each subject and kind that was measured, in the order of the first round."""
    hello = [next(peak.per_second for peak in peaks if peak.subject == HELLO) for peaks in rounds]
    kinds = [(peak.subject, peak.kind) for peak in rounds[0]]
    return [_figure([_find(peaks, *kind) for peaks in rounds], hello) for kind in kinds]


def _find(peaks: Iterable[Peak], subject: str, kind: str) -> Peak:
    return next(peak for peak in peaks if (peak.subject, peak.kind) == (subject, kind))


def _figure(peaks: Sequence[Peak], hello: Sequence[float]) -> Figure:
    speeds = [peak.per_second for peak in peaks]
    drains = [peak.drain_s for peak in peaks if peak.drain_s is not None]
    written = [peak.count / (peak.seconds + peak.drain_s) for peak in peaks if peak.drain_s is not None]
    return Figure(
        subject=peaks[0].subject,
        kind=peaks[0].kind,
        per_second=round(median(speeds)),
        lowest=round(min(speeds)),
        highest=round(max(speeds)),
        ratio=round(median(speed / base for speed, base in zip(speeds, hello, strict=True)), 3),
        p50_ms=round(median(peak.p50_ms for peak in peaks), 2),
        p99_ms=round(median(peak.p99_ms for peak in peaks), 2),
        cpu_us=round(median(peak.cpu_us for peak in peaks)),
        sql=round(median(peak.sql for peak in peaks), 1),
        redis=round(median(peak.redis for peak in peaks), 1),
        generator=round(median(peak.generator for peak in peaks), 2),
        other=sum(peak.other for peak in peaks),
        drain_s=round(median(drains), 2) if drains else None,
        written=round(median(written)) if written else None,
    )
