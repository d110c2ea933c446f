"""An office on each kind of database."""

from collections.abc import Iterator

import pytest

from tests.pipeline.office import Office, open_office


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    """Empty, on a Monday morning."""
    opened = open_office(database_url)
    yield opened
    opened.store.close()
