"""The store that a database address asks for."""

from pathlib import Path

from sqlalchemy import make_url

from bot.domain.errors import ConfigurationError
from bot.storage.postgres_store import PostgresStore
from bot.storage.sqlite_store import SqliteStore

AnyStore = SqliteStore | PostgresStore


def open_store(url: str) -> AnyStore:
    """The store for a database address.

    Raises:
        ConfigurationError: neither SQLite nor PostgreSQL through psycopg.
    """
    parsed = make_url(url)
    if parsed.drivername == "sqlite" and parsed.database:
        return SqliteStore(Path(parsed.database))
    if parsed.drivername == "postgresql+psycopg":
        return PostgresStore(url)
    raise ConfigurationError(
        "RELAIS_DATABASE_URL",
        f"{parsed.drivername!r} is not supported. Use sqlite:///path/to/relais.db "
        "or postgresql+psycopg://user:password@host/database.",
    )
