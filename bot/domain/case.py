"""A case: the support request behind a handoff."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.conversation import Conversation
from bot.domain.messages import Author


class Level(StrEnum):
    """Who works on it: first line, specialists, the maker."""

    N1 = "N1"
    N2 = "N2"
    N3 = "N3"


class Urgency(StrEnum):
    """How soon it hurts."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Impact(StrEnum):
    """How many it hurts."""

    PERSON = "person"
    TEAM = "team"
    ORGANISATION = "organisation"


class Priority(StrEnum):
    """What to do first; computed from urgency and impact."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class CaseStatus(StrEnum):
    """Where a case stands."""

    WAITING = "waiting"
    """In the queue."""
    CLAIMED = "claimed"
    """An agent has it."""
    RETURNED = "returned"
    """Given back to the bot, unresolved."""
    RESOLVED = "resolved"


class HandoffReason(StrEnum):
    """Why the bot let go."""

    ASKED = "asked"
    LOW_CONFIDENCE = "low_confidence"
    NOT_HELPED = "not_helped"
    FLOW = "flow"
    DANGER = "danger"
    ATTACHMENT = "attachment"
    """A photo or document with no words that the bot could use."""
    FAILURE = "failure"
    """Something of ours broke; a person takes over rather than leaving silence."""


class WaitingRequest(StrEnum):
    """What somebody who waits for a person wants of the desk."""

    ADDED = "added"
    """Something was added to the case."""
    STATUS = "status"
    """When is it my turn?"""
    WITHDRAW = "withdraw"
    """The case is no longer needed."""
    BOT = "bot"
    """The bot again; the case stays."""


@dataclass(frozen=True, kw_only=True)
class HandoffRequest:
    """What the dialogue gives the desk when it hands over.

    Args:
        reason: why.
        summary: one line for the agent, in the conversation's language: what is wanted.
        tried: what was proposed or checked, oldest first, one line each.
        category: of the flow, None when unknown.
        urgency: as understood; danger and words of urgency raise it.
        is_known: the summary says what is wanted, not only that a person is.
    """

    reason: HandoffReason
    summary: str
    tried: tuple[str, ...] = ()
    category: str | None = None
    urgency: Urgency = Urgency.NORMAL
    is_known: bool = True


@dataclass(frozen=True, kw_only=True)
class Case:
    """A support request.

    Args:
        id: its number is derived from it, see `number`.
        first_response_due: when a person should have answered, aware UTC.
        resolution_due: when it should be resolved, aware UTC.
    """

    id: int
    conversation_id: int
    person_id: int
    desk: str
    level: Level
    status: CaseStatus
    reason: HandoffReason
    summary: str
    tried: tuple[str, ...]
    category: str | None
    impact: Impact
    urgency: Urgency
    priority: Priority
    opened_at: datetime
    first_response_due: datetime | None
    resolution_due: datetime | None
    claimed_at: datetime | None = None
    first_reply_at: datetime | None = None
    resolved_at: datetime | None = None
    agent_id: int | None = None

    @property
    def number(self) -> str:
        """As people see it: "N1-000123"."""
        return f"{self.level}-{self.id:06d}"


@dataclass(frozen=True, kw_only=True)
class QueueItem:
    """A case as the console's list shows it.

    Args:
        agent_name: who has it, None when nobody does.
        last_text: the last line said by the person, the bot or an agent.
        last_author: who said it.
        undelivered: something that was to be sent to the person never reached them.
    """

    case: Case
    conversation: Conversation
    agent_name: str | None
    last_text: str
    last_author: Author
    last_at: datetime
    undelivered: bool
