"""The person's own words in a message: without quoted mail, pasted log lines and a signature."""

import re
from functools import cache
from typing import NamedTuple

from mailparser_reply import EmailReplyParser

from bot.dialogs.matching.lexicon import any_of, languages, lexicon

MAX_SIGNATURE_LINES = 6
"""Lines below a closing ("Cordialement,") that are still taken for a signature."""
_MIN_LOG_WORDS = 3
_QUOTES = re.compile(r"^[^\S\n]*>", re.MULTILINE)
_MAIL_HEADER = re.compile(r":\s*$", re.MULTILINE)
"""A quotation begins with a line that ends with a colon ("On Monday, Ada wrote:")."""
_BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_LOG_MARKS = re.compile(
    r"\b0x[0-9a-fA-F]{4,}\b"
    r"|\b\d{1,3}\.\d{1,3}\.\d{1,3}\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
    r"|\b[A-Z]\w+(?:\.[A-Z]\w+)+\b"
    r"|\b\w+(?:Error|Exception)\b|\b(?:ERROR|WARN|WARNING|FATAL|INFO|DEBUG)\b"
    r"|\bTraceback\b|\bFile \""
    r"|\b[A-Z]{2,}(?:_[A-Z0-9]+)+\b"
    r"|\b\w+=\S+"
    r"|\b[A-Za-z]:\\\S"
)
"""What lines of logs and stack traces hold, and sentences of people do not."""


class OwnWords(NamedTuple):
    """A message taken apart.

    Args:
        text: the person's own words; the whole message when nothing else would remain.
        pasted: lines of logs and error messages, "" for none.
    """

    text: str
    pasted: str


def own_words(text: str) -> OwnWords:
    """Takes quoted mail, a signature and pasted log lines out of a message."""
    if "\n" not in text:
        return OwnWords(text, "")
    lines = _without_signature(_without_quotes(text).split("\n"))
    pasted = "\n".join(line for line in lines if _is_log_line(line))
    own = "\n".join(line for line in lines if not _is_log_line(line)).strip()
    return OwnWords(own, pasted) if any(char.isalnum() for char in own) else OwnWords(text, "")


def _without_quotes(text: str) -> str:
    """Without what was quoted; the parser is slow on blank lines, so they are joined first."""
    text = _BLANK_LINES.sub("\n\n", text)
    if _MAIL_HEADER.search(text) is not None:
        text = _parser().parse_reply(text) or text
    kept = [line for line in text.split("\n") if not _QUOTES.match(line)]
    return "\n".join(kept)


def _without_signature(lines: list[str]) -> list[str]:
    """Without the lines below a closing; the closing itself is a courtesy and stays."""
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == "--" or (_closing().fullmatch(line.strip()) and _is_short(lines[number + 1 :])):
            return lines[:number]
    return lines


def _is_short(below: list[str]) -> bool:
    return sum(bool(line.strip()) for line in below) <= MAX_SIGNATURE_LINES


def _is_log_line(line: str) -> bool:
    return len(line.split()) >= _MIN_LOG_WORDS and _LOG_MARKS.search(line) is not None


@cache
def _parser() -> EmailReplyParser:
    return EmailReplyParser(languages=list(languages()))


@cache
def _closing() -> re.Pattern[str]:
    return re.compile(rf"(?i){any_of(lexicon().letter_closings)}[\s,.!]*")
