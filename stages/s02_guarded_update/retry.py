"""Trying again after the errors by which InnoDB asks for just that."""

from __future__ import annotations

import random
import time

from pymysql import MySQLError
from pymysql.constants import ER

from common.shop import Attempt, Busy, Buy, Outcome

CHANGED_SINCE_READ = 1020  # ER.CHECKREAD: another transaction won, under innodb_snapshot_isolation
TRY_AGAIN = {CHANGED_SINCE_READ, ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK}
TRIES = 4
FIRST_PAUSE = 0.005  # seconds


def retrying(buy: Buy) -> Buy:
    """`buy`, tried up to `TRIES` times while the database says that the whole transaction was undone.

    Guarantees that nothing is done twice: each of these errors means that nothing was done (our transactions
    roll back as a whole). Does not repeat after a lost connection: then nobody knows. The pause doubles each
    time and is jittered, so that those who collided do not meet again.
    """

    def buy_with_retries(attempt: Attempt) -> Outcome:
        for failures in range(TRIES):
            try:
                return buy(attempt)
            except MySQLError as error:
                if error.args[0] not in TRY_AGAIN:
                    raise
                time.sleep(random.uniform(0, FIRST_PAUSE * 2**failures))
        raise Busy("Too many buyers at once; nothing was taken")

    return buy_with_retries
