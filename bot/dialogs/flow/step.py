"""A step of a flow: what every kind has in common. Each kind is one file in `bot.dialogs.flow.steps`."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from bot.domain.case import Urgency
from bot.text.nodes import Reader, nearest

END = "end"
"""Target that ends a flow."""
SOLVED = "(solved)"
"""Target that ends a flow with the problem solved; only a `solved` step leads there."""
YES, NO = "yes", "no"
"""Values of the answers that the product words itself."""
DONT_KNOW = "(dont_know)"
"""The value kept for a question that was left open."""

MAX_LABEL_CHARS = 60
"""Of a button, see `bot.domain.messages.Button`."""

Texts = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a step may lead, and the line that says so."""

    step: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One answer that a step offers.

    Args:
        value: short name, for `branch` and for the brief.
        label: by language; empty for the yes and no that the product words itself.
        also: more ways of saying it, by language.
        next: where it leads.
    """

    value: str
    next: Target
    label: Texts = field(default_factory=dict)
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Move:
    """What happens when a step is reached.

    Args:
        says: to the person, by language.
        to: the step that follows at once; None when the flow stops here, for an answer or a person.
        reason: a person takes over; what the agent reads, by language.
        urgency: of the case that then begins.
    """

    says: Texts | None = None
    to: str | None = None
    reason: Texts | None = None
    urgency: Urgency = Urgency.NORMAL


@dataclass(frozen=True, kw_only=True)
class Base:
    """What a kind needs to read its part of a step.

    Args:
        id: of the step.
        fields: the step's keys and values.
        follows: where the step goes on, its own `next` or the step below.
        languages: in which each text must exist.
        entities: that the intents define; None when they could not be read.
        place: the whole step, for its line.
    """

    id: str
    fields: Mapping[str, Reader]
    follows: Target | None
    languages: Sequence[str]
    entities: Collection[str] | None
    place: Reader

    def going_on(self) -> Target:
        """Where the step goes on; the last one in the file must say so."""
        if self.follows is None:
            self.place.wrong(f'Nothing follows the step "{self.id}".', "Add next: end, or another step.")
            return Target(step=END, line=self.place.line)
        return self.follows

    def target(self, key: str) -> Target | None:
        """The step named by a key, None when the key is missing."""
        entry = self.fields.get(key)
        return Target(step=entry.text(), line=entry.line) if entry else None

    def entity(self) -> str | None:
        """What the step asks for, None when it names no entity."""
        entry = self.fields.get("entity")
        if entry is None:
            return None
        name = entry.text()
        if name and self.entities is not None and name not in self.entities:
            entry.wrong(f'The intents define no entity "{name}".', nearest(name, self.entities))
        return name


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One step.

    Args:
        id: unique in its flow.
        line: of the file, 1-based.
    """

    keyword: ClassVar[str]
    """The key by which the kind is recognised."""
    keys: ClassVar[frozenset[str]] = frozenset()
    """Its other keys, beside `id` and `next`."""
    waits: ClassVar[bool] = False
    """Whether it waits for the person's answer."""

    id: str
    line: int

    @classmethod
    @abstractmethod
    def read(cls, base: Base) -> Self:
        """Reads it; mistakes are noted."""

    @abstractmethod
    def targets(self) -> Sequence[Target]:
        """Where it may lead."""

    @abstractmethod
    def enter(self, answers: Mapping[str, str]) -> Move:
        """What happens when it is reached, given the answers so far by step id."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The answers it offers; none for a step that does not ask, or takes any text."""
        return ()

    @property
    def help(self) -> Texts | None:
        """Said when the person does not know."""
        return None

    @property
    def dont_know(self) -> Target | None:
        """Where "je ne sais pas" leads."""
        return None

    @property
    def any_text(self) -> Target | None:
        """Where any text leads, for a question without choices."""
        return None

    @property
    def entity(self) -> str | None:
        """What it asks for: what was said of it before is its answer."""
        return None

    def mentions(self) -> Sequence[tuple[str, str, int]]:
        """Answers of other steps that it looks at: (step id, value, line)."""
        return ()


def read_label(entry: Reader, languages: Sequence[str]) -> Texts:
    """The text of a button."""
    label = entry.texts(languages)
    for text in label.values():
        if len(text) > MAX_LABEL_CHARS:
            entry.wrong(f"This label has {len(text)} characters, more than {MAX_LABEL_CHARS}.", "Shorten it.")
    return label


def read_urgency(entry: Reader | None) -> Urgency:
    """`normal` when it is not given."""
    if entry is None:
        return Urgency.NORMAL
    word = entry.text()
    try:
        return Urgency(word)
    except ValueError:
        entry.wrong(f'Unknown urgency "{word}".', nearest(word, [each.value for each in Urgency]))
        return Urgency.NORMAL
