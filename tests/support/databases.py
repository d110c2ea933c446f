"""Databases that have this version's tables already: to make them takes longer than most tests."""

import shutil
from pathlib import Path

from sqlalchemy import create_engine

from bot.storage.migrate import upgrade
from tests.support.once import made_once
from tests.support.postgres import PostgresServer

_TEMPLATE = "with_tables"


def sqlite_database(shared_folder: Path, target: Path) -> str:
    """Writes an empty one to a file and returns its address."""
    made = made_once(shared_folder / "sqlite", lambda folder: _upgrade(f"sqlite:///{folder / 'relais.db'}"))
    shutil.copyfile(made / "relais.db", target)
    return f"sqlite:///{target}"


def postgres_database(shared_folder: Path, server: PostgresServer, name: str) -> str:
    """Makes an empty one of that name and returns its address."""
    made_once(shared_folder / "tables", lambda _: _upgrade(server.create(_TEMPLATE)))
    return server.create(name, template=_TEMPLATE)


def _upgrade(url: str) -> None:
    engine = create_engine(url)
    upgrade(engine)
    engine.dispose()
