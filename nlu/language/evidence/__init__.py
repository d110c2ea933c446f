"""What tells each language in a short message, as data: a file for each language, named by its code.

words: whole words, folded, that none of the other languages has; what several have tells nothing
shapes: regular expressions for the rest, on lower case with accents; one match tells little
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.text.language_files import read_language_files


@dataclass(frozen=True, kw_only=True)
class LanguageEvidence:
    """What tells a language.

    Args:
        words: folded, see `bot.text.folding.fold_letters`.
        shapes: on lower case.
    """

    words: frozenset[str]
    shapes: re.Pattern[str]


@lru_cache(maxsize=1)
def evidence() -> Mapping[str, LanguageEvidence]:
    """What the files hold, by language."""
    return {
        language: LanguageEvidence(
            words=frozenset(content["words"].split()),
            shapes=re.compile("|".join(f"(?:{shape})" for shape in content["shapes"])),
        )
        for language, content in read_language_files(Path(__file__).parent).items()
    }
