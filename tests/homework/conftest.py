"""What the graders' own tests share: servers for gradings, apart from those of the other tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from common.lab import Lab
from homework.grader.servers import Servers


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Closed to all but their accounts; each grading empties them."""
    with Lab() as lab:
        yield Servers(lab)
