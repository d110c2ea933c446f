"""One turn: the message with everything a rule may look at, and the result that a rule returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

from bot.dialogs.flow.model import NO, YES, Flow, FlowStep, Texts
from bot.dialogs.reading.polarity import is_reversed
from bot.dialogs.reading.reading import MessageReading, read
from bot.dialogs.retrieval.policy import PolicyDecision, Thresholds, topic_of
from bot.dialogs.retrieval.query import MessageQuery
from bot.dialogs.state.state import DialogueState, FlowPosition, GivenAnswer, LastWords, Need, Pending
from bot.dialogs.state.topic import Topic
from bot.dialogs.turn.content import DialogueContent
from bot.domain.case import HandoffRequest
from bot.domain.conversation import Conversation, Owner
from bot.domain.desk import Desk
from bot.domain.messages import InboundKind, InboundMessage, Reply
from bot.domain.turn import Candidate, Decision, Feedback, TurnResult, Why
from bot.pipeline.ports import Understander
from kb_index.search import Hit
from nlu.interpreter.base import Understanding

_TEXT_KINDS = frozenset({InboundKind.TEXT, InboundKind.EDIT})
MAX_KEPT_CHARS = 500
"""Of a message, in the dialogue's state."""


class StateChanges(TypedDict, total=False):
    """The fields of `DialogueState` that a rule may set."""

    flow: FlowPosition | None
    pending: Pending | None
    given: tuple[GivenAnswer, ...]
    need: Need
    later: tuple[str, ...]


@dataclass(frozen=True)
class RunningFlow:
    """A flow that runs, the position in it, and the step that waits."""

    flow: Flow
    at: FlowPosition
    step: FlowStep


