"""What does not help. A foil is a wrong variant that the proofs plug in to show that they would notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.backoffice import BackOffice
from common.shop import Sale, SaleChanged


class AnnouncesBeforeCommit(BackOffice):
    """Tells the caches first and commits afterwards.

    A reader who comes in between loads the row as it was, and puts it into both caches. The commit that
    follows tells nobody, so the old price stays until its time to live ends.
    """

    def change(self, sale_id: int, fields: Mapping[str, Any]) -> Sale:
        version = self.get(sale_id).version + 1
        for listener in self._listeners:
            listener(SaleChanged(sale_id, version, "changed"))
        return BackOffice(self._sql).change(sale_id, fields)  # who has nobody to tell
