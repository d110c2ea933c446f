"""Handoff: the flow's last resort, a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bot.dialogs.flow.step import Base, Move, Step, Target, Texts, read_urgency
from bot.domain.case import Urgency


@dataclass(frozen=True, kw_only=True)
class Handoff(Step):
    """Ends the flow; a person takes over.

    Args:
        reason: what the agent reads, by language.
        urgency: of the case.
    """

    keyword: ClassVar[str] = "handoff"
    keys: ClassVar[frozenset[str]] = frozenset({"urgency"})

    reason: Texts
    urgency: Urgency

    @classmethod
    def read(cls, base: Base) -> Self:
        """Reads it."""
        if "next" in base.fields:
            base.fields["next"].wrong("Nothing comes after a handoff.", "Remove next.")
        return cls(
            id=base.id,
            line=base.place.line,
            reason=base.fields["handoff"].texts(base.languages),
            urgency=read_urgency(base.fields.get("urgency")),
        )

    def targets(self) -> Sequence[Target]:
        """None: a person decides."""
        return []

    def enter(self, answers: Mapping[str, str]) -> Move:
        """Stops here; the reason is for the agent and is not said."""
        return Move(reason=self.reason, urgency=self.urgency)
