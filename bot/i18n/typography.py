"""French spaces and quotes as a printer sets them, where a keyboard gives plain ones."""

import re

NARROW = "\u202f"
"""Narrow no-break space: before ; ! ? (Imprimerie nationale)."""
NO_BREAK = "\u00a0"
"""No-break space: before : and inside « »."""

_BEFORE_HIGH = re.compile(r"(?<=\S) (?=[;!?](?:\W|$))")
_BEFORE_COLON = re.compile(r"(?<=\S) (?=[:»](?:\W|$))")
_AFTER_QUOTE = re.compile(r"« ")
_NUMBER_UNIT = re.compile(r"(?<=\d) (?=(?:%|€|°|h|min|s|cm|mm|kg|g|l|W|V|bar|Mo|Go)\b|%|€|°)")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'")


def typeset(text: str) -> str:
    """The same text, well set. English has no space before these signs, so it stays as it is."""
    text = _BEFORE_HIGH.sub(NARROW, text)
    text = _BEFORE_COLON.sub(NO_BREAK, text)
    text = _AFTER_QUOTE.sub("«" + NO_BREAK, text)
    text = _NUMBER_UNIT.sub(NO_BREAK, text)
    return _APOSTROPHE.sub("’", text)
