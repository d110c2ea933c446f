"""Statements that run for each message: compiled once, then run on the driver's own cursor.

SQLAlchemy looks a statement up by its shape at each execution, which costs ten times what the database
needs for a row; rendering, types and errors stay SQLAlchemy's here, only that lookup is left out.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.engine.interfaces import DBAPIModule
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase

Statement = Select[Any] | UpdateBase
Process = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement as one database's driver takes it."""

    sql: str
    binds: tuple[tuple[str, Process | None], ...]
    """Name and processor of each parameter, in the order of the text; repeated where the text repeats it."""
    constants: dict[str, Any]
    """What the statement itself gives."""
    positional: bool
    row: Callable[[Iterable[Any]], Any]
    columns: tuple[tuple[int, Process], ...]
    """Which columns of a result need work, and the work."""


class Prepared:
    """A statement that is run often.

    Args:
        statement: the statement, or the one of each dialect by its name.
        sets: columns that an insert or update takes from the parameters of the same names.
    """

    def __init__(self, statement: Statement | dict[str, Any], *sets: str) -> None:
        self._statement = statement
        self._sets = sets
        self._plans: dict[str, _Plan] = {}

    def first(self, connection: Connection, **parameters: Any) -> Any:
        """The first row, its columns by their names; None when there is none.

        Raises:
            sqlalchemy.exc.DBAPIError: or what derives from it, as from `Connection.execute`.
            KeyError: a parameter is missing.
        """
        plan = self._plan(connection.dialect)
        cursor = self._run(connection, plan, parameters)
        found = cursor.fetchone()
        cursor.close()
        if found is None:
            return None
        values = list(found)
        for index, process in plan.columns:
            values[index] = process(values[index])
        return plan.row(values)

    def run(self, connection: Connection, **parameters: Any) -> int:
        """Runs it and says how many rows it changed; raises what `first` raises."""
        cursor = self._run(connection, self._plan(connection.dialect), parameters)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def as_sent(self, dialect: Dialect) -> tuple[str, int]:
        """Its text as a database takes it, and how many parameters it has."""
        plan = self._plan(dialect)
        return plan.sql, len(plan.binds)

    def _run(self, connection: Connection, plan: _Plan, parameters: dict[str, Any]) -> Any:
        if not connection.in_transaction():
            connection.begin()
        given = plan.constants | parameters if plan.constants else parameters
        bound: Sequence[Any] | dict[str, Any]
        if plan.positional:
            bound = [given[name] if work is None else work(given[name]) for name, work in plan.binds]
        else:
            bound = {name: given[name] if work is None else work(given[name]) for name, work in plan.binds}
        cursor = connection.connection.cursor()
        try:
            return cursor.execute(plan.sql, bound)
        except connection.dialect.loaded_dbapi.Error as exc:
            raise _translated(connection, plan.sql, exc, cursor) from exc

    def _plan(self, dialect: Dialect) -> _Plan:
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = self._compiled(dialect)
        return plan

    def _compiled(self, dialect: Dialect) -> _Plan:
        statement = self._statement[dialect.name] if isinstance(self._statement, dict) else self._statement
        compiled = statement.compile(dialect=dialect, column_keys=list(self._sets) or None)
        named = {name: bind for bind, name in compiled.bind_names.items()}
        names = (compiled.positiontup or ()) if compiled.positional else named
        results = list(statement.exported_columns)
        processes = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in results]
        return _Plan(
            sql=str(compiled),
            binds=tuple((name, _bind(named[name].type, dialect)) for name in names),
            constants={
                name: value
                for name, value in compiled.params.items()
                if not named[name].required and name not in self._sets
            },
            positional=compiled.positional,
            row=_row_of([column.key for column in results]),
            columns=tuple((index, work) for index, work in enumerate(processes) if work is not None),
        )


def _row_of(names: list[str]) -> Callable[[Iterable[Any]], Any]:
    make: Callable[[Iterable[Any]], Any] = namedtuple("Row", names)._make  # type: ignore[attr-defined]
    return make


def _bind(kind: Any, dialect: Dialect) -> Process | None:
    process: Process | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return process


def _translated(connection: Connection, sql: str, exc: DBAPIModule.Error, cursor: Any) -> BaseException:
    """The driver's error as SQLAlchemy's; a connection that is gone leaves the pool with it."""
    dialect = connection.dialect
    gone = dialect.is_disconnect(exc, connection.connection.driver_connection, cursor)
    if gone:
        connection.invalidate(exc)
    return DBAPIError.instance(
        sql, None, exc, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=gone
    )
