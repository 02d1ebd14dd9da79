"""What does not help. A foil is a wrong variant that the proofs plug in to show that they would notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from common.backoffice import BackOffice
from common.ids import new_id
from common.shop import Sale, SaleChanged
from stages.s03_cache.local import LocalCache
from stages.s03_cache.shared import SharedCache

T = TypeVar("T")


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


class EachThreadLoads(LocalCache):
    """The first cache without single flight: whoever misses, loads."""

    def get(self, key: str, load: Callable[[], T]) -> T:
        with self._lock:
            kept = self._entries.get(key)
        if kept is not None and self._clock() < kept.until:
            return cast(T, kept.value)
        value = load()
        with self._lock:
            self._keep(key, value)
        return value


class EachMissLoads(SharedCache):
    """The second cache without a lease: look, load, put, as it is usually written.

    Right for one reader. At the moment a popular entry expires, all its readers ask the database at once.
    """

    def _get(self, name: str, load: Callable[[], bytes]) -> bytes:
        value, version = map(self.redis.get, self._names(name)[:2])
        if isinstance(value, bytes):
            return value
        return self._fill(name, new_id(), version if isinstance(version, bytes) else b"0", load)
