"""What runs for each message looks its rows up: no statement reads a whole table."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest
from sqlalchemy import Connection

import bot.storage
from bot.storage.migrate import upgrade
from bot.storage.prepared import Prepared
from bot.storage.sqlite_store import SqliteStore


def _statements() -> Iterator[tuple[str, Prepared]]:
    for module in pkgutil.iter_modules(bot.storage.__path__, "bot.storage."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, Prepared):
                yield f"{module.name}.{name}", value


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    store = SqliteStore(tmp_path_factory.mktemp("plans") / "relais.db")
    upgrade(store.engine)
    with store.engine.connect() as opened:
        yield opened
    store.close()


@pytest.mark.parametrize("statement", [pytest.param(one, id=name) for name, one in _statements()])
def test_it_scans_no_table(connection: Connection, statement: Prepared) -> None:
    sql, parameters = statement.as_sent(connection.dialect)
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (None,) * parameters).all()
    steps = [row.detail for row in plan]
    assert sql.startswith("INSERT") or steps
    assert sql.startswith("INSERT") or not [step for step in steps if step.startswith("SCAN")]
