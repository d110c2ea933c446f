"""All that a rule may look at in one turn, and how it words its result."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.dialogs.flow.model import Flow
from bot.dialogs.flow.step import NO, YES, Step, Texts
from bot.dialogs.matching.courtesies import gist
from bot.dialogs.retrieval.lookup import Lookup
from bot.dialogs.retrieval.policy import Thresholds, Verdict, topic_of
from bot.dialogs.state.state import DialogueState, FlowPosition, LastWords, Need
from bot.dialogs.turn.content import DialogueContent, Topic
from bot.domain.case import HandoffRequest
from bot.domain.conversation import Conversation, Owner
from bot.domain.desk import Desk
from bot.domain.messages import InboundKind, InboundMessage, Reply
from bot.domain.turn import Candidate, Decision, Feedback, TurnResult, Why
from kb_index.search import Hit
from nlu.interpreter.base import Understanding

_WORDS = frozenset({InboundKind.TEXT, InboundKind.EDIT})
MAX_KEPT_CHARS = 500
"""Of a message, in the dialogue's memory."""


@dataclass(frozen=True)
class Running:
    """A procedure that runs, and the step that waits in it."""

    flow: Flow
    at: FlowPosition
    step: Step


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One message and everything around it.

    Args:
        language: of this turn: what is said in it is said in this language.
        words: of the message, stripped; "" for a press.
        before: the memory before this turn, for an edit of its message.
        understanding: None until the words have been looked at, and for presses and commands.
    """

    content: DialogueContent
    conversation: Conversation
    message: InboundMessage
    state: DialogueState
    before: DialogueState
    limits: Thresholds
    lookup: Lookup
    language: str
    words: str
    understanding: Understanding | None = None

    @property
    def gist(self) -> str:
        """The message without its courtesies, short enough to be remembered."""
        return gist(self.words[:MAX_KEPT_CHARS])

    @property
    def turn_no(self) -> int:
        """Of this turn; buttons put now carry it."""
        return self.conversation.turn_no + 1

    @property
    def desk(self) -> Desk:
        """That the conversation is with."""
        return self.content.desks[self.conversation.desk]

    @property
    def intent(self) -> str | None:
        """What the message as a whole is for."""
        return self.understanding.intent if self.understanding else None

    @property
    def running(self) -> Running | None:
        """The procedure that runs, if one does."""
        at = self.state.flow
        if at is None:
            return None
        flow = self.content.flows[self.desk.id, at.flow]
        return Running(flow, at, flow.by_id[at.step])

    @property
    def flow(self) -> Flow | None:
        """The same, without the step."""
        return self.running.flow if self.running else None

    @property
    def step(self) -> Step | None:
        """The step that waits for an answer, within a flow."""
        return self.running.step if self.running else None

    @property
    def hits(self) -> tuple[Hit, ...]:
        """What the knowledge base proposes and this release holds, the likeliest first."""
        found = self.lookup.hits(self.language)
        return tuple(hit for hit in found if self.content.title(self.desk.id, topic_of(hit), self.language))

    def title(self, topic: Topic) -> str:
        """Of an article or flow, in the language of the turn."""
        return self.content.title(self.desk.id, topic, self.language) or topic.id

    def hears(self, intent: str) -> bool:
        """Whether the message is for this, or says it beside something else."""
        heard = self.understanding
        return heard is not None and (heard.intent == intent or intent in heard.also)

    def say(self, key: str, **values: object) -> str:
        """A phrase in the language of the turn."""
        return self.content.phrases.say(self.language, key, **values)

    def everywhere(self, key: str) -> Texts:
        """A phrase in all languages of the desk."""
        return {each: self.content.phrases.say(each, key) for each in self.desk.languages}

    def own_labels(self) -> Mapping[str, Texts]:
        """The labels of choices that the product words itself, by value."""
        return {YES: self.everywhere("button.affirm"), NO: self.everywhere("button.deny")}

    def remember(self, **changes: object) -> "Scene":
        """The same scene with some of its memory changed."""
        return replace(self, state=replace(self.state, **changes))  # type: ignore[arg-type]

    def why(self, rule: str, *, at: FlowPosition | None = None) -> Why:
        """The record of a rule that looked at no candidates."""
        heard, at = self.understanding, at or self.state.flow
        return Why(
            rule=rule,
            intent=heard.intent if heard else None,
            intent_score=round(heard.score, 4) if heard else None,
            matched=heard.matched if heard else None,
            flow=at.flow if at else None,
            step=at.step if at else None,
            release_id=self.content.release_id,
        )

    def why_found(self, verdict: Verdict) -> Why:
        """The record of a verdict on candidates."""
        hits = self.hits
        return replace(
            self.why(verdict.rule),
            matched=verdict.hits[0].matched if verdict.hits else (hits[0].matched if hits else None),
            confidence=round(verdict.confidence, 4),
            threshold=verdict.threshold,
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
        """What came of the turn; the scene's own memory is what is remembered."""
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
        if self.message.kind not in _WORDS or self.message.reference is None:
            return None
        words = self.words[:MAX_KEPT_CHARS]
        return LastWords(reference=self.message.reference, text=words, before=self.before)

    def asking(self) -> Need:
        """What the person came for; these words when nothing else is known of it."""
        return self.state.need.named(self.gist)


def _candidate(hit: Hit) -> Candidate:
    confidence = round(hit.confidence, 4)
    return Candidate(kind=hit.kind, id=hit.id, title=hit.title, confidence=confidence, matched=hit.matched)
