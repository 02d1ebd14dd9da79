"""What was measured, as pages show it: pictures and figures of docs/results, each with its source.

Nothing at all as long as nothing was measured: a page never says a number that nobody measured.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

from common.bench import plot
from common.site.blocks import table, whole
from common.site.errors import PageError
from common.site.pages import DOCS
from common.site.words import Lang, word
from common.stages import Stage, all_stages

RESULTS = DOCS / "results"
BENCH, GROWTH, DRAIN, BURSTS, BOTS, OVERLOAD, STALLS = (
    RESULTS / f"{name}.json"
    for name in ("bench", "growth", "s07_drain", "s08_bursts", "s09_bots", "s10_overload", "s10_drill")
)
Said = list[tuple[str, tuple[object, ...]]]  # keys of WORDS, and what to put into them
Document = dict[str, Any]


def speed(lang: Lang) -> str:
    """Speed against guarantees, stage by stage, as a picture."""
    document = _read(BENCH)
    return _shown(BENCH, document, lang, _picture(plot.price(document, lang))) if document else ""


def report(lang: Lang) -> str:
    """The whole benchmark: peaks as a picture and as a table, then what an accepted attempt costs."""
    document = _read(BENCH)
    if not document:
        return ""
    return _shown(
        *(BENCH, document, lang),
        _picture(plot.peaks(document, lang)),
        _peaks(document, lang),
        _attempts(document, lang),
    )


def growth(lang: Lang) -> str:
    """What an attempt and a buyer cost as the crowd grows, as a picture."""
    document = _read(GROWTH)
    return _shown(GROWTH, document, lang, _picture(plot.growth(document, lang))) if document else ""


def figures(stage: Stage, lang: Lang) -> str:
    """A stage beside the one before: attempts a second by kind, and the multiple of Flask's hello.

    Nothing if this stage was not measured: the one before alone is no comparison.
    """
    document = _read(BENCH)
    if not document:
        return ""
    pair = [each for each in all_stages() if each.number in {stage.number - 1, stage.number}]
    speeds = {(each["subject"], each["kind"]): each for each in document["figures"]}
    if stage.name not in {subject for subject, _ in speeds}:
        return ""
    kinds = dict.fromkeys(kind for subject, kind in speeds if subject in {each.name for each in pair})
    rows = [
        (plot.word(kind, lang), *(_speed(speeds.get((each.name, kind))) for each in pair)) for kind in kinds
    ]
    head = [word("per_second", lang), *(each.code for each in pair)]
    speeds_table = table(head, rows, "l" + "r" * len(pair))
    return _shown(BENCH, document, lang, word("at_full_load", lang), speeds_table) if rows else ""


def drain(lang: Lang) -> str:
    """How quickly a backlog becomes orders, by way: orders a second, and how much of bare rows that is."""
    document = _read(DRAIN)
    if not document:
        return ""
    ratios = document["median_ratio_to_bare_rows"]
    rows = [
        (word(f"drain: {way}", lang), f"{speed:,.0f}", f"{ratios[way]:.2f}")
        for way, speed in document["median_orders_per_second"].items()
    ]
    head = [word("drained", lang), word("a_second", lang), word("of_bare_rows", lang)]
    return _shown(DRAIN, {"about": document}, lang, table(head, rows, "lrr"))


def bursts(lang: Lang) -> str:
    """What five rate limiters let through, as a picture and as a table."""
    document = _read(BURSTS)
    if not document:
        return ""
    counts = ("most_in_20_s", "most_in_a_window", "bytes")
    rows = [
        (word(f"limiter: {each['name']}", lang), *(each[count] for count in counts))
        for each in document["limiters"]
    ]
    seconds = document["seconds"]
    head = [word("limiter", lang, document["count"], seconds), word("most_in", lang, 20)]
    head += [word("most_in", lang, seconds), word("bytes_a_key", lang)]
    picture = _picture(_translated(BURSTS, _bursts_said(document), lang))
    return _shown(BURSTS, {"about": document}, lang, picture, table(head, rows, "lrrr"))


def bots(lang: Lang, shop: str | None = None) -> str:
    """Who got how many units of one sale, by what they do: at all shops, or at one, as OWASP calls it."""
    document = _read(BOTS)
    if not document:
        return ""
    met = [each for each in document["shops"] if shop in {None, each["shop"]}]
    kinds = {"person": {"accounts": document["people"], "threat": ""}, **document["bots"]}
    rows = [
        [word(f"bots: {kind}", lang), *(at["units"][kind] for at in met), each["accounts"], each["threat"]]
        for kind, each in kinds.items()
    ]
    rows.append([word("share_of_bots", lang), *(f"**{at['share_of_bots']:.0%}**" for at in met), "", ""])
    head = [word("who", lang), *(word(at["shop"], lang) for at in met), word("accounts", lang), "OWASP"]
    shown = len(head) if shop else len(head) - 2
    picked = table(head[:shown], [row[:shown] for row in rows], ("l" + "r" * len(met) + "rl")[:shown])
    return _shown(BOTS, {"about": document}, lang, picked)


def overload(lang: Lang) -> str:
    """What s09 and s10 answer in time as more and more buyers press, as a picture and a table."""
    document = _read(OVERLOAD)
    if not document:
        return ""
    stages = document["stages"]
    rows = [
        (each["presses_a_second"], *(found["loads"][place]["goodput"] for found in stages.values()))
        for place, each in enumerate(next(iter(stages.values()))["loads"])
    ]
    shares = {code: f"{found['at_the_highest_load']:.0%}" for code, found in stages.items()}
    rows.append((word("overload: at_the_end", lang), *(f"**{share}**" for share in shares.values())))
    head = [word("overload: load", lang), *(word("overload: goodput", lang, code) for code in stages)]
    said: Said = [
        ("overload: title", (document["seconds_a_buyer_waits"],)),
        ("overload: in words", ()),
        ("overload: server", (round(document["seconds_of_redis_for_a_command"] * 1000),)),
        *(("overload: said", (code, share)) for code, share in shares.items()),
    ]
    picture = _picture(_translated(OVERLOAD, said, lang))
    return _shown(OVERLOAD, {"about": document}, lang, picture, table(head, rows, "r" * len(head)))


def stalls(lang: Lang) -> str:
    """What a crowd was told while MariaDB stalled, and what the oracle says afterwards."""
    document = _read(STALLS)
    if not document:
        return ""
    crowd = [document[key] for key in ("buyers", "attempts")] + [
        document["bots"]["accounts"],
        document["units"],
    ]
    meanwhile = [
        (word("seconds", lang, round(each["seconds"])), f"{each['answered']:,}", f"{each['with_ticket']:,}")
        for each in document["stalls"]
    ]
    head = [word(f"stalls: {key}", lang) for key in ("silent", "answered", "with_ticket")]
    times = {"after_the_crowd": sum(document["rounds_of_sending_again"][:1]), "after_sending_again": 0}
    verdicts = [_verdict(document[time], again, document["units"], lang) for time, again in times.items()]
    names = [word(f"stalls: {key}", lang) for key in ("unknown", "sold", "oversold", "broken")]
    return _shown(
        *(STALLS, {"about": document}, lang),
        word("stalls: crowd", lang, *(f"{number:,}" for number in crowd)),
        table(head, meanwhile, "rrr"),
        table(
            ["", *(word(f"stalls: {time}", lang) for time in times)],
            zip(names, *verdicts, strict=True),
            "lrr",
        ),
    )


def _verdict(found: Document, again: int, units: int, lang: Lang) -> tuple[object, ...]:
    """What a drill found at one time: told to try again, sold, too many, and which promises are broken."""
    broken = [f"`{name}`" for name, each in found["verdicts"].items() if each["state"] == "broken"]
    return (
        f"{again:,}",
        *(whole(f"{found['sold']:,} / {units:,}"), found["oversold"]),
        ", ".join(broken) or word("stalls: none", lang),
    )


def _bursts_said(document: Document) -> Said:
    count, seconds = document["count"], document["seconds"]
    said: Said = [
        ("bursts: title", (count, seconds, seconds)),
        ("bursts: in words", (count, seconds)),
        *((f"bursts: {key}", ()) for key in ("minute", "legend", "source")),
    ]
    for each in document["limiters"]:
        said += [(f"limiter: {each['name']}", ()), ("bursts: most", (each["most_in_a_window"], seconds))]
    return said


def _translated(result: Path, said: Said, lang: Lang) -> str:
    """The picture beside `result`, which is drawn in English, with the words of `lang`."""
    svg = result.with_suffix(".svg").read_text("utf-8")
    for key, values in said:
        english = word(key, "en", *values)
        if english not in svg and word(key, lang, *values) not in svg:
            raise PageError(f"the picture beside {result.name} does not say {english!r}")
        svg = svg.replace(english, word(key, lang, *values))
    return svg


def _peaks(document: Document, lang: Lang) -> str:
    head = ["", "", *(word(key, lang) for key in ("a_second", "spread", "of_hello"))]
    head += ["p50 ms", "p99 ms", "CPU µs", word("generator", lang)]
    rows = [
        (
            *(_subject(each["subject"], lang), plot.word(each["kind"], lang), f"{each['per_second']:,}"),
            *(whole(f"{each['lowest']:,} – {each['highest']:,}"), f"{each['ratio']:.2f}"),
            *(f"{each['p50_ms']:.1f}", f"{each['p99_ms']:.1f}", f"{each['cpu_us']:,}"),
            f"{each['generator']:.0%}",
        )
        for each in document["figures"]
    ]
    return table(head, rows, "llrrrrrrr")


def _attempts(document: Document, lang: Lang) -> str:
    accepted = {each["subject"]: each for each in document["figures"] if each["kind"] == "accepted"}
    keys = ("written", "sql", "redis", "bytes", "spike_end", "drain", "not_kept")
    rows = []
    for stage, spike in document["spikes"].items():
        peak, broken = (
            accepted[stage],
            [each["name"] for each in spike["verdicts"] if each["state"] != "kept"],
        )
        rows.append(
            (
                *(
                    _subject(stage, lang),
                    "" if peak["written"] is None else f"{peak['written']:,}",
                    peak["sql"],
                    peak["redis"],
                ),
                f"{document['redis_bytes_per_buyer'][stage]:,}",
                *(f"{spike[key]:,}" for key in ("p99_to_end_ms", "drain_ms")),
                ", ".join(f"`{name}`" for name in broken),
            )
        )
    crowd = document["about"]["spike"]
    note = word("spike", lang, f"{crowd['buyers']:,}", f"{crowd['units']:,}")
    return f"{note}\n\n{table(['', *(word(key, lang) for key in keys)], rows, 'lrrrrrrl')}"


def _subject(name: str, lang: Lang) -> str:
    return next((f"`{each.code}`" for each in all_stages() if each.name == name), plot.word(name, lang))


def _speed(figure: Document | None) -> str:
    if not figure:
        return ""
    multiple = whole(f"(× {figure['ratio']:.2f})")
    return f"{figure['per_second']:,.0f} {multiple}"


def _picture(svg: str) -> str:
    """As an image, so that it follows the page's light or dark and not only the system's."""
    title, data = svg.partition('aria-label="')[2].partition('"')[0], b64encode(svg.encode()).decode()
    image = f'<img alt="{title}" src="data:image/svg+xml;base64,{data}">'
    return f'<figure class="measured" markdown="0">{image}</figure>\n'


def _shown(file: Path, document: Document, lang: Lang, *parts: str) -> str:
    """`parts`, and below them where they come from."""
    about = document["about"]
    source = word(
        *("measured", lang, plot.circumstances(about["machine"], lang)),
        *(about["date"][:10], about["load_average"]),
        *(f"`{about['command']}`", f"`docs/results/{file.name}`"),
    )
    return "\n\n".join([*parts, f"<small>{source}</small>"]) + "\n"


def _read(file: Path) -> Document | None:
    return json.loads(file.read_text("utf-8")) if file.exists() else None
