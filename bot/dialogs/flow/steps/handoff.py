"""Handoff: the flow's last resort, a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bot.dialogs.flow.model import StepEffect, Target, Texts
from bot.dialogs.flow.steps.base import StepKind, StepSource, read_urgency
from bot.domain.case import Urgency


@dataclass(frozen=True, kw_only=True)
class Handoff(StepKind):
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
    def read(cls, source: StepSource) -> Self:
        """Reads it."""
        if "next" in source.fields:
            source.fields["next"].wrong("Nothing comes after a handoff.", "Remove next.")
        return cls(
            id=source.id,
            line=source.place.line,
            reason=source.fields["handoff"].texts(source.languages),
            urgency=read_urgency(source.fields.get("urgency")),
        )

    def targets(self) -> Sequence[Target]:
        """None: a person decides."""
        return []

    def enter(self, answers: Mapping[str, str]) -> StepEffect:
        """Stops here; the reason is for the agent and is not said."""
        return StepEffect(reason=self.reason, urgency=self.urgency)
