"""One turn's look into meaning: encodes at most once, and only when somebody asks."""

from collections.abc import MutableMapping, Sequence
from functools import partial

from bot.dialogs.retrieval.policy import topic_of
from bot.dialogs.turn.content import Topic
from bot.pipeline.ports import Encode, Retriever, Vector
from bot.telemetry import metrics
from kb_index.articles.documents import Reader
from kb_index.search import Hit

MAX_CHARS = 600
"""Of a message that are searched: a story's beginning says what it is about."""
CANDIDATES = 6


class Lookup:
    """Lazy vectors and hits of one message.

    Args:
        retriever: finds articles and flows.
        encode: turns texts into vectors.
        kept: vectors of labels met before, by text; new ones are added.
        desk: whose articles and flows are searched.
        words: the message.
        searched: what is looked for: the message, or the same with the question that it explains, or both.
        reader: for whom.
        labels: of the answers that wait for the message, to be compared with it.
    """

    def __init__(
        self,
        retriever: Retriever,
        encode: Encode,
        kept: MutableMapping[str, Vector],
        *,
        desk: str,
        words: str,
        searched: Sequence[str],
        reader: Reader,
        labels: Sequence[str] = (),
    ) -> None:
        self._retriever = retriever
        self._encode = encode
        self._kept = kept
        self._desk = desk
        self._words = _shortened(words)
        self._searched = [_shortened(text) for text in searched]
        self._reader = reader
        self._labels = labels
        self._rows: dict[str, Vector] = {}
        self._hits: dict[str, tuple[Hit, ...]] = {}

    def vector(self) -> Vector:
        """Of the message alone, float32, (dim,), of length 1."""
        return self._row(self._words)

    def hits(self, language: str) -> tuple[Hit, ...]:
        """Articles and flows, each once, the likeliest first."""
        if language not in self._hits:
            self._hits[language] = self._search(language)
        return self._hits[language]

    def likeness(self, texts: Sequence[str]) -> float:
        """How near in meaning the message is to the nearest of some of the labels, -1 to 1."""
        words = self.vector()
        return max((float(self._kept[text] @ words) for text in texts), default=-1.0)

    def _row(self, text: str) -> Vector:
        if not self._rows:
            texts = list(dict.fromkeys([self._words, *self._searched]))
            new = [label for label in dict.fromkeys(self._labels) if label not in self._kept]
            with metrics.stage("encode"):
                rows = self._encode([*texts, *new])
            self._rows = dict(zip(texts, rows, strict=False))
            self._kept.update({label: row.copy() for label, row in zip(new, rows[len(texts) :], strict=True)})
        return self._rows[text]

    @metrics.stage("search")
    def _search(self, language: str) -> tuple[Hit, ...]:
        best: dict[Topic, Hit] = {}
        for text in self._searched:
            vector = partial(self._row, text)
            found = self._retriever.search(
                text, vector, desk=self._desk, language=language, k=CANDIDATES, reader=self._reader
            )
            for hit in found.hits:
                other = best.get(topic_of(hit))
                if other is None or hit.confidence > other.confidence:
                    best[topic_of(hit)] = hit
        return tuple(sorted(best.values(), key=lambda hit: -hit.confidence))


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS].rsplit(" ", 1)[0]