@dataclass(frozen=True, kw_only=True)
class TurnContext:
    """One message and all that is known when it is decided; immutable.

    Args:
        content: articles, flows and phrases, as this reader may see them.
        state: the dialogue's state; changed by `with_state`.
        before: the state before this turn, kept for an edit of its message.
        thresholds: of the policy.
        understander: finds intent, entities and language of a text.
        query: the message as a query to the knowledge base, encoded and searched when first asked.
        language: of this turn's replies.
        reading: the message, taken apart.
        understanding: None until the text has been interpreted, and for buttons and commands.
    """

    content: DialogueContent
    conversation: Conversation
    message: InboundMessage
    state: DialogueState
    before: DialogueState
    thresholds: Thresholds
    understander: Understander
    query: MessageQuery
    language: str
    reading: MessageReading
    understanding: Understanding | None = None

    @property
    def text(self) -> str:
        """The person's own words; "" for a button."""
        return self.reading.text

    @property
    def question(self) -> str:
        """The message without its courtesies, at most `MAX_KEPT_CHARS` of it."""
        return self.reading.question[:MAX_KEPT_CHARS]

    @property
    def turn_no(self) -> int:
        """Number of this turn; the buttons of its replies carry it."""
        return self.conversation.turn_no + 1

    @property
    def desk(self) -> Desk:
        """The desk of the conversation."""
        return self.content.desks[self.conversation.desk]

    @property
    def intent(self) -> str | None:
        """Intent of the message as a whole."""
        return self.understanding.intent if self.understanding else None

    @property
    def choice(self) -> str | None:
        """The number that the message names ("la deuxième"), "-1" for the last one; None for no number."""
        return self.understanding.choice if self.understanding else None

    @property
    def running(self) -> RunningFlow | None:
        """The flow that runs, None when none does."""
        at = self.state.flow
        if at is None:
            return None
        flow = self.content.flows[self.desk.id, at.flow]
        return RunningFlow(flow, at, flow.by_id[at.step])

    @property
    def flow(self) -> Flow | None:
        """The flow that runs, without the position in it."""
        return self.running.flow if self.running else None

    @property
    def step(self) -> FlowStep | None:
        """The step of the running flow that waits for an answer."""
        return self.running.step if self.running else None

    def search(self) -> tuple[Hit, ...]:
        """Hits of the knowledge base, best first; searched once a turn.

        Those that the message says the opposite of are left as choices, and are not given at once.
        """
        most = self.thresholds.clarify
        hits = [
            replace(hit, confidence=most) if hit.confidence > most and self._is_reversed(hit) else hit
            for hit in self._found()
        ]
        return tuple(sorted(hits, key=lambda hit: -hit.confidence))

    @property
    def says_opposite(self) -> bool:
        """Whether the likeliest hit is the opposite of what the message says."""
        found = self._found()
        return bool(found) and found[0].confidence >= self.thresholds.answer and self._is_reversed(found[0])

    def _found(self) -> Sequence[Hit]:
        """The hits that this release holds."""
        found = self.query.search(self.language)
        return [hit for hit in found if self.content.title(self.desk.id, topic_of(hit), self.language)]

    def _is_reversed(self, hit: Hit) -> bool:
        return is_reversed(self.reading.question, hit.matched, self.language)

    def about(self, part: str) -> "TurnContext":
        """The same turn as if the message were only a part of it, or an earlier one."""
        return replace(self, reading=read(part), query=self.query.about(part))

    def title(self, topic: Topic) -> str:
        """Title of an article or flow, in the language of the turn."""
        return self.content.title(self.desk.id, topic, self.language) or topic.id

    def has_intent(self, intent: str) -> bool:
        """Whether this is the intent of the message as a whole, or of a part of it."""
        understanding = self.understanding
        return understanding is not None and (understanding.intent == intent or intent in understanding.also)

    def say(self, key: str, **values: object) -> str:
        """A phrase in the language of the turn."""
        return self.content.phrases.say(self.language, key, **values)

    def in_all_languages(self, key: str) -> Texts:
        """A phrase in all languages of the desk."""
        return {each: self.content.phrases.say(each, key) for each in self.desk.languages}

    def built_in_labels(self) -> Mapping[str, Texts]:
        """Labels of the choices that have none in the flow's file (yes and no), by value."""
        return {YES: self.in_all_languages("button.affirm"), NO: self.in_all_languages("button.deny")}

    def with_state(self, **changes: Unpack[StateChanges]) -> "TurnContext":
        """The same turn with some fields of the dialogue's state changed."""
        return replace(self, state=replace(self.state, **changes))

    def need_with_question(self) -> Need:
        """What the person came for; this message states it when nothing did before."""
        return self.state.need.named(self.question)

    def why(self, rule: str, *, at: FlowPosition | None = None) -> Why:
        """The why-record of a rule that searched nothing."""
        understanding, at = self.understanding, at or self.state.flow
        return Why(
            rule=rule,
            intent=understanding.intent if understanding else None,
            intent_score=round(understanding.score, 4) if understanding else None,
            matched=understanding.matched if understanding else None,
            flow=at.flow if at else None,
            step=at.step if at else None,
            release_id=self.content.release_id,
        )

    def why_found(self, decided: PolicyDecision) -> Why:
        """The why-record of a decision of the policy."""
        hits = self.search()
        return replace(
            self.why(decided.rule),
            matched=decided.hits[0].matched if decided.hits else (hits[0].matched if hits else None),
            confidence=round(decided.confidence, 4),
            threshold=decided.threshold,
            candidates=tuple(_candidate(hit) for hit in hits),
        )

    def result(
        self,
        decision: Decision,
        why: Why,
        *replies: Reply,
        handoff: HandoffRequest | None = None,
        feedback: Feedback | None = None,
        close: bool = False,
    ) -> TurnResult:
        """The result of the turn; the state of this context is what is stored."""
        if self.message.attachments and replies:
            replies = (Reply(text=self.say("attachment.kept")), *replies)
        state = replace(self.state, last=self._last_words(), greeted=self.state.greeted or bool(replies))
        return TurnResult(
            decision=decision,
            why=why,
            replies=replies,
            state=state.to_json(),
            language=self.language if self.language != self.conversation.language else None,
            handoff=handoff,
            feedback=feedback,
            in_flow=state.flow is not None,
            close=close and self.conversation.owner is Owner.BOT,
        )

    def _last_words(self) -> LastWords | None:
        if self.message.kind not in _TEXT_KINDS or self.message.reference is None:
            return None
        text = self.message.text.strip()[:MAX_KEPT_CHARS]
        return LastWords(reference=self.message.reference, text=text, before=self.before)


def _candidate(hit: Hit) -> Candidate:
    confidence = round(hit.confidence, 4)
    return Candidate(kind=hit.kind, id=hit.id, title=hit.title, confidence=confidence, matched=hit.matched)
