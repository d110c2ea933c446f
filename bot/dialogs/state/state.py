"""What the dialogue remembers of a conversation from one turn to the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from bot.dialogs.state.topic import Topic

VERSION = 1
MAX_ANSWERS = 5
MAX_TRIED = 12
MAX_LATER = 3
MAX_ANSWER_CHARS = 500
"""Of a free text that is kept as an answer."""


@dataclass(frozen=True, kw_only=True)
class StepVisit:
    """A step that was passed.

    Args:
        value: the answer given there; None for a step that asked nothing.
    """

    step: str
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class FlowPosition:
    """Where somebody stands in a flow.

    Args:
        flow: its id.
        step: that waits for an answer.
        path: the steps passed, oldest first; going back shortens it.
        turn_no: in which the step was first put; its buttons carry it.
        misses: how often the answer was not understood, or not known, at this step.
    """

    flow: str
    step: str
    path: tuple[StepVisit, ...] = ()
    turn_no: int = 0
    misses: int = 0

    def answers(self) -> Mapping[str, str]:
        """The latest answer of each step."""
        return {visit.step: visit.value for visit in self.path if visit.value is not None}


class PendingKind(StrEnum):
    """What the bot has asked outside a flow."""

    CHOICES = "choices"
    """Which of these do you mean?"""
    REPHRASE = "rephrase"
    """Could you say it otherwise?"""
    SWITCH = "switch"
    """Leave this procedure for another one?"""
    PERSON = "person"
    """Would you like a person?"""
    WITHDRAW = "withdraw"
    """Is a person no longer needed?"""
    NEXT = "next"
    """Shall we see to the other thing that you asked?"""
    MENU = "menu"
    """Examples of what can be asked."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A question of the bot's that waits for an answer.

    Args:
        question: of the person, that led to it.
        topics: what is offered, in the order of the buttons.
        turn_no: in which it was put; its buttons carry it.
        confidence: of the best candidate then, 0 to 1.
        rounds: clarifications so far for this question.
        complaint: it follows an answer that did not help.
    """

    kind: PendingKind
    question: str = ""
    topics: tuple[Topic, ...] = ()
    turn_no: int = 0
    confidence: float = 0.0
    rounds: int = 0
    complaint: bool = False

    @property
    def is_clarification(self) -> bool:
        """Whether it asks back about the person's question; any other may be left unanswered."""
        return self.kind in (PendingKind.CHOICES, PendingKind.REPHRASE)


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """An answer that was given.

    Args:
        topic: the article.
        language: it was given in.
        question: it answered.
        matched: the title or way of asking that was nearest.
        rule: by which it was chosen.
        others: the next candidates, best first.
        turn_no: in which it was given; its buttons carry it.
    """

    topic: Topic
    language: str
    question: str
    matched: str
    rule: str
    others: tuple[Topic, ...] = ()
    turn_no: int = 0


@dataclass(frozen=True, kw_only=True)
class TriedLine:
    """One line of the brief.

    Args:
        text: in the conversation's language.
        turn_no: of the answer it speaks of; 0 for a step.
        helped: None while nobody has said.
    """

    text: str
    turn_no: int = 0
    helped: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Need:
    """What the person came for, until it is solved.

    Args:
        question: their own first real words for it.
        tried: what was proposed or checked, oldest first.
        urgent: they said so.
        grumbles: how often they sounded fed up.
        complaints: how often an answer did not help.
    """

    question: str = ""
    tried: tuple[TriedLine, ...] = ()
    urgent: bool = False
    grumbles: int = 0
    complaints: int = 0

    def named(self, question: str) -> "Need":
        """With the person's words for it, unless there are some already."""
        return self if self.question else replace(self, question=question)

    def and_tried(self, *lines: TriedLine) -> "Need":
        """With more lines; the oldest go when there are too many."""
        return replace(self, tried=(*self.tried, *lines)[-MAX_TRIED:])

    def judged(self, turn_no: int, *, helped: bool) -> "Need":
        """With word on whether an answer helped."""
        tried = [replace(line, helped=helped) if line.turn_no == turn_no else line for line in self.tried]
        return replace(self, tried=tuple(tried))


@dataclass(frozen=True, kw_only=True)
class LastWords:
    """The last message in words, so that its edit can take its place.

    Args:
        reference: the platform's id of it.
        before: the memory before it, without its own `last`.
    """

    reference: str
    text: str
    before: "DialogueState | None" = None


@dataclass(frozen=True, kw_only=True)
class DialogueState:
    """All of it.

    Args:
        named: the value that was named or answered last, by entity; none where a message named several.
        later: needs that a message stated beside another one, not yet seen to, in their words.
    """

    flow: FlowPosition | None = None
    pending: Pending | None = None
    given: tuple[GivenAnswer, ...] = ()
    need: Need = field(default_factory=Need)
    last: LastWords | None = None
    greeted: bool = False
    named: Mapping[str, str] = field(default_factory=dict)
    later: tuple[str, ...] = ()

    def to_json(self) -> Mapping[str, object]:
        """As it is stored with the conversation."""
        return {"version": VERSION, **_ADAPTER.dump_python(self, mode="json", exclude_defaults=True)}

    @staticmethod
    def from_json(stored: Mapping[str, object]) -> "DialogueState":
        """What was stored; a fresh one when it is of another version or damaged."""
        if stored.get("version") != VERSION:
            return DialogueState()
        try:
            return _ADAPTER.validate_python({key: stored[key] for key in stored if key != "version"})
        except ValidationError:
            return DialogueState()

    def answer(self, turn_no: int) -> GivenAnswer | None:
        """The answer given in that turn, if it is remembered."""
        return next((given for given in self.given if given.turn_no == turn_no), None)

    @property
    def is_open(self) -> bool:
        """Whether the bot has asked something that is not answered yet."""
        return self.flow is not None or self.pending is not None

    @property
    def latest(self) -> GivenAnswer | None:
        """The last answer given for the present need."""
        return self.given[-1] if self.given else None

    def naming(self, entities: Mapping[str, Sequence[str]]) -> "DialogueState":
        """With what a message names; of two values of an entity neither is taken for the one that counts."""
        if not entities:
            return self
        before = {name: value for name, value in self.named.items() if name not in entities}
        now = {name: values[0][:MAX_ANSWER_CHARS] for name, values in entities.items() if len(values) == 1}
        return replace(self, named=before | now)

    def later_with(self, *questions: str) -> tuple[str, ...]:
        """`later` with more needs; the newest go when there are too many."""
        kept = [question[:MAX_ANSWER_CHARS] for question in questions if question not in self.later]
        return (*self.later, *kept)[:MAX_LATER]

    def settled(self) -> "DialogueState":
        """Nothing is open any more; answers given are remembered for late feedback."""
        return replace(self, flow=None, pending=None, need=Need())


_ADAPTER = TypeAdapter(DialogueState)
