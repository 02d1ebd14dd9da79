"""The drill of s06, smaller: a worker and Redis die in mid-crowd, and what was promised is kept."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from redis import RedisError
from rq import Queue

from common.lab import Lab
from common.lab.sockets import free_port
from common.running import run_stage
from common.stages import find
from tests.measurements.s06_drill import Drill, drill

SMALL = Drill(buyers=300, units=360, seconds=6, patience=60, seed=1)
DEAD = 200  # seconds after which RQ takes any job that has not ended for abandoned


def hurry(queue: Queue) -> None:
    """Take what a dead worker left for abandoned at once. (A job that runs is then run twice: it may be.)"""
    with suppress(RedisError):
        queue.started_job_registry.cleanup(timestamp=time.time() + DEAD)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_worker_and_redis_die_in_mid_crowd_and_every_promise_is_kept(pytestconfig: pytest.Config) -> None:
    with Lab() as lab:
        running = run_stage(lab, find("s06"), port=free_port(), buyers=SMALL.buyers, jobs=2)
        found = drill(running, lab, SMALL, rescue=hurry)
    assert found["attempts"] == 1200
    assert found["faults"]["job_of_dead_worker"], "the power check: a worker died in the middle of a job …"
    assert found["faults"]["happened"].keys() == {"worker killed", "redis killed", "redis back"}
    assert found["after_the_crowd"]["codes"]["busy"], "… and buyers met a Redis that was away"
    assert {each["state"] for each in found["after_sending_again"]["verdicts"].values()} == {"kept"}, found
    assert "unknown" not in found["after_sending_again"]["told"]
