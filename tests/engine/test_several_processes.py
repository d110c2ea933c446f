"""Two processes on one PostgreSQL: a page of the first gets what comes through the second."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.postgres import PostgresServer
from tests.support.served import served

pytestmark = pytest.mark.postgres


@pytest.fixture
def two(data_dir: Path, tmp_path: Path, postgres_server: PostgresServer) -> Iterator[tuple[str, str]]:
    """Addresses of two servers that share a database."""
    settings = {"RELAIS_DATABASE_URL": postgres_server.create("several_processes")}
    with served(data_dir, env=settings) as first, served(data_dir, env=settings) as second:
        yield first, second


def test_a_page_of_one_process_shows_what_came_through_the_other(two: tuple[str, str]) -> None:
    first, second = two
    with httpx.Client(timeout=30) as visitor:
        visitor.get(f"{first}/chat/sav").raise_for_status()
        heard = threading.Event()

        def listen() -> None:
            with visitor.stream("GET", f"{first}/chat/sav/events") as events:
                for line in events.iter_lines():
                    if "N1-000001" in line:
                        heard.set()
                        return

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        posted = visitor.post(
            f"{second}/chat/sav/messages",
            data={"text": "je voudrais parler à quelqu'un", "key": uuid.uuid4().hex},
            headers={"Origin": second, "X-Requested-With": "fetch"},
        )
        assert posted.status_code in (200, 303), posted.text
        assert heard.wait(20), "the page of the first process never heard of it"
        listener.join(5)
