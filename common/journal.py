"""What a stage's journal is called (from s07 on): the live lab and the proofs look at it from outside."""

from __future__ import annotations

JOURNAL = "journal"
"""`keys(sale_id, JOURNAL)` is the stream of a sale. An entry is in it until it is settled."""

TASK = "drain"
"""The task of the shop that works off one batch of it: `run({"sale": 42})`."""
