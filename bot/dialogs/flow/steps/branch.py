"""Branch: goes one way or another by earlier answers; says nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bot.dialogs.flow.model import END, StepEffect, Target
from bot.dialogs.flow.steps.base import StepKind, StepSource
from bot.dialogs.flow.yaml_reader import YamlNodeReader


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way out.

    Args:
        when: the answers that it wants, by step id; empty for the last way.
        line: of the file, 1-based.
    """

    when: Mapping[str, str]
    next: Target
    line: int


@dataclass(frozen=True, kw_only=True)
class Branch(StepKind):
    """Takes the first way that fits; the last one always does."""

    keyword: ClassVar[str] = "branch"

    ways: tuple[Way, ...]

    @classmethod
    def read(cls, source: StepSource) -> Self:
        """Reads it."""
        if "next" in source.fields:
            source.fields["next"].wrong("A branch has no `next` of its own.", "Put it into its last way.")
        items = source.fields["branch"].items()
        ways = tuple(_read_way(item, last=item is items[-1]) for item in items)
        return cls(id=source.id, line=source.place.line, ways=ways)

    def targets(self) -> Sequence[Target]:
        """Of all its ways."""
        return [way.next for way in self.ways]

    def enter(self, answers: Mapping[str, str]) -> StepEffect:
        """Goes on at once."""
        fits = (way for way in self.ways if all(answers.get(key) == value for key, value in way.when.items()))
        return StepEffect(to=next(fits).next.step)

    def mentions(self) -> Sequence[tuple[str, str, int]]:
        """The answers that its ways look at."""
        return [(step, value, way.line) for way in self.ways for step, value in way.when.items()]


def _read_way(item: YamlNodeReader, *, last: bool) -> Way:
    fields = item.fields({"when", "next"})
    if "next" not in fields:
        item.wrong("This way leads nowhere.", "Add next: and a step.")
    if last and "when" in fields:
        item.wrong("The last way has a `when`: nothing is left for the other cases.", "Add a way without.")
    if not last and "when" not in fields:
        item.wrong("Only the last way goes without `when`: those below it are never reached.")
    when = {step: value.text() for step, value in fields["when"].fields().items()} if "when" in fields else {}
    target = fields.get("next")
    to = Target(step=target.text(), line=target.line) if target else Target(step=END, line=item.line)
    return Way(when=when, next=to, line=item.line)
