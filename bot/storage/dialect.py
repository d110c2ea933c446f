"""What SQLite and PostgreSQL do differently."""

from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from bot.storage.tables import Base, ConversationRow


def insert_or_ignore(connection: Connection, table: type[Base]) -> Any:
    """INSERT ... ON CONFLICT DO NOTHING, to be finished with RETURNING: no row says that it was there."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


def is_new(connection: Connection, statement: Any, key: InstrumentedAttribute[Any]) -> bool:
    """Runs an `insert_or_ignore`; whether it inserted."""
    return connection.execute(statement.returning(key)).first() is not None


def lock_conversation(connection: Connection, conversation_id: int) -> None:
    """Waits for this conversation's other transactions, before anything of it is read or written.

    Locking first, and always the same row, is what keeps transactions from waiting for one another in a
    circle, and lets each statement after it see what the others committed. On SQLite there is one writer.
    """
    if connection.dialect.name != "sqlite":
        statement = select(ConversationRow.id).where(ConversationRow.id == conversation_id)
        connection.execute(statement.with_for_update())
