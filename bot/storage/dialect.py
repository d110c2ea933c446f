"""The one statement that SQLite and PostgreSQL spell alike but SQLAlchemy does not."""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.tables import Base


def insert_or_ignore(connection: Connection, table: type[Base]) -> Any:
    """INSERT ... ON CONFLICT DO NOTHING; with RETURNING, no row says that it was there."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()
