"""Solved: asks whether it works now; "yes" ends the flow, "no" goes on with `otherwise`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bot.dialogs.flow.model import NO, SOLVED, YES, Choice, StepEffect, Target, Texts
from bot.dialogs.flow.steps.base import StepKind, StepSource


@dataclass(frozen=True, kw_only=True)
class Solved(StepKind):
    """Waits for yes or no.

    Args:
        question: by language.
        otherwise: where "no" leads.
    """

    keyword: ClassVar[str] = "solved"
    waits: ClassVar[bool] = True
    keys: ClassVar[frozenset[str]] = frozenset({"otherwise"})

    question: Texts
    otherwise: Target

    @classmethod
    def read(cls, source: StepSource) -> Self:
        """Reads it; without `otherwise`, "no" goes on to the step below."""
        return cls(
            id=source.id,
            line=source.place.line,
            question=source.fields["solved"].texts(source.languages),
            otherwise=source.target("otherwise") or source.following(),
        )

    def targets(self) -> Sequence[Target]:
        """Where "no" leads; "yes" ends the flow."""
        return [self.otherwise]

    def enter(self, answers: Mapping[str, str]) -> StepEffect:
        """Asks, and waits."""
        return StepEffect(says=self.question)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Yes and no, in the product's own words."""
        done = Target(step=SOLVED, line=self.line)
        return Choice(value=YES, next=done), Choice(value=NO, next=self.otherwise)
