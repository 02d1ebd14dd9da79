"""Ids: valid UUIDv7s, in the order in which they were made, and about the present."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

from common.ids import new_id


def test_an_id_is_a_uuid_of_version_7_as_it_is_usually_written() -> None:
    text = new_id()
    uuid = UUID(text)
    assert (uuid.version, uuid.variant, str(uuid)) == (7, RFC_4122, text)


def test_many_ids_are_different_and_in_order_and_stay_in_the_present() -> None:
    before = time.time_ns() // 1_000_000
    ids = [new_id() for _ in range(20_000)]
    after = time.time_ns() // 1_000_000
    assert after - before < len(ids) / 2, "the power check: many more than one a millisecond"
    assert sorted(set(ids)) == ids
    times = [UUID(text).int >> 80 for text in ids]
    assert before <= times[0]
    assert times[-1] <= after + 1, "a busy shop does not run ahead of its clock"


def test_ids_made_at_the_same_moment_differ_in_62_bits() -> None:
    seen = [UUID(new_id()).int & (1 << 62) - 1 for _ in range(1000)]
    every, some = seen[0], 0
    for each in seen:
        every, some = every & each, some | each
    assert (every, some) == (0, (1 << 62) - 1), "no bit is always the same"
