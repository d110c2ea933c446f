"""A message as a query to the knowledge base: encoded at most once a turn, and only when a rule needs it."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from functools import partial

from bot.dialogs.retrieval.policy import topic_of
from bot.dialogs.state.topic import Topic
from bot.pipeline.ports import Encode, Retriever, Vector
from bot.telemetry import metrics
from kb_index.articles.documents import Reader
from kb_index.search import Hit

MAX_CHARS = 600
"""Of a message that are searched: the beginning of a long one says what it is about."""
CANDIDATES = 6


class MessageQuery:
    """Lazily computed embeddings and search hits of one message.

    Args:
        retriever: finds articles and flows.
        encode: turns texts into embeddings.
        label_vectors: embeddings of labels met before, by text; new ones are added.
        desk: whose articles and flows are searched.
        text: the message.
        queries: what is searched: the message, or the same with the question that it explains, or both.
        reader: for whom.
        labels: of the answers that wait for the message, to be compared with it.
        pasted: log lines beside the message: they count half of what is found, so that the person's own words
            must point there as well.
    """

    def __init__(
        self,
        retriever: Retriever,
        encode: Encode,
        label_vectors: MutableMapping[str, Vector],
        *,
        desk: str,
        text: str,
        queries: Sequence[str],
        reader: Reader,
        labels: Sequence[str] = (),
        pasted: str = "",
    ) -> None:
        self._retriever = retriever
        self._encode = encode
        self._label_vectors = label_vectors
        self._desk = desk
        self._text = _shortened(text)
        self._queries = [_shortened(query) for query in queries]
        self._reader = reader
        self._labels = labels
        self._with_pasted = _shortened(f"{text} {pasted}") if pasted else None
        self._vectors: dict[str, Vector] = {}
        self._hits: dict[str, tuple[Hit, ...]] = {}

    def about(self, text: str) -> "MessageQuery":
        """The same reader's query for another text."""
        return MessageQuery(
            self._retriever,
            self._encode,
            self._label_vectors,
            desk=self._desk,
            text=text,
            queries=[text],
            reader=self._reader,
        )

    def vector(self) -> Vector:
        """Embedding of the message alone, float32, (dim,), of length 1."""
        return self._vector_of(self._text)

    def search(self, language: str) -> tuple[Hit, ...]:
        """Articles and flows, each once, the most confident first; searched once per language."""
        if language not in self._hits:
            self._hits[language] = self._search(language)
        return self._hits[language]

    def similarity(self, labels: Sequence[str]) -> float:
        """Cosine similarity of the message with the nearest of some of its labels, -1 to 1."""
        vector = self.vector()
        return max((float(self._label_vectors[label] @ vector) for label in labels), default=-1.0)

    def _vector_of(self, text: str) -> Vector:
        if not self._vectors:
            more = [self._with_pasted] if self._with_pasted is not None else []
            texts = list(dict.fromkeys([self._text, *self._queries, *more]))
            new = [label for label in dict.fromkeys(self._labels) if label not in self._label_vectors]
            with metrics.stage("encode"):
                rows = self._encode([*texts, *new])
            self._vectors = dict(zip(texts, rows, strict=False))
            added = zip(new, rows[len(texts) :], strict=True)
            self._label_vectors.update({label: row.copy() for label, row in added})
        return self._vectors[text]

    @metrics.stage("search")
    def _search(self, language: str) -> tuple[Hit, ...]:
        best: dict[Topic, Hit] = {}
        for query in self._queries:
            for hit in self._found(query, language):
                other = best.get(topic_of(hit))
                if other is None or hit.confidence > other.confidence:
                    best[topic_of(hit)] = hit
        if self._with_pasted is not None:
            best = _averaged(best, {topic_of(hit): hit for hit in self._found(self._with_pasted, language)})
        return tuple(sorted(best.values(), key=lambda hit: -hit.confidence))

    def _found(self, query: str, language: str) -> Sequence[Hit]:
        vector = partial(self._vector_of, query)
        return self._retriever.search(
            query, vector, desk=self._desk, language=language, k=CANDIDATES, reader=self._reader
        ).hits


def _averaged(own: Mapping[Topic, Hit], pasted: Mapping[Topic, Hit]) -> dict[Topic, Hit]:
    """The hits of both, each with the mean of its confidences, which is 0 where it was not found."""
    both: dict[Topic, Hit] = {}
    for topic in own.keys() | pasted.keys():
        found = [hits[topic] for hits in (own, pasted) if topic in hits]
        both[topic] = replace(found[0], confidence=sum(hit.confidence for hit in found) / 2)
    return both


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS].rsplit(" ", 1)[0]
