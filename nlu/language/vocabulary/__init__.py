"""Words that the reading of a message depends on, as data: a file for each language, named by its code.

All are regular expressions in normal form, see `bot.text.normalization.normalized`.

fillers: at either end of a phrase they do not change what it asks
negations: one of them turns "it works" into its opposite
numbers: words for the number of a choice, separated by spaces; "-1" is the last one
before, nouns, after: what may stand around that number in a message that is nothing but a choice
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from bot.text.language_files import read_language_files


class Vocabulary(NamedTuple):
    """The words of all languages together.

    Args:
        numbers: "1" to "9" or "-1", by word.
    """

    fillers: tuple[str, ...]
    negations: tuple[str, ...]
    numbers: dict[str, str]
    before: tuple[str, ...]
    nouns: tuple[str, ...]
    after: tuple[str, ...]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """What the files hold."""
    files = read_language_files(Path(__file__).parent).values()

    def every(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for file in files for word in file[name]))

    return Vocabulary(
        fillers=every("fillers"),
        negations=every("negations"),
        numbers={
            word: number for file in files for number, row in file["numbers"].items() for word in row.split()
        },
        before=every("before"),
        nouns=every("nouns"),
        after=every("after"),
    )
