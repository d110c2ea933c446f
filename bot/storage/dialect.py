"""What SQLite and PostgreSQL do differently."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from bot.storage.prepared import Prepared
from bot.storage.tables import Base, ConversationRow, UtcDateTime, table

_LOCK = Prepared(
    select(table(ConversationRow).c.id)
    .where(table(ConversationRow).c.id == bindparam("conversation_id"))
    .with_for_update()
)


def insert_or_ignore(dialect: str, row: type[Base]) -> Any:
    """INSERT ... ON CONFLICT DO NOTHING, to be finished with RETURNING: no row says that it was there.

    Args:
        dialect: "sqlite" or "postgresql": the name of a connection's dialect.
    """
    spoken = sqlite if dialect == "sqlite" else postgresql
    return spoken.insert(table(row)).on_conflict_do_nothing()


def is_new(connection: Connection, statement: Any, key: InstrumentedAttribute[Any]) -> bool:
    """Runs an `insert_or_ignore`; whether it inserted."""
    return connection.execute(statement.returning(key)).first() is not None


def page(
    statement: Select[Any],
    moment: ColumnElement[datetime],
    key: ColumnElement[int],
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> Select[Any]:
    """A page of rows, ordered by a time and then by their key.

    Args:
        statement: what is selected.
        moment, key: the columns of the order.
        after: time and key of the last row of the page before, None for the first page.
        limit: rows of a page.
    """
    if after is not None:
        last = tuple_(literal(after[0], UtcDateTime()), literal(after[1]))
        statement = statement.where(tuple_(moment, key) > last)
    return statement.order_by(moment, key).limit(limit)


def lock_conversation(connection: Connection, conversation_id: int) -> None:
    """Waits for this conversation's other transactions, before anything of it is read or written.

    Locking first, and always the same row, is what keeps transactions from waiting for one another in a
    circle, and lets each statement after it see what the others committed. On SQLite there is one writer.
    """
    if connection.dialect.name != "sqlite":
        _LOCK.first(connection, conversation_id=conversation_id)
