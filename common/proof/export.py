"""The whole tree of schedules with what the servers replied and held, as compact JSON: what a playable
scheduler needs.

    {"stage": "s01_naive", "scenario": "one-unit", "title": "…", "units": 1, "limit": 1,
     "actors": {"A": "buyer 1", "B": "buyer 2"},
     "complete": true,               every schedule is in the tree
     "schedules": 64,                how many there are
     "texts": ["COMMIT", …],         each text once; a number T below stands for texts[T]
     "states": [state, …],           what the servers held, once each; a number S below stands for states[S]
     "nodes": [node, …],             equal subtrees once; a number N below stands for nodes[N]
     "root": N}

A node where somebody can move has one entry for each who can: {"A": [T, T, N, {"A": T, "B": T}, S], …}: the
server and the step, the node it leads to, the replies that came before anybody could move again, and what
the servers held then. Without a reply of its own the mover waits for a lock; another actor's reply is one
that had waited. A node where all have ended is {"end": {"A": T, "B": T}, "broken": {"no_oversell": T, …}}.

A state is [units left in MariaDB, units left in Redis or null, {"A": units ordered, …}], as committed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.proof.diagram import outcome
from common.proof.explorer import Exploration
from common.proof.facts import Facts
from common.proof.scenario import Press, Scenario, Scene
from common.proof.schedule import Run

Watch = Callable[[Run], Sequence[Facts]]


def save(path: Path, stage: str, scenario: Scenario, found: Exploration, watch: Watch) -> None:
    """Write the tree. Explore without pruning, or choices that make no difference are missing from it."""
    text = json.dumps(tree(stage, scenario, found, watch), ensure_ascii=False, separators=(",", ":"))
    path.write_text(text + "\n")


def tree(stage: str, scenario: Scenario, found: Exploration, watch: Watch) -> dict[str, Any]:
    """The tree as the dictionary described above. `watch` plays a run once more: `Explorer.watch`."""
    texts, states, nodes = Numbers(), Numbers(), Numbers()
    seen = [(run, [held(scenario, facts) for facts in watch(run)]) for run in found.runs]
    root = _node(seen, 0, texts, states, nodes)
    return {
        "stage": stage,
        "scenario": scenario.name,
        "title": scenario.title,
        "units": scenario.units,
        "limit": scenario.limit,
        "actors": {name: action.title for name, action in scenario.actors.items()},
        "complete": found.exhaustive,
        "schedules": len(found.runs),
        "texts": texts.values,
        "states": states.values,
        "nodes": nodes.values,
        "root": root,
    }


def held(scenario: Scenario, facts: Facts) -> list[Any]:
    """What the servers held: the stock of either, and the units that each buyer has ordered."""
    scene = Scene(facts.sale.id)
    presses = {name: act for name, act in scenario.actors.items() if isinstance(act, Press)}
    bought = {name: facts.bought[scene.buyer_id(press.buyer)] for name, press in presses.items()}
    left = facts.counter.left if facts.counter else None
    return [facts.sale.stock, left, {name: units for name, units in bought.items() if units}]


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


Seen = tuple[Run, Sequence[list[Any]]]  # a run, and the state after each of its moves


def _node(seen: Sequence[Seen], depth: int, texts: Numbers, states: Numbers, nodes: Numbers) -> int:
    """The number of the node that all these runs go through after `depth` moves."""
    first = seen[0][0]
    if depth == len(first.moves):
        end = {name: texts(outcome(what)) for name, what in sorted(first.outcomes.items())}
        return nodes({"end": end, "broken": {v.name: texts(v.sentence) for v in first.broken}})
    choices = {}
    for actor in sorted({run.moves[depth].actor for run, _ in seen}):
        same = [each for each in seen if each[0].moves[depth].actor == actor]
        run, held_after = same[0]
        move = run.moves[depth]
        replies = {name: texts(reply) for name, reply in move.replies.items()}
        below = _node(same, depth + 1, texts, states, nodes)
        step = (texts(move.step.server), texts(move.step.label))
        choices[actor] = [*step, below, replies, states(held_after[depth])]
    return nodes(choices)
