"""Facts that can be compared: numbers with their units, durations, e-mail addresses, links, steps."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import re2

from bot.text.folding import fold
from bot.text.identifiers import EMAIL
from kb_index.articles.text import plain, sentences

_MINUTES = {
    1 / 60: "s sec seconde secondes second seconds",
    1: "min mn minute minutes",
    60: "h heure heures hour hours",
    1440: "j jour jours day days journee journees",
    10080: "semaine semaines week weeks",
    43200: "mois month months",
    518400: "an ans annee annees year years",
}
_IN_MINUTES = {name: minutes for minutes, names in _MINUTES.items() for name in names.split()}
"""A month has 30 days and a year 12 months, so that "12 mois" and "1 year" are one."""
_FRENCH_WEEKS = {(8.0, "jours"): 10080.0, (15.0, "jours"): 20160.0}
"""A week and two weeks, in French."""
_WORDS = {
    2: "deux two both twice second seconde deuxieme double couple pair paire",
    3: "trois three third troisieme triple",
    4: "quatre four fourth quatrieme",
    5: "cinq five fifth cinquieme",
    6: "six sixth sixieme",
    7: "sept seven seventh septieme",
    8: "huit eight eighth huitieme",
    9: "neuf nine ninth neuvieme",
    10: "dix ten dizaine",
    11: "onze eleven",
    12: "douze twelve douzaine dozen",
    13: "treize thirteen",
    14: "quatorze fourteen fortnight",
    15: "quinze fifteen quinzaine quart quarter",
    16: "seize sixteen",
    18: "eighteen",
    20: "vingt twenty vingtaine",
    24: "day jour",
    30: "trente thirty demi demie half trentaine",
    40: "quarante forty",
    50: "cinquante fifty moitie cinquantaine",
    60: "soixante sixty",
    90: "ninety",
    100: "cent hundred centaine",
    1000: "mille thousand",
}
_VALUES = {word: float(value) for value, words in _WORDS.items() for word in words.split()}

_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]+)\)")
_BARE_LINK = re.compile(r"(?<![(\w])https?://[^\s()<>\]]+")
_LANGUAGE_OF_LINK = re.compile(r"(?<=[/=.])(?:fr|en)(?:[-_][a-zA-Z]{2})?(?=[/.&?#]|$)|(?<=//)(?:fr|en)(?=\.)")
_STEP = re.compile(r"^[^\S\n]*\d+[.)]\s", re.MULTILINE)
_ITEM = re.compile(r"^[^\S\n]*[-*+]\s", re.MULTILINE)
_CODE = re2.compile(r"\b(?:0[xX][0-9a-fA-F]+|[A-Za-z]+[-_]?\d[\w-]*)\b|\d+(?:\.\d+){2,}|#\d+#?")
"""Names that have digits, such as product references: no numbers."""
_NUMBER = re.compile(
    r"(?P<clock>\d{1,2}(?:(?: ?h ?|:)\d\d\b|\.\d\d(?= ?[ap]\.?m\b)))(?P<after> ?[ap]\.?m\b)?"
    r"|(?P<number>\d{1,3}(?:[ .,]\d{3})+(?!\d)|\d+(?:[.,]\d+)?)(?: ?(?P<unit>[a-z€$£%°]+))?"
)
_GROUPED = re.compile(r"\d{1,3}(?:[ .,]\d{3})+")
_UNTIL = re.compile(r"(\d ?[ap]m) ?[-–](?=\d)")
_SIGNS = re.compile(r"[\u00a0\u202f]")


@dataclass(frozen=True)
class Fact:
    """A number in a text.

    Args:
        text: as it stands there, with its unit.
        value: the number.
        unit: "time" for durations and times of day; otherwise the word that follows, "" for none.
        size: in minutes for a time; otherwise the value.
    """

    text: str
    value: float
    unit: str
    size: float


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What one version of an article says that the other versions must say too.

    Args:
        facts: numbers in digits, and times in words.
        values: all values that may stand for one of them, however they are written.
        links: addresses, without what only names their language.
        steps, items: how many lines of a numbered list, and of others.
    """

    facts: Sequence[Fact]
    values: frozenset[float]
    links: frozenset[str]
    steps: int
    items: int


def claims(markdown: str) -> Claims:
    """What a text claims."""
    text = plain(markdown)
    found = list(facts(text))
    words = {_VALUES[word] for word in fold(text).split() if word in _VALUES}
    addresses = {*(url for _, url in links(markdown)), *EMAIL.findall(text), *_BARE_LINK.findall(markdown)}
    return Claims(
        facts=found,
        values=frozenset({fact.value for fact in found} | {fact.size for fact in found} | words),
        links=frozenset(_LANGUAGE_OF_LINK.sub("", url).rstrip("/.,;:") for url in addresses),
        steps=len(_STEP.findall(markdown)),
        items=len(_ITEM.findall(markdown)),
    )


def links(markdown: str) -> Sequence[tuple[str, str]]:
    """The text and the address of each link."""
    return [(match[1], match[2]) for match in _LINK.finditer(markdown)]


def facts(text: str) -> Iterator[Fact]:
    """The numbers of a plain text, in order; those of names, such as "VS-310", are left out."""
    bare = _CODE.sub(" ", EMAIL.sub(" ", _UNTIL.sub(r"\1 ", _SIGNS.sub(" ", text.lower()))))
    for match in _NUMBER.finditer(bare):
        if match["clock"]:
            hours, minutes = re.split(r" ?h ?|[:.]", match["clock"])
            at = 60 * int(hours) + int(minutes) + 720 * _is_afternoon(match["after"], int(hours))
            yield Fact(text=match[0], value=float(hours), unit="time", size=float(at))
        else:
            yield _fact(match[0], _value(match["number"]), match["unit"] or "")
    words = fold(bare).split()
    for word, unit in pairwise(words):
        if word in _VALUES and unit in _IN_MINUTES:
            yield _fact(f"{word} {unit}", _VALUES[word], unit)


def masked(sentence: str) -> str:
    """The sentence with "#" for each number."""
    return _NUMBER.sub("#", _SIGNS.sub(" ", sentence.lower()))


def stated(markdown: str) -> Sequence[tuple[str, Sequence[Fact]]]:
    """The sentences that state facts."""
    found = ((sentence, list(facts(sentence))) for sentence in sentences(plain(markdown)))
    return [(sentence, known) for sentence, known in found if known]


def _value(number: str) -> float:
    """Of "1 000", "1,000" and "1.000" a thousand; of "1,5" one and a half."""
    if _GROUPED.fullmatch(number):
        return float(re.sub(r"\D", "", number))
    return float(number.replace(",", "."))


def _fact(text: str, value: float, unit: str) -> Fact:
    unit = fold(unit) or unit
    if unit in ("am", "pm"):
        hours = value + 12 * _is_afternoon(unit, int(value))
        return Fact(text=text, value=hours, unit="time", size=60 * hours)
    if unit in _IN_MINUTES:
        weeks = _FRENCH_WEEKS.get((value, unit))
        return Fact(text=text, value=value, unit="time", size=weeks or value * _IN_MINUTES[unit])
    return Fact(text=text, value=value, unit=unit.rstrip("s"), size=value)


def _is_afternoon(after: str | None, hours: int) -> bool:
    return after is not None and "p" in after and hours < 12
