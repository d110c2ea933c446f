"""Codes and models that a message names: whether the article found knows them."""

import re
from collections.abc import Iterator

_CODE = re.compile(r"(?<![\w-])([A-Z]{1,4})[- ]?0*(\d{1,4})(?![\w-])")
_RANGE = re.compile(
    r"(?<![\w-])([A-Z]{1,4})-?0*(\d{1,4})\s?(?:[-–…]|\.\.\.|\w{1,2})\s?\1-?0*(\d{1,4})(?![\w-])"
)
_MIN_LISTED = 3
"""Codes of one kind from which a text is a list of them."""


def unlisted_codes(question: str, article: str) -> tuple[str, ...]:
    """Codes of a question that are not among those that an article lists.

    An article with fewer than three codes of the same kind (as many letters, as many digits or one more or
    less) is no list of them, and nothing is missing in it.

    Returns:
        As they are written in the question; empty where nothing is missing.
    """
    listed = set(_codes(article))
    missing = []
    for match in _CODE.finditer(question):
        letters, number = match.group(1), int(match.group(2))
        alike = {code for code in listed if _alike(code, (letters, number))}
        if len(alike) >= _MIN_LISTED and (letters, number) not in listed:
            missing.append(match.group())
    return tuple(missing)


def _codes(text: str) -> Iterator[tuple[str, int]]:
    for match in _CODE.finditer(text):
        yield match.group(1), int(match.group(2))
    for match in _RANGE.finditer(text):
        for number in range(int(match.group(2)), int(match.group(3)) + 1):
            yield match.group(1), number


def _alike(one: tuple[str, int], other: tuple[str, int]) -> bool:
    return len(one[0]) == len(other[0]) and abs(len(str(one[1])) - len(str(other[1]))) <= 1
