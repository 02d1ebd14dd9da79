"""The checks of hw05 that students do not see."""

from __future__ import annotations

from homework.grader.authoring import Failed, Grading, beside

checks = beside(__file__, "checks")


def only_keys(g: Grading) -> None:
    """On a cluster, a key whose name the script makes up lives on another node."""
    redis, names = g.backends.stock, ["s05:{9}:one", "s05:{9}:two", "s05:{9}:three"]
    redis.mset(dict.fromkeys(names[1:], 5))
    answer = g.attempt("run_script", names=names, args=["1:k1", 1, 2])
    seen = {name: checks.number(g, name) for name in names[1:]}
    strangers = sorted(name.decode() for name in redis.scan_iter() if name.decode() not in names)
    if strangers or answer.value != "taken" or seen != {names[1]: 4, names[2]: 3}:
        raise Failed(
            "Given other names for its keys, basket.lua does not use them, or uses others besides",
            expected="one unit of KEYS[2] and two of KEYS[3] taken, and no other key",
            seen=f"{answer.value or answer.error}; {checks.told(seen)}; others: {strangers}",
        )
