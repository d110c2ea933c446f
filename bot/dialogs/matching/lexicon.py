"""Words recognised without a model, as data: one file a language in `lexicons/`, all languages together."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter

from bot.text.language_files import read_language_files


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
    lists = {
        field.name: tuple(chain.from_iterable(getattr(each, field.name) for each in _by_language().values()))
        for field in fields(LanguageWords)
    }
    return LanguageWords(**lists)


def languages() -> tuple[str, ...]:
    """Codes of the languages that there are words of, sorted."""
    return tuple(_by_language())


@cache
def _by_language() -> Mapping[str, LanguageWords]:
    adapter = TypeAdapter(Mapping[str, LanguageWords])
    return adapter.validate_python(read_language_files(Path(__file__).parent / "lexicons"))


def any_of(phrases: Iterable[str]) -> str:
    """A regular expression, without groups, for any of some phrases; a final * stands for more letters."""
    longest_first = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    return f"(?:{'|'.join(map(_pattern, longest_first))})"


def _pattern(phrase: str) -> str:
    return re.escape(phrase[:-1]) + r"\w*" if phrase.endswith("*") else re.escape(phrase)
