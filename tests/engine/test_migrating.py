"""Processes that start at once bring one database up to date between them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from bot.storage import migrate
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


def test_the_newest_file_is_the_head_of_the_migrations(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{tmp_path / 'relais.db'}")
    assert not is_current(engine)
    upgrade(engine)
    assert is_current(engine)
    with engine.connect() as connection:
        stamped = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    engine.dispose()
    assert stamped == ScriptDirectory.from_config(config).get_current_head()
