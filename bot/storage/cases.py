"""Cases and timers in the database."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from bot.domain.case import Case, CaseStatus, Priority
from bot.domain.conversation import Conversation, Timer
from bot.domain.errors import NotFoundError
from bot.storage.listings import CASE_COLUMNS, CASE_FIELDS, CaseListings, case_of
from bot.storage.prepared import Prepared
from bot.storage.tables import CaseEventRow, CaseRow, TimerRow, UtcDateTime, table

_T = table(TimerRow)
_OF_CONVERSATION = _T.c.conversation_id == bindparam("of_conversation")
_MOVE = Prepared(update(_T).where(_OF_CONVERSATION, _T.c.kind == bindparam("of_kind")), "due_at", "epoch")
_SET = Prepared(insert(_T).inline(), "conversation_id", "kind", "due_at", "epoch")
_DUE = Prepared(
    select(_T.c.id, _T.c.kind, _T.c.due_at, _T.c.epoch)
    .where(_OF_CONVERSATION, _T.c.due_at <= bindparam("now", type_=UtcDateTime()))
    .order_by(_T.c.due_at)
    .limit(1)
)


class CaseRepository(CaseListings):
    """Support requests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, case: Case) -> Case:
        """Stores a new one and returns it with its id."""
        case_id = self._connection.execute(
            insert(CaseRow).values(**_values(case)).returning(CaseRow.id)
        ).scalar_one()
        self._history(case_id, "opened", None, case.opened_at)
        return replace(case, id=case_id)

    def get(self, case_id: int) -> Case:
        """Raises NotFoundError."""
        row = self._connection.execute(select(*CASE_COLUMNS).where(CaseRow.id == case_id)).first()
        if row is None:
            raise NotFoundError(f"case {case_id}")
        return case_of(row)

    def save(self, case: Case, *, event: str, agent_id: int | None, now: datetime) -> None:
        """Writes it, and a line of its history."""
        self._connection.execute(update(CaseRow).where(CaseRow.id == case.id).values(**_values(case)))
        self._history(case.id, event, agent_id, now)

    def waiting(self, desk: str) -> int:
        """How many are in the queue of a desk."""
        statement = select(func.count()).where(CaseRow.desk == desk, CaseRow.status == CaseStatus.WAITING)
        return self._connection.execute(statement).scalar_one()

    def rename_desk(self, old: str, new: str) -> int:
        """All cases of one desk are of another from now on; how many they were."""
        return self._connection.execute(update(CaseRow).where(CaseRow.desk == old).values(desk=new)).rowcount

    def ahead(self, case: Case) -> int:
        """How many in the queue of its desk come before a case: of higher priority, or as high and older."""
        priorities = list(Priority)
        higher = priorities[: priorities.index(case.priority)]
        is_older = or_(
            CaseRow.opened_at < case.opened_at,
            and_(CaseRow.opened_at == case.opened_at, CaseRow.id < case.id),
        )
        statement = select(func.count()).where(
            CaseRow.desk == case.desk,
            CaseRow.status == CaseStatus.WAITING,
            CaseRow.id != case.id,
            or_(CaseRow.priority.in_(higher), and_(CaseRow.priority == case.priority, is_older)),
        )
        return self._connection.execute(statement).scalar_one()

    def _history(self, case_id: int, event: str, agent_id: int | None, now: datetime) -> None:
        self._connection.execute(
            insert(CaseEventRow).values(case_id=case_id, event=event, agent_id=agent_id, created_at=now)
        )


class TimerRepository:
    """What is to happen later."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def set(self, conversation: Conversation, kind: str, due_at: datetime) -> None:
        """Replaces the conversation's timer of that kind."""
        values = {"due_at": due_at, "epoch": conversation.epoch}
        if _MOVE.run(self._connection, of_conversation=conversation.id, of_kind=kind, **values) == 0:
            _SET.run(self._connection, conversation_id=conversation.id, kind=kind, **values)

    def take(self, conversation_id: int, now: datetime) -> Timer | None:
        """Removes and returns one that is due."""
        row = _DUE.first(self._connection, of_conversation=conversation_id, now=now)
        if row is None:
            return None
        self._connection.execute(delete(TimerRow).where(TimerRow.id == row.id))
        return Timer(
            id=row.id, conversation_id=conversation_id, kind=row.kind, due_at=row.due_at, epoch=row.epoch
        )


def _values(case: Case) -> dict[str, object]:
    values = {name: getattr(case, name) for name in CASE_FIELDS if name != "id"}
    return values | {"tried": list(case.tried)}
