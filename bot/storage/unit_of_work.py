"""The unit of work: one transaction, and the repositories that work in it."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from bot.storage.agents import AgentRepository
from bot.storage.cases import CaseRepository, TimerRepository
from bot.storage.conversations import ConversationRepository
from bot.storage.dialect import insert_or_ignore, is_new
from bot.storage.inbox import InboxRepository
from bot.storage.outbox import OutboxRepository
from bot.storage.questions import QuestionRepository
from bot.storage.releases import LeaseRepository, ReleaseRepository
from bot.storage.tables import OnceRow
from bot.storage.transcripts import TranscriptRepository, TurnRepository


class UnitOfWork:
    """One transaction: all that is done through it is committed together or not at all."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.woken: set[int] = set()
        self.touched: set[int] = set()

    @cached_property
    def conversations(self) -> ConversationRepository:
        return ConversationRepository(self.connection)

    @cached_property
    def inbox(self) -> InboxRepository:
        return InboxRepository(self.connection)

    @cached_property
    def transcripts(self) -> TranscriptRepository:
        return TranscriptRepository(self.connection)

    @cached_property
    def turns(self) -> TurnRepository:
        return TurnRepository(self.connection)

    @cached_property
    def questions(self) -> QuestionRepository:
        return QuestionRepository(self.connection)

    @cached_property
    def outbox(self) -> OutboxRepository:
        return OutboxRepository(self.connection)

    @cached_property
    def cases(self) -> CaseRepository:
        return CaseRepository(self.connection)

    @cached_property
    def timers(self) -> TimerRepository:
        return TimerRepository(self.connection)

    @cached_property
    def agents(self) -> AgentRepository:
        return AgentRepository(self.connection)

    @cached_property
    def releases(self) -> ReleaseRepository:
        return ReleaseRepository(self.connection)

    @cached_property
    def leases(self) -> LeaseRepository:
        return LeaseRepository(self.connection)

    def once(self, key: str, now: datetime) -> bool:
        """True the first time that this idempotency key is seen."""
        added = insert_or_ignore(self.connection.dialect.name, OnceRow).values(key=key, created_at=now)
        return is_new(self.connection, added, OnceRow.key)

    def wake(self, conversation_id: int) -> None:
        """After the commit a worker looks at this conversation."""
        self.woken.add(conversation_id)

    def changed(self, conversation_id: int) -> None:
        """After the commit the pages that show this conversation look again."""
        self.touched.add(conversation_id)


T = TypeVar("T")
Job = Callable[[UnitOfWork], T]
"""What a store runs in a transaction."""


def is_database_trouble(exc: BaseException) -> bool:
    """Whether the database was away, locked or full: no fault of what was being handled."""
    return isinstance(exc, OperationalError | InterfaceError | TimeoutError)
