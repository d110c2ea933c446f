"""Placeholders: what stands in an example of a configuration where a secret belongs."""

import re

_BEGINS = re.compile(
    r"(your|votre|change[-_]?me|replace[-_]?me|placeholder|example|xxx|(bot[-_])?token$)", re.IGNORECASE
)
_HOLDS = re.compile(
    r"(?:^|[-_])(?:your|votre|change|changeme|placeholder|example|exemple|replace|here|ici|x{3,})(?=$|[-_])"
    r"|^(?:token|jeton|secret)$|\.\.\.|…|[<>{}\s]",
    re.IGNORECASE,
)


def is_placeholder(secret: str) -> bool:
    """Whether it begins as placeholders do; for secrets that a person may choose, words and all."""
    return _BEGINS.match(secret) is not None


def holds_placeholder(secret: str) -> bool:
    """Whether a word of placeholders is anywhere in it; for secrets that a platform issues, without words."""
    return _HOLDS.search(secret) is not None
