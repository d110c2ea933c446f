"""A flow, a scripted procedure, as it runs: its steps, their choices, and where they lead."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from bot.domain.case import Urgency

END = "end"
"""Target that ends a flow."""
SOLVED = "(solved)"
"""Target that ends a flow with the problem solved; only a `solved` step leads there."""
YES, NO = "yes", "no"
"""Values of the built-in answers, whose labels are the product's own phrases."""
DONT_KNOW = "(dont_know)"
"""Value of the answer "I do not know"."""

MAX_LABEL_CHARS = 60
"""Of a button, see `bot.domain.messages.Button`."""

Texts = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Target:
    """The id of a step that follows, and the line of the file that names it, 1-based."""

    step: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One answer that a step offers.

    Args:
        value: short name, for `branch` and for the brief.
        label: by language; empty for the built-in yes and no.
        also: more ways of saying it, by language.
        next: where it leads.
    """

    value: str
    next: Target
    label: Texts = field(default_factory=dict)
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StepEffect:
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
class FlowStep(ABC):
    """One step; its kinds are in `bot.dialogs.flow.steps`.

    Args:
        id: unique in its flow.
        line: of the file, 1-based.
    """

    waits: ClassVar[bool] = False
    """Whether it waits for the person's answer."""

    id: str
    line: int

    @abstractmethod
    def targets(self) -> Sequence[Target]:
        """Where it may lead."""

    @abstractmethod
    def enter(self, answers: Mapping[str, str]) -> StepEffect:
        """What happens when it is reached, given the answers so far by step id."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The answers it offers; empty for a step that does not ask, or takes any text."""
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
        """The entity it asks for; a value named before answers it, so that it is not asked."""
        return None

    def mentions(self) -> Sequence[tuple[str, str, int]]:
        """Answers of other steps that it looks at: (step id, value, line)."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One procedure, in all languages.

    Args:
        id: the file's name.
        title: by language.
        category: of the case when it is handed over, None when the author gives none.
        triggers: ways of asking for it, by language.
        steps: in the order of the file; it begins with the first.
    """

    id: str
    title: Texts
    category: str | None
    triggers: Mapping[str, tuple[str, ...]]
    steps: tuple[FlowStep, ...]

    @cached_property
    def by_id(self) -> Mapping[str, FlowStep]:
        """The steps by their ids."""
        return {step.id: step for step in self.steps}
