"""One turn's look into the knowledge base: encodes at most once, and only when somebody asks."""

from collections.abc import Sequence
from functools import partial

from bot.dialogs.content import Topic
from bot.dialogs.policy import topic_of
from bot.ports import Encode, Retriever, Vector
from kb_index.search import Hit

MAX_CHARS = 600
"""Of a message that are searched: a story's beginning says what it is about."""
CANDIDATES = 6


class Lookup:
    """Lazy vector and hits of one message.

    Args:
        words: the message.
        searched: what is looked for: the message, or the same with the question that it explains, or both.
    """

    def __init__(
        self, retriever: Retriever, encode: Encode, *, desk: str, words: str, searched: Sequence[str]
    ) -> None:
        self._retriever = retriever
        self._encode = encode
        self._desk = desk
        self._searched = [_shortened(text) for text in searched]
        self._texts = list(dict.fromkeys([_shortened(words), *self._searched]))
        self._rows: Vector | None = None
        self._hits: dict[str, tuple[Hit, ...]] = {}

    def vector(self) -> Vector:
        """Of the message alone, float32, (dim,), of length 1."""
        return self._row(self._texts[0])

    def hits(self, language: str) -> tuple[Hit, ...]:
        """Articles and flows, each once, the likeliest first."""
        if language not in self._hits:
            self._hits[language] = self._search(language)
        return self._hits[language]

    def _row(self, text: str) -> Vector:
        if self._rows is None:
            self._rows = self._encode(self._texts)
        row: Vector = self._rows[self._texts.index(text)]
        return row

    def _search(self, language: str) -> tuple[Hit, ...]:
        best: dict[Topic, Hit] = {}
        for text in self._searched:
            vector = partial(self._row, text)
            found = self._retriever.search(text, vector, desk=self._desk, language=language, k=CANDIDATES)
            for hit in found.hits:
                other = best.get(topic_of(hit))
                if other is None or hit.confidence > other.confidence:
                    best[topic_of(hit)] = hit
        return tuple(sorted(best.values(), key=lambda hit: -hit.confidence))


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS].rsplit(" ", 1)[0]
