"""A served console for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.world import World
from tests.console.world import world as serve


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty console."""
    with serve(tmp_path) as served:
        yield served
