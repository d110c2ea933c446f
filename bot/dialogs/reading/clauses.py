"""Clauses: a message cut at sentence ends, contrasts ("mais"), additions ("et") and second thoughts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from bot.dialogs.matching.lexicon import any_of, lexicon
from bot.dialogs.matching.matching import Offer, full_match


class ClauseLink(StrEnum):
    """What joins a clause to the one before it."""

    START = "start"
    PAUSE = "pause"
    """A comma, a sentence end, a line break."""
    ADDITION = "addition"
    """A word that adds something: "et", "and also"."""
    CONTRAST = "contrast"
    """A word that turns what was said: "mais", "but"."""
    TAKE_BACK = "take_back"
    """Words that take back what was said: "enfin non", "or rather"."""


@dataclass(frozen=True)
class Clause:
    """A part of a message.

    Args:
        text: without the word that links it to the part before.
        start: of the text in the line.
    """

    link: ClauseLink
    text: str
    start: int

    @property
    def end(self) -> int:
        """End of the text in the line."""
        return self.start + len(self.text)


def clauses(line: str) -> tuple[Clause, ...]:
    """Cuts a text into its clauses; parts without a letter, digit or symbol are left out.

    Args:
        line: with straight apostrophes and single spaces; sentences may stand on lines of their own.
    """
    found: list[Clause] = []
    link, start = ClauseLink.START, 0
    for cut in _cuts().finditer(line):
        if cut.lastgroup == ClauseLink.TAKE_BACK and not _says_something(line[: cut.start()]):
            continue  # There is nothing to take back.
        _append(found, link, line, start, cut.start())
        link, start = ClauseLink(cut.lastgroup or ClauseLink.PAUSE), cut.end()
        if link is ClauseLink.TAKE_BACK and not _says_something(line[start:]):
            start = line.rindex(" ", 0, cut.end(link)) + 1  # "Oui enfin non" ends with what it means.
    _append(found, link, line, start, len(line))
    return tuple(found)


def answers_by_clause(text: str, offers: Sequence[Offer]) -> frozenset[int]:
    """The answers that a clause names by itself ("pas encore, dans un quart d'heure"), by index."""
    found = (full_match(clause.text, offers) for clause in clauses(text))
    return frozenset(number for number in found if number is not None)


def _append(found: list[Clause], link: ClauseLink, line: str, start: int, end: int) -> None:
    text = line[start:end]
    if _says_something(text):
        found.append(Clause(link if found else ClauseLink.START, text.strip(), start + _indent(text)))


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _says_something(text: str) -> bool:
    return any(char not in " \n,.;:!?…()-–—'\"" for char in text)


@cache
def _cuts() -> re.Pattern[str]:
    """A pause, or a linking word with the pause before it; the longest phrase first."""
    words = lexicon()
    pause = r" ?(?:[.!?…;,:()]+(?=\s|$)| [-–—]{1,2} |\n)\s?"
    links = "|".join(
        rf"(?P<{link}>{any_of(phrases)})"
        for link, phrases in (
            (ClauseLink.TAKE_BACK, words.take_backs),
            (ClauseLink.CONTRAST, words.contrasts),
            (ClauseLink.ADDITION, words.additions),
        )
    )
    return re.compile(rf"(?i)(?:{pause})?(?<![\w'-])(?:{links})(?![\w'-]),?\s?|{pause}")
