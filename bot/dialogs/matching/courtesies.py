"""A message without its courtesies: what is searched, and what the agent reads."""

import re
from functools import cache

from bot.dialogs.matching.lexicon import any_of, lexicon


def strip_courtesies(text: str) -> str:
    """The message on one line, without greeting, "by the way", thanks and please; itself if that is all."""
    front, end = _front(), _end()
    line = " ".join(text.replace("’", "'").split())
    rest = line
    while True:
        shorter = end.sub("", front.sub("", rest, count=1), count=1).strip()
        if not shorter:
            return rest if any(char.isalnum() for char in rest) else line
        if shorter == rest:
            return rest
        rest = shorter


@cache
def _front() -> re.Pattern[str]:
    words = lexicon()
    greeting = rf"{any_of(words.greetings)}(?:\s+{any_of(words.addressees)})*"
    return re.compile(rf"(?i)^(?:{greeting}|{any_of(words.asides)})(?:\s*[,;:.!…–-]+\s*|\s+|$)")


@cache
def _end() -> re.Pattern[str]:
    return re.compile(rf"(?i)[\s,;.!…–-]+{any_of(lexicon().closings)}[\s.!…]*$")
