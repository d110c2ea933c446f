"""A turn: what one message led to, and the record that explains it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from bot.domain.case import HandoffRequest, WaitingRequest
from bot.domain.messages import InboundKind, Reply


class Decision(StrEnum):
    """What the bot did with a message."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    FLOW = "flow"
    HANDOFF = "handoff"
    SMALLTALK = "smalltalk"
    COMMAND = "command"
    NONE = "none"
    """A person has the conversation: the bot stays silent."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An article or a flow that the knowledge base proposed.

    Args:
        kind: "article" or "flow".
        confidence: calibrated probability that it is what was wanted, 0 to 1.
        matched: the title or way of asking that was nearest.
    """

    kind: str
    id: str
    title: str
    confidence: float
    matched: str


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why the bot did what it did: the same record serves the user, the agent and the evaluation.

    Args:
        rule: name of the policy's rule, such as "article_confident"; see `bot.dialogs.retrieval.policy`.
        intent: what was understood, None when nothing was.
        intent_score: 0 to 1.
        matched: the example, title or way of asking that was nearest to what the person wrote.
        confidence: of the winner, 0 to 1; None when nothing was searched.
        threshold: that the confidence was held against.
        candidates: best first; the second is the runner-up.
        article: id of the article answered with, with its `article_language` and `article_version`.
        flow: id of the flow, and its `step`.
        also: what else the message said: the rule that applied to it, or the need that was kept for later.
    """

    rule: str
    intent: str | None = None
    intent_score: float | None = None
    matched: str | None = None
    confidence: float | None = None
    threshold: float | None = None
    candidates: tuple[Candidate, ...] = ()
    article: str | None = None
    article_language: str | None = None
    article_version: int | None = None
    flow: str | None = None
    step: str | None = None
    release_id: int | None = None
    also: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Without the empty fields."""
        fields = {key: value for key, value in vars(self).items() if value not in (None, ())}
        if self.candidates:
            fields["candidates"] = [vars(candidate) for candidate in self.candidates]
        return fields

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The record whose `to_json` was stored; fields of other versions are passed over."""
        known = {key: value for key, value in fields.items() if key in cls.__dataclass_fields__}
        known["candidates"] = tuple(Candidate(**each) for each in fields.get("candidates", ()))
        known["also"] = tuple(fields.get("also", ()))
        return cls(**known)


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """Whether an answer helped, or a flow.

    Args:
        turn_no: the turn that gave the answer, or in which the flow ended.
        helped: True for "that helped".
    """

    turn_no: int
    helped: bool


@dataclass(frozen=True, kw_only=True)
class TurnResult:
    """What the dialogue made of one message; nothing has happened yet.

    Args:
        decision: what it was.
        why: the record that explains it.
        replies: what to say, in order.
        state: the dialogue's memory from now on.
        language: what the conversation speaks from now on, None for no change.
        language_chosen: the person chose the language by word.
        handoff: the desk takes over; its acknowledgement follows `replies`.
        feedback: on an earlier answer.
        in_flow: a flow is running after this turn, so the conversation stays on its release.
        close: the person is done; the conversation is closed after the replies.
        waiting: what is wanted of the desk while the conversation waits for a person; the desk's words follow
            `replies`.
    """

    decision: Decision
    why: Why
    replies: tuple[Reply, ...] = ()
    state: Mapping[str, object] = field(default_factory=dict)
    language: str | None = None
    language_chosen: bool = False
    handoff: HandoffRequest | None = None
    feedback: Feedback | None = None
    in_flow: bool = False
    close: bool = False
    waiting: WaitingRequest | None = None


@dataclass(frozen=True, kw_only=True)
class PastTurn:
    """What the bot decided about a message, looked at later.

    Args:
        language: of the conversation.
        kind: of the message; `text` is what it said, the label for a press.
        why: the why-record.
        helped: what the person said of the answer given in this turn; None when nothing.
    """

    conversation_id: int
    desk: str
    language: str
    kind: InboundKind
    text: str
    created_at: datetime
    decision: Decision
    why: Mapping[str, object]
    helped: bool | None


@dataclass(frozen=True, kw_only=True)
class AskedQuestion:
    """What somebody asked the bot, in their words.

    Args:
        language: of the conversation.
        solved_by: kind ("article" or "flow") and id of what they said helped; None when they said nothing.
    """

    text: str
    desk: str
    language: str
    solved_by: tuple[str, str] | None = None
