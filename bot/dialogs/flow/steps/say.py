"""Say: a text that awaits no answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bot.dialogs.flow.step import Base, Move, Step, Target, Texts


@dataclass(frozen=True, kw_only=True)
class Say(Step):
    """Says its text and goes on.

    Args:
        words: by language.
        follows: where it goes on.
    """

    keyword: ClassVar[str] = "say"

    words: Texts
    follows: Target

    @classmethod
    def read(cls, base: Base) -> Self:
        """Reads it."""
        words = base.fields["say"].texts(base.languages)
        return cls(id=base.id, line=base.place.line, words=words, follows=base.going_on())

    def targets(self) -> Sequence[Target]:
        """The step that follows."""
        return [self.follows]

    def enter(self, answers: Mapping[str, str]) -> Move:
        """Says it."""
        return Move(says=self.words, to=self.follows.step)
