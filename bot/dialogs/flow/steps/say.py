"""Say: a text that awaits no answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bot.dialogs.flow.model import StepEffect, Target, Texts
from bot.dialogs.flow.steps.base import StepKind, StepSource


@dataclass(frozen=True, kw_only=True)
class Say(StepKind):
    """Says its text and goes on.

    Args:
        words: by language.
        follows: where it goes on.
    """

    keyword: ClassVar[str] = "say"

    words: Texts
    follows: Target

    @classmethod
    def read(cls, source: StepSource) -> Self:
        """Reads it."""
        words = source.fields["say"].texts(source.languages)
        return cls(id=source.id, line=source.place.line, words=words, follows=source.following())

    def targets(self) -> Sequence[Target]:
        """The step that follows."""
        return [self.follows]

    def enter(self, answers: Mapping[str, str]) -> StepEffect:
        """Says it."""
        return StepEffect(says=self.words, to=self.follows.step)
