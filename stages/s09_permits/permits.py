"""The purchase permit as its buyer carries it: signed, and bound to a buyer, a sale and a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from common.shop import Attempt, Permit, PermitInvalid
from stages.s09_permits.signing import Keyring

PURPOSE = "purchase permit"


class Issued(NamedTuple):
    """What tells one permit from another: it is the `serial`-th of this buyer at this sale, until `expires`
    (unix ms)."""

    serial: int
    expires: int


NONE = Issued(0, 0)


class Permits:
    """Writes permits, and reads those that come with a press. Asks no server.

    Guarantees that a permit that can be read was issued by this shop, to this buyer, for this sale. Whether
    it has expired or is used up is decided where units are taken (reserve.lua): a press that is sent again
    shows a permit that is used up, and is still in the right.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def write(self, sale_id: int, buyer_id: int, issued: Issued) -> Permit:
        token = self._keyring.sign(PURPOSE, [sale_id, buyer_id, *issued])
        return Permit(token, datetime.fromtimestamp(issued.expires / 1000, UTC))

    def read(self, attempt: Attempt) -> Issued:
        """The permit of this press, `NONE` if there is none. `PermitInvalid` if it is another's, or made up:
        without a word about which."""
        if attempt.permit is None:
            return NONE
        facts = self._keyring.read(PURPOSE, attempt.permit)
        if facts is None or facts[:2] != [attempt.sale_id, attempt.buyer_id]:
            raise PermitInvalid
        return Issued(*facts[2:])
