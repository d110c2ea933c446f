"""Solved: asks whether it works now; "yes" ends the flow, "no" goes on with `otherwise`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bot.dialogs.flow.step import NO, SOLVED, YES, Base, Choice, Move, Step, Target, Texts


@dataclass(frozen=True, kw_only=True)
class Solved(Step):
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
    def read(cls, base: Base) -> Self:
        """Reads it; without `otherwise`, "no" goes on to the step below."""
        return cls(
            id=base.id,
            line=base.place.line,
            question=base.fields["solved"].texts(base.languages),
            otherwise=base.target("otherwise") or base.going_on(),
        )

    def targets(self) -> Sequence[Target]:
        """Where "no" leads; "yes" ends the flow."""
        return [self.otherwise]

    def enter(self, answers: Mapping[str, str]) -> Move:
        """Asks, and waits."""
        return Move(says=self.question)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Yes and no, in the product's own words."""
        done = Target(step=SOLVED, line=self.line)
        return Choice(value=YES, next=done), Choice(value=NO, next=self.otherwise)
