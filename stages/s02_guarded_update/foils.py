"""What does not help. A foil is a wrong variant that the proofs plug in to show that they would notice."""

from __future__ import annotations

from common.database import Db
from common.shop import Attempt, Order
from stages.s01_naive.checkout import NaiveCheckout


class JustATransaction(NaiveCheckout):
    """s01 between BEGIN and COMMIT. It still oversells.

    A transaction makes several writes one; it does not make a plain SELECT wait. Both buyers read the same
    snapshot, both write what they computed from it, and the second one waits only to overwrite the first.
    """

    def _place(self, db: Db, attempt: Attempt) -> Order:
        with db.transaction():
            return super()._place(db, attempt)
