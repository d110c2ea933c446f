"""Identifiers in a text: product references ("CX-125") and error codes ("0x80070005", "ERR_TIMED_OUT")."""

import re2

_HEXADECIMAL = re2.compile(r"\b0[xX][0-9a-fA-F]{4,16}\b")
_CONSTANT = re2.compile(r"\b[A-Z]{2,}(?:_[A-Z0-9]{2,})+\b")

_WORD = r"\pL\pN_"
"""Letters and digits of any script, inside brackets."""
EMAIL = re2.compile(rf"[{_WORD}.+-]+@[{_WORD}-]+(?:\.[{_WORD}-]+)+")
"""An e-mail address, found in time linear in the text."""
_LINK = re2.compile(r"\b(?:https?://|www\.)[^\s<>]+")

_IN_MESSAGES = (
    _HEXADECIMAL,
    re2.compile(r"\b[A-Za-z]{1,6}[-_]\d{2,12}(?:[-/]?[A-Za-z0-9]{1,6})?\b"),
    re2.compile(r"\b[A-Z]{1,6}\d{2,12}[A-Z]{0,3}\b"),
    _CONSTANT,
    re2.compile(r"\b(?i:erreur|error|code|err)\s*:?\s*#?([A-Za-z]?\d{1,6})\b"),
)
_IN_DOCUMENTS = (
    _HEXADECIMAL,
    re2.compile(r"\b[A-Za-z]{1,6}-\d{2,12}(?:[-/]?[A-Za-z0-9]{1,6})?\b"),
    re2.compile(r"\b[A-Za-z]{1,6}\d{2,12}[A-Za-z]{0,3}\b"),
    _CONSTANT,
    re2.compile(r"(?:^|[^\w-])(\d{3,6})\b"),
)
"""A word with a digit, or a bare number of three digits or more: too much to tell a person, not to search."""
_SPACED = re2.compile(r"\b[A-Za-z]{1,4} \d{2,6}\b")


def without_addresses(text: str) -> str:
    """A text without e-mail addresses and links, whose parts ("fr", "help") are no words of its author."""
    return str(_LINK.sub(" ", EMAIL.sub(" ", text)))


def find_identifiers(message: str) -> tuple[str, ...]:
    """What a person would call a reference or an error code, each once, in the order of the patterns.

    Returns:
        In upper case; hexadecimal numbers in lower case.
    """
    found: dict[str, None] = {}
    for pattern in _IN_MESSAGES:
        for match in pattern.finditer(message):
            code = str(match.group(match.re.groups and 1))
            found[code.lower() if code[:2] in ("0x", "0X") else code.upper()] = None
    return tuple(found)


def identifier_keys(text: str) -> frozenset[str]:
    """All that may be one, for search, without case and hyphens: "CX-125" and "cx125" are one."""
    found = (match.group(match.re.groups) for pattern in _IN_DOCUMENTS for match in pattern.finditer(text))
    return frozenset(code.lower().replace("-", "") for code in found)


def question_identifier_keys(question: str) -> frozenset[str]:
    """The keys that a question may mean: also "CX 125", which in a document would be too little."""
    spaced = (match.group(0).lower().replace(" ", "") for match in _SPACED.finditer(question))
    return identifier_keys(question) | frozenset(spaced)
