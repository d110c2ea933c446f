"""Agents and their sessions in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from bot.domain.agent import Agent
from bot.domain.errors import ConflictError, NotFoundError
from bot.storage.dialect import insert_or_ignore
from bot.storage.tables import AgentRow, AgentSessionRow

_COLUMNS = (
    AgentRow.id,
    AgentRow.email,
    AgentRow.name,
    AgentRow.language,
    AgentRow.desks,
    AgentRow.active,
    AgentRow.password_hash,
)


class AgentRepository:
    """Who answers, and their sessions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, agent_id: int) -> Agent:
        """Raises NotFoundError."""
        row = self._connection.execute(select(*_COLUMNS).where(AgentRow.id == agent_id)).first()
        if row is None:
            raise NotFoundError(f"agent {agent_id}")
        return _agent(row)

    def all(self) -> Sequence[Agent]:
        """Everybody, by name."""
        rows = self._connection.execute(select(*_COLUMNS).order_by(AgentRow.name))
        return [_agent(row) for row in rows]

    def by_email(self, email: str) -> tuple[Agent, str] | None:
        """The agent and the password's hash; None when unknown."""
        row = self._connection.execute(
            select(*_COLUMNS).where(AgentRow.email == email.strip().lower())
        ).first()
        return None if row is None else (_agent(row), row.password_hash)

    def add(self, *, email: str, name: str, language: str, desks: Sequence[str], password_hash: str) -> Agent:
        """Raises ConflictError("already_there")."""
        statement = insert_or_ignore(self._connection.dialect.name, AgentRow).values(
            email=email.strip().lower(),
            name=name,
            language=language,
            desks=list(desks),
            active=True,
            password_hash=password_hash,
        )
        row = self._connection.execute(statement.returning(*_COLUMNS)).first()
        if row is None:
            raise ConflictError("already_there")
        return _agent(row)

    def set_active(self, agent_id: int, *, active: bool) -> None:
        """Whether the agent may log in; their sessions end with it, and stay ended."""
        self._connection.execute(update(AgentRow).where(AgentRow.id == agent_id).values(active=active))
        if not active:
            self._connection.execute(delete(AgentSessionRow).where(AgentSessionRow.agent_id == agent_id))

    def rename_desk(self, old: str, new: str) -> int:
        """Who answered at one desk answers at another from now on; how many they are."""
        members = [agent for agent in self.all() if old in agent.desks]
        for agent in members:
            desks = list(dict.fromkeys(new if desk == old else desk for desk in agent.desks))
            self._connection.execute(update(AgentRow).where(AgentRow.id == agent.id).values(desks=desks))
        return len(members)

    def rehash(self, agent_id: int, password_hash: str) -> None:
        """A stronger hash of the same password."""
        self._connection.execute(
            update(AgentRow).where(AgentRow.id == agent_id).values(password_hash=password_hash)
        )

    def open_session(self, agent_id: int, token_hash: str, expires_at: datetime) -> None:
        """Remembers a login by the hash of its token."""
        self._connection.execute(
            insert(AgentSessionRow).values(token_hash=token_hash, agent_id=agent_id, expires_at=expires_at)
        )

    def session(self, token_hash: str, *, after: datetime, until: datetime) -> Agent | None:
        """Whose session ends between these times, None when none does."""
        statement = (
            select(*_COLUMNS)
            .join(AgentSessionRow, AgentSessionRow.agent_id == AgentRow.id)
            .where(
                AgentSessionRow.token_hash == token_hash,
                AgentSessionRow.expires_at > after,
                AgentSessionRow.expires_at <= until,
                AgentRow.active,
            )
        )
        row = self._connection.execute(statement).first()
        return None if row is None else _agent(row)

    def close_session(self, token_hash: str) -> None:
        """Logs out."""
        self._connection.execute(delete(AgentSessionRow).where(AgentSessionRow.token_hash == token_hash))


def _agent(row: Row[Any]) -> Agent:
    return Agent(
        id=row.id,
        email=row.email,
        name=row.name,
        language=row.language,
        desks=tuple(row.desks),
        active=row.active,
    )
