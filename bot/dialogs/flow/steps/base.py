"""What every kind of step shares while a flow is read from its file."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bot.dialogs.flow.model import END, MAX_LABEL_CHARS, FlowStep, Target, Texts
from bot.dialogs.flow.yaml_reader import YamlNodeReader, nearest
from bot.domain.case import Urgency


@dataclass(frozen=True, kw_only=True)
class StepSource:
    """A step in the file, as its kind reads it.

    Args:
        id: of the step.
        fields: the step's keys and values.
        follows: where the step goes on, its own `next` or the step below.
        languages: in which each text must exist.
        entities: that the intents define; None when they could not be read.
        place: the whole step, for its line.
    """

    id: str
    fields: Mapping[str, YamlNodeReader]
    follows: Target | None
    languages: Sequence[str]
    entities: Collection[str] | None
    place: YamlNodeReader

    def following(self) -> Target:
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
class StepKind(FlowStep):
    """A kind of step: how it is written in the file, beside what it does."""

    keyword: ClassVar[str]
    """The key that names the kind."""
    keys: ClassVar[frozenset[str]] = frozenset()
    """Its other keys, beside `id` and `next`."""

    @classmethod
    @abstractmethod
    def read(cls, source: StepSource) -> Self:
        """Reads one step; mistakes are noted in the file's problems."""


def read_label(entry: YamlNodeReader, languages: Sequence[str]) -> Texts:
    """The text of a button."""
    label = entry.texts(languages)
    for text in label.values():
        if len(text) > MAX_LABEL_CHARS:
            entry.wrong(f"This label has {len(text)} characters, more than {MAX_LABEL_CHARS}.", "Shorten it.")
    return label


def read_urgency(entry: YamlNodeReader | None) -> Urgency:
    """`normal` when it is not given."""
    if entry is None:
        return Urgency.NORMAL
    word = entry.text()
    try:
        return Urgency(word)
    except ValueError:
        entry.wrong(f'Unknown urgency "{word}".', nearest(word, [each.value for each in Urgency]))
        return Urgency.NORMAL
