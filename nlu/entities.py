"""Small facts in a message: the number of a choice, product references and error codes."""

from collections.abc import Mapping

import re2

from nlu.text import fold, normal

_MAX_CHARS = 4000

_ORDINALS = {
    "1": "un une one premier premiere first 1er 1ere 1st",
    "2": "deux two deuxieme second seconde 2e 2eme 2nd",
    "3": "trois three troisieme third 3e 3eme 3rd",
    "4": "quatre four quatrieme fourth 4e 4eme 4th",
    "5": "cinq five cinquieme fifth 5e 5eme 5th",
    "6": "six sixieme sixth 6e 6eme 6th",
    "7": "sept seven septieme seventh",
    "8": "huit eight huitieme eighth",
    "9": "neuf nine neuvieme ninth",
    "-1": "dernier derniere last",
}
_VALUES = {word: value for value, row in _ORDINALS.items() for word in row.split()}


def _any(*words: str) -> str:
    return "(?:" + "|".join(words) + ")"


_LEAD = _any(
    "plutot", "alors", "donc", "oui", "non", "euh", "ok", "je (?:choisis|prends|veux|voudrais|dirais)",
    "c est", "ce serait", "yes", "rather", "it s", "i ll take", "i choose", "i want", "i d say",
    "the answer is",
)  # fmt: skip
_NOUN = _any(
    "option", "choix", "reponse", "numero", "num", "n", "nb", "proposition", "point", "solution", "le", "la",
    "les", "l", "number", "choice", "answer", "the",
)  # fmt: skip
_TAIL = _any(
    "option", "choix", "reponse", "proposition", "solution", "choice", "answer", "one", "merci", "please",
    "s il (?:te|vous) plait",
)  # fmt: skip
_NUMBER = "|".join(sorted(_VALUES, key=len, reverse=True))
_CHOICE = re2.compile(rf"(?:{_LEAD} )*(?:{_NOUN} )*([1-9]|{_NUMBER})(?: {_TAIL})*")
"""In normal form, the whole of a message that is nothing but a choice."""

_IDENTIFIERS = (
    re2.compile(r"\b0[xX][0-9a-fA-F]{4,16}\b"),
    re2.compile(r"\b[A-Za-z]{1,6}[-_]\d{2,12}(?:[-/]?[A-Za-z0-9]{1,6})?\b"),
    re2.compile(r"\b[A-Z]{1,6}\d{2,12}[A-Z]{0,3}\b"),
    re2.compile(r"\b[A-Z]{2,}(?:_[A-Z0-9]{2,})+\b"),
    re2.compile(r"\b(?i:erreur|error|code|err)\s*:?\s*#?([A-Za-z]?\d{1,6})\b"),
)


def entities(text: str) -> Mapping[str, str]:
    """What is found, by name.

    Returns:
        "choice": "1" to "9", or "-1" for the last one, when the message is nothing but a choice.
        "identifier": the first product reference or error code, in upper case but for "0x" numbers.
        "identifiers": all of them, joined by single spaces, when there are several.
    """
    found: dict[str, str] = {}
    if (number := choice(text)) is not None:
        found["choice"] = number
    codes = identifiers(text)
    if codes:
        found["identifier"] = codes[0]
    if len(codes) > 1:
        found["identifiers"] = " ".join(codes)
    return found


def choice(text: str) -> str | None:
    """The number that a message chooses ("2", "la deuxième", "option 3"); None when it says more."""
    if len(text) > 60:
        return None
    match = _CHOICE.fullmatch(normal(text))
    if match is None:
        return None
    word = str(match.group(1))
    return _VALUES.get(word, word)


def identifiers(text: str) -> tuple[str, ...]:
    """Product references and error codes, in the order of kinds, each once."""
    head = text[:_MAX_CHARS]
    found: dict[str, None] = {}
    for pattern in _IDENTIFIERS:
        for match in pattern.finditer(head):
            code = str(match.group(match.re.groups and 1))
            found[code.lower() if code[:2] in ("0x", "0X") else fold(code).upper()] = None
    return tuple(found)
