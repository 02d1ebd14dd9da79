"""The whole tree of schedules with the servers' replies, as compact JSON: what a playable scheduler needs.

    {"stage": "s01_naive", "scenario": "one-unit", "title": "…",
     "actors": {"A": "buyer 1", "B": "buyer 2"},
     "complete": true,               every schedule is in the tree
     "texts": ["COMMIT", …],         each text once; a number T below stands for texts[T]
     "nodes": [node, …],             equal subtrees once; a number N below stands for nodes[N]
     "root": N}

A node where somebody can move has one entry for each who can: {"A": [T, N, {"A": T, "B": T}], …}, that is the
step, the node it leads to, and the replies that came before anybody could move again. Without a reply of
its own the mover waits for a lock; another actor's reply is one that had waited. A node where all have ended
is {"end": {"A": T, "B": T}, "broken": {"no_oversell": T, …}}.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.proof.diagram import outcome
from common.proof.explorer import Exploration
from common.proof.schedule import Run


def save(path: Path, stage: str, found: Exploration) -> None:
    """Write the tree. Explore without pruning, or choices that make no difference are missing from it."""
    path.write_text(json.dumps(tree(stage, found), ensure_ascii=False, separators=(",", ":")) + "\n")


def tree(stage: str, found: Exploration) -> dict[str, Any]:
    """The tree as the dictionary described above."""
    texts, nodes = Numbers(), Numbers()
    root = _node(found.runs, 0, texts, nodes)
    return {
        "stage": stage,
        "scenario": found.scenario.name,
        "title": found.scenario.title,
        "actors": {name: action.title for name, action in found.scenario.actors.items()},
        "complete": found.exhaustive,
        "texts": texts.values,
        "nodes": nodes.values,
        "root": root,
    }


class Numbers:
    """Numbers values in the order of their coming; an equal value gets the same number again."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._known: dict[str, int] = {}

    def __call__(self, value: Any) -> int:
        key = json.dumps(value)
        if key not in self._known:
            self._known[key] = len(self.values)
            self.values.append(value)
        return self._known[key]


def _node(runs: Sequence[Run], depth: int, texts: Numbers, nodes: Numbers) -> int:
    """The number of the node that all these runs go through after `depth` moves."""
    if depth == len(runs[0].moves):
        end = {name: texts(outcome(what)) for name, what in sorted(runs[0].outcomes.items())}
        return nodes({"end": end, "broken": {v.name: texts(v.sentence) for v in runs[0].broken}})
    choices = {}
    for actor in sorted({run.moves[depth].actor for run in runs}):
        same = [run for run in runs if run.moves[depth].actor == actor]
        move = same[0].moves[depth]
        replies = {name: texts(reply) for name, reply in move.replies.items()}
        choices[actor] = [texts(move.step.command), _node(same, depth + 1, texts, nodes), replies]
    return nodes(choices)
