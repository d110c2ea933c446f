"""Intents recognised by linear-time regular expressions (RE2) anywhere in a message.

They come from `regex:` entries of the training data. An entry named like an intent raises it; one named
`<intent>_not` names harmless phrases that are taken out of the message first. Both are matched against
the folded text: lower case, no accents, straight apostrophes.
"""

from collections.abc import Mapping, Sequence

import re2

from bot.text.folding import fold_letters
from nlu.intents.training import TrainingLine

MAX_CHARS = 20_000
_NOT = "_not"
_AUTOMATON_BYTES = 64 << 20
"""At most, for all patterns at once; it grows as it is used."""


class Patterns:
    """All patterns: one automaton tells which intents may be raised, one for each says by which words."""

    def __init__(self, lines: Sequence[TrainingLine]) -> None:
        joined: dict[str, list[str]] = {}
        for line in lines:
            joined.setdefault(line.name, []).append(f"(?:{line.text})")
        compiled = {name: re2.compile("|".join(parts)) for name, parts in joined.items()}
        self._harmless = {name.removesuffix(_NOT): re for name, re in compiled.items() if name.endswith(_NOT)}
        self._raising = [(name, re) for name, re in compiled.items() if not name.endswith(_NOT)]
        options = re2.Options()
        options.max_mem = _AUTOMATON_BYTES
        self._any = re2.Set.SearchSet(options)
        for _, raising in self._raising:
            self._any.Add(raising.pattern)
        self._any.Compile()

    def search(self, text: str) -> Mapping[str, str]:
        """The intents raised by a text, each with the words that did it."""
        folded = " ".join(fold_letters(text[:MAX_CHARS]).split())
        found: dict[str, str] = {}
        for number in sorted(self._any.Match(folded) or ()):
            name, raising = self._raising[number]
            rest = self._harmless[name].sub(" ; ", folded) if name in self._harmless else folded
            match = raising.search(rest)
            if match is not None:
                found[name] = str(match.group(0)).strip()
        return found
