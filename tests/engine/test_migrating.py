"""Processes that start at once bring one database up to date between them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine

from bot.storage.migrate import is_current, upgrade
from tests.support.postgres import PostgresServer


@pytest.mark.postgres
def test_processes_that_start_together_migrate_once(postgres_server: PostgresServer) -> None:
    url = postgres_server.create("migrating")
    engines = [create_engine(url) for _ in range(4)]
    try:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(upgrade, engines))
        assert is_current(engines[0])
    finally:
        for engine in engines:
            engine.dispose()
