"""Statements that are compiled once, against the same ones run by SQLAlchemy."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.storage.migrate import upgrade
from bot.storage.prepared import Prepared
from bot.storage.stores import AnyStore, open_store
from bot.storage.tables import AgentRow, AgentSessionRow, TimerRow, UtcDateTime, table

_AGENT, _SESSION = table(AgentRow), table(AgentSessionRow)
_AGENT_COLUMNS = ("email", "name", "language", "desks", "active", "password_hash")
_ADD_AGENT = Prepared(insert(_AGENT).returning(_AGENT.c.id), *_AGENT_COLUMNS)
_FIND_AGENT = Prepared(select(_AGENT).where(_AGENT.c.email == bindparam("of_email"), _AGENT.c.active))
_RENAME = Prepared(update(_AGENT).where(_AGENT.c.email == bindparam("of_email")), "name")
_ADD_SESSION = Prepared(insert(_SESSION).inline(), "token_hash", "agent_id", "expires_at")
_EXPIRED = Prepared(
    select(_SESSION.c.token_hash, _SESSION.c.expires_at)
    .where(_SESSION.c.expires_at <= bindparam("now", type_=UtcDateTime()))
    .order_by(_SESSION.c.expires_at)
    .limit(1)
)
_CAMILLE = {
    "email": "camille@bellac.example",
    "name": "Camille l'aînée; 100 %",
    "language": "fr",
    "desks": ["it", {"é": None}],
    "active": True,
    "password_hash": "x",
}


@pytest.fixture
def store(database_url: str) -> Iterator[AnyStore]:
    """An empty database."""
    opened = open_store(database_url)
    upgrade(opened.engine)
    yield opened
    opened.close()


def test_it_reads_what_sqlalchemy_wrote_and_the_reverse(store: AnyStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(insert(_AGENT).values(**_CAMILLE))
        written = connection.execute(select(_AGENT)).one()
        read = _FIND_AGENT.first(connection, of_email=_CAMILLE["email"])
        assert read._asdict() == dict(written._mapping)

        other = _CAMILLE | {"email": "dominique@bellac.example"}
        added = _ADD_AGENT.first(connection, **other)
        stored = connection.execute(select(_AGENT).where(_AGENT.c.id == added.id)).one()
        assert dict(stored._mapping) == other | {"id": added.id}


def test_times_come_back_as_the_same_moment_in_utc(store: AnyStore) -> None:
    later = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with store.engine.begin() as connection:
        agent = _ADD_AGENT.first(connection, **_CAMILLE).id
        _ADD_SESSION.run(connection, token_hash="a", agent_id=agent, expires_at=later)
        assert _EXPIRED.first(connection, now=later - timedelta(microseconds=1)) is None
        row = _EXPIRED.first(connection, now=later.astimezone(UTC))
        assert row.expires_at == later
        assert row.expires_at.tzinfo is UTC
        with pytest.raises(ValueError, match="time zone"):
            _EXPIRED.first(connection, now=later.replace(tzinfo=None))


def test_a_change_says_how_many_rows_it_changed(store: AnyStore) -> None:
    with store.engine.begin() as connection:
        _ADD_AGENT.run(connection, **_CAMILLE)
        assert _RENAME.run(connection, of_email=_CAMILLE["email"], name="Dominique") == 1
        assert _RENAME.run(connection, of_email="nobody@bellac.example", name="Dominique") == 0


def test_a_missing_parameter_is_an_error(store: AnyStore) -> None:
    with store.engine.begin() as connection:
        for given in ({}, {"of_email": "x"}, {"name": "x"}):
            with pytest.raises(KeyError):
                _RENAME.run(connection, **given)


def test_errors_are_those_of_sqlalchemy_and_quote_no_values(store: AnyStore) -> None:
    with store.engine.connect() as connection:
        _ADD_AGENT.run(connection, **_CAMILLE)
        with pytest.raises(IntegrityError) as caught:
            _ADD_AGENT.run(connection, **_CAMILLE)
    assert caught.value.hide_parameters
    with store.engine.connect() as connection:
        assert _FIND_AGENT.first(connection, of_email=_CAMILLE["email"]) is None, "it was not rolled back"


def test_reading_begins_a_transaction(store: AnyStore) -> None:
    with store.engine.connect() as connection:
        _FIND_AGENT.first(connection, of_email="x")
        assert connection.in_transaction()


def test_work_on_a_connection_that_is_not_committed_is_gone(store: AnyStore) -> None:
    with store.engine.connect() as connection:
        _ADD_AGENT.run(connection, **_CAMILLE)
    with store.engine.connect() as connection:
        assert _FIND_AGENT.first(connection, of_email=_CAMILLE["email"]) is None


@pytest.mark.postgres
def test_a_connection_that_was_cut_is_replaced(store: AnyStore) -> None:
    if store.engine.dialect.name == "sqlite":
        return  # nobody can cut it
    with store.engine.connect() as other, store.engine.connect() as connection:
        process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        other.execute(text("SELECT pg_terminate_backend(:process)"), {"process": process})
        other.commit()
        with pytest.raises(OperationalError) as caught:
            _FIND_AGENT.first(connection, of_email="x")
        assert caught.value.connection_invalidated
        assert connection.invalidated
    with store.engine.connect() as connection:
        assert _FIND_AGENT.first(connection, of_email="x") is None


def test_a_name_that_is_both_a_column_and_a_condition_is_refused(store: AnyStore) -> None:
    """Else it would be taken for one of the two without a word."""
    twice = Prepared(update(table(TimerRow)).where(table(TimerRow).c.kind == bindparam("kind")), "kind")
    with store.engine.begin() as connection, pytest.raises(Exception, match="kind"):
        twice.run(connection, kind="idle")
