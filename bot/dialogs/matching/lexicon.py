"""Words recognised without a model, as data: one file a language in `lexicons/`, all languages together."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Annotated

import yaml
from pydantic import BeforeValidator, TypeAdapter


def _split(value: object) -> object:
    return value.split() if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""A list of phrases, or one text of single words."""


@dataclass(frozen=True, kw_only=True)
class LanguageWords:
    """Lists of words and phrases; `lexicons/fr.yml` says what each is for.

    All are folded down to `openings`; the others hold phrases as they are written.
    """

    affirmative: Words
    negative: Words
    negations: Words
    stop_words: Words
    conjunctions: Words
    idioms: Words
    questions: Words
    mistakes: Words
    second_thoughts: Words
    openings: Words
    follow_ups: Words
    pronouns: Words
    greetings: Words
    addressees: Words
    asides: Words
    closings: Words
    letter_closings: Words
    praise: Words
    thanks_for: Words
    contrasts: Words
    additions: Words
    take_backs: Words


@cache
def lexicon() -> LanguageWords:
    """The words of all languages together, as a message may mix them; read once."""
    adapter = TypeAdapter(LanguageWords)
    languages = [
        adapter.validate_python(yaml.safe_load(file.read_text(encoding="utf-8")))
        for file in (files(__package__) / "lexicons").iterdir()
        if file.name.endswith(".yml")
    ]
    lists = {
        field.name: tuple(chain.from_iterable(getattr(each, field.name) for each in languages))
        for field in fields(LanguageWords)
    }
    return LanguageWords(**lists)


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages that there are words of, sorted."""
    names = (file.name for file in (files(__package__) / "lexicons").iterdir())
    return tuple(sorted(name.removesuffix(".yml") for name in names if name.endswith(".yml")))


def any_of(phrases: Iterable[str]) -> str:
    """A regular expression, without groups, for any of some phrases; a final * stands for more letters."""
    longest_first = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    return f"(?:{'|'.join(map(_pattern, longest_first))})"


def _pattern(phrase: str) -> str:
    return re.escape(phrase[:-1]) + r"\w*" if phrase.endswith("*") else re.escape(phrase)
