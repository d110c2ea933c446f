"""Ask: a question with choices, or with free text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bot.dialogs.flow.model import END, Choice, StepEffect, Target, Texts
from bot.dialogs.flow.steps.base import StepKind, StepSource, read_label
from bot.dialogs.flow.yaml_reader import YamlNodeReader

MAX_CHOICES = 8
"""A reply carries ten buttons at most; two stay free for "je ne sais pas" and a person."""


@dataclass(frozen=True, kw_only=True)
class Ask(StepKind):
    """Waits for one of its choices, or for any text when it has none.

    Args:
        question: by language.
        offers: its choices.
        follows: where any text leads when there are no choices.
        unknown: where "je ne sais pas" leads.
        hint: said to somebody who does not know.
        wanted: the entity that it asks for.
    """

    keyword: ClassVar[str] = "ask"
    waits: ClassVar[bool] = True
    keys: ClassVar[frozenset[str]] = frozenset({"choices", "dont_know", "help", "entity"})

    question: Texts
    offers: tuple[Choice, ...]
    follows: Target | None
    unknown: Target | None
    hint: Texts | None
    wanted: str | None

    @classmethod
    def read(cls, source: StepSource) -> Self:
        """Reads it; a choice without `next` goes on like the step itself."""
        hint, choices = source.fields.get("help"), source.fields.get("choices")
        return cls(
            id=source.id,
            line=source.place.line,
            question=source.fields["ask"].texts(source.languages),
            offers=_read_choices(choices, source) if choices else (),
            follows=None if choices else source.following(),
            unknown=source.target("dont_know"),
            hint=hint.texts(source.languages) if hint else None,
            wanted=source.entity(),
        )

    def targets(self) -> Sequence[Target]:
        """Of its choices, of any text, of "je ne sais pas"."""
        return [*(each.next for each in self.offers), *filter(None, (self.follows, self.unknown))]

    def enter(self, answers: Mapping[str, str]) -> StepEffect:
        """Asks, and waits."""
        return StepEffect(says=self.question)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """As the author listed them."""
        return self.offers

    @property
    def help(self) -> Texts | None:
        """The author's hint."""
        return self.hint

    @property
    def dont_know(self) -> Target | None:
        """As the author says; None puts the question again, then a person takes over."""
        return self.unknown

    @property
    def any_text(self) -> Target | None:
        """Where any text leads, without choices."""
        return self.follows

    @property
    def entity(self) -> str | None:
        """As the author says."""
        return self.wanted


def _read_choices(entry: YamlNodeReader, source: StepSource) -> tuple[Choice, ...]:
    choices: list[Choice] = []
    items = entry.items()
    if len(items) > MAX_CHOICES:
        entry.wrong(f"There are {len(items)} choices, more than {MAX_CHOICES}.", "Ask in two steps.")
    for item in items:
        choice = _read_choice(item, source)
        _compare(choice, choices, item)
        choices.append(choice)
    return tuple(choices)


def _read_choice(item: YamlNodeReader, source: StepSource) -> Choice:
    fields = item.fields({"value", "label", "also", "next"})
    for key in ("value", "label"):
        if key not in fields:
            item.wrong(f'This choice has no "{key}".', f"Add {key}: …")
    to = fields.get("next")
    return Choice(
        value=fields["value"].text() if "value" in fields else "",
        label=read_label(fields["label"], source.languages) if "label" in fields else {},
        also=fields["also"].text_lists(source.languages, all_of_them=False) if "also" in fields else {},
        next=Target(step=to.text(), line=to.line) if to else _follows(item, source),
    )


def _follows(item: YamlNodeReader, source: StepSource) -> Target:
    if source.follows is None:
        item.wrong("Nothing follows this choice.", "Add next: end, or another step.")
        return Target(step=END, line=item.line)
    return source.follows


def _compare(choice: Choice, others: Sequence[Choice], item: YamlNodeReader) -> None:
    if choice.value and choice.value in {other.value for other in others}:
        item.wrong(f'The value "{choice.value}" stands here twice.', "Give each choice its own.")
    for language, label in choice.label.items():
        if label.casefold() in {other.label.get(language, "").casefold() for other in others}:
            item.wrong(f'The label "{label}" stands here twice.', "Give each choice its own.")
