"""A conversation: one person in one chat with one desk, and who may speak in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import ConflictError


class Owner(StrEnum):
    """Who has the conversation."""

    BOT = "bot"
    QUEUE = "queue"
    AGENT = "agent"
    CLOSED = "closed"


class ParkedReason(StrEnum):
    """Why a conversation is not handled for now; its messages are kept, in order."""

    UNKNOWN_DESK = "unknown_desk"
    """The workspace has no such desk; it goes on by itself once there is one."""
    FAILING = "failing"
    """Handling failed every time; somebody has to try again."""


LEGAL_MOVES: Mapping[Owner, frozenset[Owner]] = {
    Owner.BOT: frozenset({Owner.QUEUE, Owner.AGENT, Owner.CLOSED}),
    Owner.QUEUE: frozenset({Owner.AGENT, Owner.BOT, Owner.CLOSED}),
    Owner.AGENT: frozenset({Owner.QUEUE, Owner.BOT, Owner.CLOSED}),
    Owner.CLOSED: frozenset({Owner.BOT, Owner.QUEUE, Owner.AGENT}),
}


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One person in one chat or thread of a channel, with one desk.

    Args:
        account: the channel account, such as "telegram:7712".
        chat: the channel's address for answers.
        user: the platform's id of the person.
        language: "fr" or "en": what the bot speaks here.
        language_chosen: the person chose it; detection no longer changes it.
        owner: who may speak.
        epoch: rises at each change of owner.
        claimed_epoch: of the latest claim by an agent, 0 before the first; what the bot said under an
            older one is not sent.
        agent_id: who has it, while owner is `AGENT`.
        case_id: the latest case, open or resolved.
        release_id: the content that a running flow stays on; None when no flow runs.
        turn_no: number of the latest turn.
        state: the dialogue's own memory (JSON), opaque here.
        fence: rises with each commit of a turn; a commit under an old one is refused.
        closed_at: when it was closed, aware UTC.
        tries: failures of its handling since the last success.
        retry_at: not handled before this time, after a failure.
        parked: why it is not handled at all, None while it is.
    """

    id: int
    account: str
    chat: str
    user: str
    user_name: str | None
    person_id: int
    desk: str
    language: str
    language_chosen: bool = False
    owner: Owner = Owner.BOT
    epoch: int = 0
    claimed_epoch: int = 0
    agent_id: int | None = None
    case_id: int | None = None
    release_id: int | None = None
    turn_no: int = 0
    state: Mapping[str, object] = field(default_factory=dict)
    fence: int = 0
    closed_at: datetime | None = None
    tries: int = 0
    retry_at: datetime | None = None
    parked: ParkedReason | None = None

    @property
    def is_with_people(self) -> bool:
        """Whether people have it, or are awaited."""
        return self.owner in (Owner.QUEUE, Owner.AGENT)

    def handed_to(
        self, owner: Owner, *, agent_id: int | None = None, now: datetime | None = None
    ) -> "Conversation":
        """The same conversation under another owner, one epoch later.

        Args:
            owner: the new one.
            agent_id: required for `AGENT`, forbidden otherwise.
            now: required for `CLOSED`.

        Raises:
            ConflictError: no such move ("illegal_move").
        """
        if owner not in LEGAL_MOVES[self.owner] or (owner is Owner.AGENT) != (agent_id is not None):
            raise ConflictError("illegal_move")
        return replace(
            self,
            owner=owner,
            epoch=self.epoch + 1,
            claimed_epoch=self.epoch + 1 if owner is Owner.AGENT else self.claimed_epoch,
            agent_id=agent_id,
            closed_at=now if owner is Owner.CLOSED else None,
        )


@dataclass(frozen=True, kw_only=True)
class ParkedConversation:
    """A conversation that is not handled, as administrators see it.

    Args:
        account: the channel account it came by.
        reason: why.
        problem: the kind of error; holds nothing that people wrote.
        since: when it was parked, aware UTC.
        waiting: messages that wait in it.
    """

    id: int
    desk: str
    account: str
    reason: ParkedReason
    problem: str | None
    since: datetime
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Timer:
    """Something to do in a conversation at a time.

    Args:
        kind: what; see `bot.pipeline.timers`.
        epoch: of the conversation when it was set; an older one is dropped.
    """

    id: int
    conversation_id: int
    kind: str
    due_at: datetime
    epoch: int
