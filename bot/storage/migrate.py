"""Brings a database to this version's tables, from code: no alembic.ini."""

import logging
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select, text
from sqlalchemy.exc import OperationalError

from bot.domain.errors import ConfigurationError
from bot.storage.tables import Base

log = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent / "migrations"
_LOCK_KEY = 0x52656C616973
"""Names Relais among PostgreSQL's advisory locks: its letters in ASCII."""
_AGAIN_S = 1.0


def upgrade(engine: Engine, *, patience_s: float = 30.0) -> None:
    """Applies the missing migrations; quick when there are none.

    Args:
        patience_s: how long to wait for a database server that is starting, as after a reboot.

    Raises:
        ConfigurationError: the database server was not reached in that time.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return _upgrade(engine)
        except OperationalError as exc:
            if engine.dialect.name == "sqlite":
                raise
            problem = str(exc.orig).partition("\n")[0]
            if time.monotonic() > deadline:
                raise ConfigurationError("RELAIS_DATABASE_URL", f"not reached: {problem}") from exc
            log.warning("waiting for the database", extra={"problem": problem})
            time.sleep(_AGAIN_S)


def _upgrade(engine: Engine) -> None:
    with engine.connect() as connection:
        if _revision(connection) == _head():
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # Processes that start together take turns; whoever comes second finds nothing left to do.
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK_KEY)))
        # Imported where used: a fifth of a second of every start otherwise.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """Whether the database has this version's tables."""
    with engine.connect() as connection:
        return _revision(connection) == _head()


def differences(engine: Engine) -> list[object]:
    """What the tables in code have that the migrations do not make, or the reverse; for the tests."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        return list(compare_metadata(context, Base.metadata))


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or not (name or "").startswith(("procrastinate", "alembic"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _head() -> str:
    """Migrations are one line of history, each in a file named by its number."""
    return max(path.name for path in (_FOLDER / "versions").glob("[0-9]*.py")).partition("_")[0]
