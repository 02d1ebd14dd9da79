"""What the graders' own tests share: servers for gradings, apart from those of the other tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homework.grader.servers import Servers, own_servers


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Closed to all but their accounts; each grading empties them."""
    with own_servers() as servers:
        yield servers
