"""What a message says: the answer that it begins with, and what it says beside courtesies."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from bot.dialogs.matching.lexicon import any_of, lexicon
from bot.dialogs.matching.matching import sense_of, starts_statement
from bot.dialogs.reading.clauses import Clause, ClauseLink, clauses
from bot.dialogs.reading.own_words import own_words

MAX_PARTS = 3
"""Of a message that are looked at as needs of their own."""
_MIN_PART_WORDS = 3
_MAX_FINAL_CHARS = 80
"""Of a clause that are looked at for a courtesy at its end."""
_FINAL_MARKS = re.compile(r" ?[.!?…]+")


@dataclass(frozen=True, kw_only=True)
class MessageReading:
    """A message taken apart.

    Args:
        text: the person's own words.
        pasted: lines of logs and error messages beside them.
        sense: "yes" or "no" when the message begins with it.
        contrast: what follows turns that, or turns thanks ("oui mais ...").
        states: the message after its answer and thanks, to its end; all of it when it begins otherwise.
        question: what the message says beside courtesies and answer, on one line: what is searched, and what
            the agent reads; what there is when it says nothing else.
        parts: of `question`, each of which may be a need of its own; one in most messages.
        corrected: what follows the last words that take something back ("enfin non, chez moi"); "" for none.
    """

    text: str
    pasted: str
    sense: str | None
    contrast: bool
    states: str
    question: str
    parts: tuple[str, ...]
    corrected: str

    @property
    def says_more(self) -> bool:
        """Whether it says something after the answer that it begins with."""
        return self.sense is not None and self.states != self.text


def read(text: str) -> MessageReading:
    """Reads a message."""
    own = own_words(text)
    line = "\n".join(" ".join(each.split()) for each in own.text.replace("’", "'").split("\n"))
    found = clauses(line)
    rest, sense = _after_courtesies(found)
    start = end = 0
    if rest:
        length, answer = _front(rest[0].text)
        start, end, sense = rest[0].start + length, _end(line, rest[-1]), answer or sense
    contrast = bool(rest) and rest[0].link is ClauseLink.CONTRAST
    said = line[start:end].rstrip(" .,;:\n")
    not_greeting = _greeting().sub("", line[:start] if said else line, count=1).strip(" ,.;:!\n")
    taken_back = [each for each in found if each.link is ClauseLink.TAKE_BACK]
    return MessageReading(
        text=own.text,
        pasted=own.pasted,
        sense=sense,
        contrast=contrast,
        states=line[start:] if said and (not_greeting or contrast) else own.text,
        question=" ".join((said or not_greeting or own.text).split()),
        parts=_parts(line, rest, start, end) if said else (),
        corrected=line[taken_back[-1].start :] if taken_back else "",
    )


def _after_courtesies(found: Sequence[Clause]) -> tuple[Sequence[Clause], str | None]:
    """The clauses between those that are courtesies or answers, and the answer before them."""
    rest, sense = list(found), None
    while rest and (answer := _courtesy(rest[0].text)) is not None:
        sense = answer or sense
        del rest[0]
    while rest and _courtesy(rest[-1].text) == "":
        del rest[-1]
    return rest, sense


def _courtesy(text: str) -> str | None:
    """ "" for nothing but courtesies, "yes" or "no" for an answer among them, None for anything else."""
    left = _courtesies().sub(" ", text.casefold())
    if not any(char.isalnum() for char in left):
        return ""
    return sense_of(left)


def _front(text: str) -> tuple[int, str | None]:
    """How much of a clause is a courtesy or an answer before a statement, and that answer."""
    done, sense = 0, None
    while match := _front_words().match(text, done):
        rest = text[match.end() :]
        answer = sense_of(match.group())
        if not rest or (answer is not None and not starts_statement(rest)):
            break
        done, sense = match.end(), answer or sense
    return done, sense


def _end(line: str, clause: Clause) -> int:
    """Where a clause ends: before a final courtesy, else after its marks."""
    skipped = max(0, len(clause.text) - _MAX_FINAL_CHARS)
    match = _final_courtesy().search(clause.text[skipped:])
    if match:
        return clause.start + skipped + match.start()
    marks = _FINAL_MARKS.match(line, clause.end)
    return marks.end() if marks else clause.end


def _parts(line: str, rest: Sequence[Clause], start: int, end: int) -> tuple[str, ...]:
    """Cuts what is said where both sides are long enough to be a need."""
    pieces: list[str] = []
    for before, clause in pairwise(rest):
        piece, after = line[start : before.end], line[clause.start : end]
        may_cut = clause.link in (ClauseLink.PAUSE, ClauseLink.ADDITION) and len(pieces) < MAX_PARTS - 1
        if may_cut and min(len(piece.split()), len(after.split())) >= _MIN_PART_WORDS:
            pieces.append(line[start : _end(line, before)])
            start = clause.start
    return (*pieces, line[start:end])


@cache
def _courtesies() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'-]){_any_courtesy()}(?![\w'-])")


@cache
def _front_words() -> re.Pattern[str]:
    words = lexicon()
    answers = any_of((*words.affirmative, *words.negative))
    return re.compile(rf"(?i)(?:{_any_courtesy()}|{answers})(?![\w'-])[\s,.!:]*")


@cache
def _final_courtesy() -> re.Pattern[str]:
    words = lexicon()
    closings = any_of((*words.closings, *words.letter_closings))
    return re.compile(rf"(?i)[\s,]+(?:{closings}(?![\w'-])[\s,.!…]*)+$")


@cache
def _greeting() -> re.Pattern[str]:
    return re.compile(rf"(?i)^{_greeting_words()}(?![\w'-])")


def _greeting_words() -> str:
    words = lexicon()
    return rf"{any_of(words.greetings)}(?:\s+{any_of(words.addressees)})*"


@cache
def _any_courtesy() -> str:
    words = lexicon()
    others = (*words.asides, *words.closings, *words.letter_closings, *words.praise)
    thanks_for = rf"(?!\s+{any_of(words.thanks_for)}\b)"
    return rf"(?:{_greeting_words()}|{any_of(others)}{thanks_for})"
