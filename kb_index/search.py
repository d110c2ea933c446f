"""Finds the articles and flows that answer a question, each with the probability that it does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kb_index.articles.documents import Kind, Reader
from kb_index.articles.errors import IndexUnusableError
from kb_index.calibration.probability import probabilities
from kb_index.index.contents import Index
from kb_index.index.manifest import Manifest
from kb_index.retrieval.evidence import Evidence, gather
from kb_index.retrieval.fusion import rank

MAX_CHARS = 1500
"""Of a question; what follows is not read."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One article or flow found.

    Args:
        kind, id: which.
        language: of the version to show: the user's where there is one.
        title: of that version.
        confidence: calibrated probability that it is right, 0 to 1.
        score: fused evidence, in deviations above an article that does not answer; unlike `confidence`
            it does not fall when two articles answer equally well, so it tells best whether any does.
        cosine: similarity in meaning, -1 to 1.
        lexical: similarity in spelling, 0 to 1.
        matched: the title, passage or way of asking that is nearest to the question.
    """

    kind: Kind
    id: str
    language: str
    title: str
    confidence: float
    score: float = 0.0
    cosine: float
    lexical: float
    matched: str


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What was found: one hit for each (kind, id), best first, confidence falling."""

    hits: tuple[Hit, ...] = ()


class Searcher:
    """An open index. Safe among threads; a new one is opened when the folder has changed."""

    def __init__(self, index: Index, manifest: Manifest) -> None:
        self._index = index
        self.manifest = manifest
        self._versions: dict[tuple[str, str, str, str], int] = {
            (document.desk, document.kind, document.id, document.language): number
            for number, document in enumerate(index.documents)
        }
        self._terms = np.array(
            [(each.for_agents, each.first_day, each.last_day) for each in index.documents], dtype=np.int32
        )
        always = (False, date.min.toordinal(), date.max.toordinal())
        self._has_terms = bool((self._terms != always).any())

    @property
    def index(self) -> Index:
        """What is searched."""
        return self._index

    @classmethod
    def open(cls, folder: Path, *, model_id: str) -> Self:
        """Opens the index in a folder, having checked every byte of it.

        Args:
            folder: where `build` put it.
            model_id: of the encoder that will encode the questions.

        Raises:
            IndexUnusableError: it is missing, damaged, or made by another model or version.
        """
        manifest = Manifest.read(folder)
        if manifest.model_id != model_id:
            raise IndexUnusableError(
                f"The index was made by {manifest.model_id}; questions are encoded by {model_id}."
            )
        try:
            index = Index.load(folder, manifest)
        except IndexUnusableError:
            # A build that finishes between the two reads takes the old files away: look once more.
            again = Manifest.read(folder)
            if again == manifest:
                raise
            return cls.open(folder, model_id=model_id)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as exc:
            raise IndexUnusableError("The index cannot be read.") from exc
        return cls(index, manifest)

    def search(
        self,
        question: str,
        vector: Callable[[], NDArray[np.float32]],
        *,
        desk: str,
        language: str,
        k: int = 5,
        reader: Reader | None = None,
    ) -> SearchResult:
        """Finds what answers a question.

        Args:
            question: as it was written.
            vector: gives its encoding, float32, (dim,); not called when there is nothing to search.
            desk: whose documents are searched.
            language: the user's; its version is shown where there is one, whichever matched.
            k: at most so many hits.
            reader: what is not for them, or not today, is passed over; None: everything is found.
        """
        question = (
            question[:MAX_CHARS].encode("utf-8", "replace").decode()
        )  # a lone half of a pair is no text
        if not question.strip() or desk not in self._index.desks:
            return SearchResult()
        evidence = gather(self._index, question, vector(), desk=desk)
        if evidence is not None and reader is not None and self._has_terms:
            evidence = _kept(evidence, self._is_shown(evidence.documents, reader))
        if evidence is None:
            return SearchResult()
        ranked = rank(self._index, evidence, self.manifest.scaling)
        chances = np.minimum.accumulate(probabilities(self.manifest.calibration, ranked.features[:k]))
        return SearchResult(
            hits=tuple(
                self._hit(
                    int(number),
                    language,
                    reader,
                    confidence=float(chance),
                    score=float(score),
                    cosine=float(evidence.best[place]),
                    lexical=float(evidence.lexical[place]),
                    row=int(evidence.best_row[place]),
                )
                for number, place, score, chance in zip(
                    ranked.documents[:k], ranked.places[:k], ranked.scores[:k], chances, strict=True
                )
            )
        )

    def _is_shown(self, entries: NDArray[np.int64], reader: Reader) -> NDArray[np.bool_]:
        """For each of some documents whether a reader is shown it."""
        for_agents, first_day, last_day = self._terms[entries].T
        day = reader.day.toordinal()
        return np.asarray((first_day <= day) & (day <= last_day) & (for_agents <= reader.is_agent))

    def _hit(
        self,
        number: int,
        language: str,
        reader: Reader | None,
        *,
        row: int,
        **measures: float,
    ) -> Hit:
        best = self._index.documents[number]
        preferred = self._versions.get((best.desk, best.kind, best.id, language), number)
        if preferred != number and reader and not self._is_shown(np.array([preferred]), reader)[0]:
            preferred = number
        shown = self._index.documents[preferred]
        return Hit(
            kind="flow" if shown.kind == "flow" else "article",
            id=shown.id,
            language=shown.language,
            title=shown.title,
            matched=self._index.shown[row],
            **measures,
        )


def _kept(evidence: Evidence, kept: NDArray[np.bool_]) -> Evidence | None:
    """Without some of the documents; None without any."""
    if kept.all():
        return evidence
    return Evidence(**{name: column[kept] for name, column in vars(evidence).items()}) if kept.any() else None
