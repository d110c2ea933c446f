"""How well questions find what answers them: ranking, what is in scope, and the decision to answer."""

import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.domain.errors import ContentError
from bot.quality.evaluation.bootstrap import Estimate, auroc, estimate, mean
from bot.quality.evaluation.lines import read_objects, storable
from kb_index.articles.documents import Document
from kb_index.build import build
from kb_index.decision.questions import Question
from kb_index.decision.thresholds import DEFAULT_TARGET
from kb_index.search import Searcher
from nlu.encoders.encoder import Encoder
from nlu.language.detection import guess

CUTS = (1, 3, 5, 10)
DESK = "eval"

_FALSE_ACCEPTS = 0.1
_NOT_FOUND = 1_000_000
"""Rank of a document that was not found."""
_SEED = 20_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class ScoredQuestion:
    """What the search made of one question.

    Args:
        ranks: 1-based rank of each document that answers it; empty when it is out of scope.
        score: of the best hit, fused evidence.
        confidence: of the best hit.
        seconds: to encode and to search.
    """

    ranks: tuple[int, ...]
    score: float
    confidence: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class FaqReport:
    """What was measured.

    Args:
        figures: by the names that `--json` uses.
        latency_ms_p50: median of encoding and searching one question.
        threshold: confidence from which answers were given; None without a target.
    """

    figures: Mapping[str, Estimate]
    latency_ms_p50: float
    threshold: float | None = None


def read_documents(path: Path) -> list[Document]:
    """Reads lines of `{"id", "title", "text"}`.

    Raises:
        ContentError: a line is wrong, or the file cannot be read.
    """
    found: dict[str, Document] = {}
    for number, item in _objects(path, ("id", "title", "text")):
        name = _text(path, number, item, "id")
        if name in found:
            raise ContentError(str(path), number, f"the id {name!r} stands twice.")
        title, body = _text(path, number, item, "title"), str(item["text"])
        language = guess(f"{title} {body[:300]}", "fr").language
        found[name] = Document(kind="article", id=name, desk=DESK, language=language, title=title, body=body)
    return list(found.values())


def read_questions(path: Path, known: Mapping[str, object] | None) -> list[Question]:
    """Reads lines of `{"text", "doc_ids"}`, or of `{"text"}` when nothing answers them.

    Args:
        known: ids of the documents; None for questions out of scope.

    Raises:
        ContentError: a line is wrong or names an unknown document, or the file cannot be read.
    """
    questions = []
    for number, item in _objects(path, ("text",) if known is None else ("text", "doc_ids")):
        ids = [] if known is None else item["doc_ids"]
        if not isinstance(ids, list) or (known is not None and not ids):
            raise ContentError(str(path), number, "`doc_ids` is not a list of ids.")
        for name in ids:
            if name not in (known or {}):
                raise ContentError(str(path), number, f"there is no document {name!r}.")
        answers = frozenset(("article", str(name)) for name in ids)
        text = item["text"]
        if not isinstance(text, str):  # one that says nothing is a question too, which nothing answers
            raise ContentError(str(path), number, "`text` is no text.")
        text = storable(text).strip()
        questions.append(Question(text=text, desk=DESK, answers=answers))
    return questions


def evaluate(
    documents: Sequence[Document],
    questions: Sequence[Question],
    encoder: Encoder,
    *,
    target: float | None = None,
    progress: Progress,
) -> FaqReport:
    """Builds an index in a temporary place, asks it everything, and measures.

    Args:
        documents: all of desk `DESK`.
        questions: in scope and out of it.
        encoder: of documents and questions.
        target: share of the answers given that may be wrong: the decision is then learnt from half of
            the questions and measured on the other half.
        progress: called with (what, done, total).
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = _ranked(documents, questions, encoder, folder, progress)
        if target is None:
            return report
        return _decided(documents, questions, encoder, folder, target, report, progress)


def _ranked(
    documents: Sequence[Document],
    questions: Sequence[Question],
    encoder: Encoder,
    folder: Path,
    progress: Progress,
) -> FaqReport:
    asked = _ask(documents, questions, encoder, folder, progress)
    inside = np.array([bool(one.ranks) for one in asked])
    best = np.array([min(one.ranks, default=0) for one in asked])
    found = {f"recall@{cut}": mean((best <= cut).astype(float), where=inside) for cut in CUTS}
    near = np.where(inside & (best <= 10), 1 / np.maximum(best, 1), 0.0)
    precision = np.array([_average_precision(one.ranks) for one in asked])
    found |= {"mrr@10": mean(near, where=inside), "map": mean(precision, where=inside)}
    scores = np.array([one.score for one in asked])
    found["auroc"] = auroc(scores, inside)
    found["correct_at_10pct_fa"] = _correct_at(scores, best == 1, inside)
    return FaqReport(
        figures=found, latency_ms_p50=1000 * float(np.median([one.seconds for one in asked] or [0.0]))
    )


def _decided(
    documents: Sequence[Document],
    questions: Sequence[Question],
    encoder: Encoder,
    folder: Path,
    target: float,
    report: FaqReport,
    progress: Progress,
) -> FaqReport:
    mixed = list(questions)
    random.Random(_SEED).shuffle(mixed)
    half = len(mixed) // 2
    searcher = _built(documents, encoder, folder, progress, mixed[:half], target)
    asked = [_asked(searcher, encoder, question, 1) for question in mixed[half:]]
    threshold = searcher.manifest.decision.answer
    inside = np.array([bool(question.answers) for question in mixed[half:]])
    given = np.array([one.confidence >= threshold for one in asked])
    right = np.array([1 in one.ranks for one in asked])
    figures = {
        **report.figures,
        "coverage": mean(given.astype(float), where=inside),
        "error": mean((~right).astype(float), where=given),
    }
    return replace(report, figures=figures, threshold=threshold)


def _ask(
    documents: Sequence[Document],
    questions: Sequence[Question],
    encoder: Encoder,
    folder: Path,
    progress: Progress,
) -> list[ScoredQuestion]:
    searcher = _built(documents, encoder, folder, progress)
    asked = []
    for number, question in enumerate(questions):
        progress("Asking", number, len(questions))
        asked.append(_asked(searcher, encoder, question, len(documents)))
    return asked


def _built(
    documents: Sequence[Document],
    encoder: Encoder,
    folder: Path,
    progress: Progress,
    questions: Sequence[Question] = (),
    target: float = DEFAULT_TARGET,
) -> Searcher:
    build(
        documents,
        folder,
        encode=encoder.encode,
        encode_documents=encoder.encode_documents,
        model_id=encoder.model_id,
        questions=questions,
        target=target,
        on_progress=lambda done, total: progress("Encoding", done, total),
    )
    return Searcher.open(folder, model_id=encoder.model_id)


def _asked(searcher: Searcher, encoder: Encoder, question: Question, k: int) -> ScoredQuestion:
    start = time.perf_counter()
    vector = encoder.encode([question.text])[0]
    hits = searcher.search(question.text, lambda: vector, desk=DESK, language="fr", k=k).hits
    seconds = time.perf_counter() - start
    places: dict[tuple[str, str], int] = {(hit.kind, hit.id): rank for rank, hit in enumerate(hits, start=1)}
    return ScoredQuestion(
        ranks=tuple(sorted(places.get(answer, _NOT_FOUND) for answer in question.answers)),
        score=hits[0].score if hits else -np.inf,
        confidence=hits[0].confidence if hits else 0.0,
        seconds=seconds,
    )


def _average_precision(ranks: Sequence[int]) -> float:
    return float(np.mean([place / rank for place, rank in enumerate(ranks, start=1)])) if ranks else 0.0


def _correct_at(scores: NDArray[np.float64], right: NDArray[np.bool_], inside: NDArray[np.bool_]) -> Estimate:
    """Share of the questions in scope answered rightly when a tenth of the others are answered too."""

    def figure(weights: NDArray[np.float64]) -> float | None:
        order = np.argsort(-scores, kind="stable")
        others, ours = (weights * ~inside)[order], (weights * inside)[order]
        if not others.sum() or not ours.sum():
            return None
        allowed = np.cumsum(others) <= _FALSE_ACCEPTS * others.sum()
        return float((ours * right[order] * allowed).sum() / ours.sum())

    return estimate(figure, len(scores))


def _objects(path: Path, keys: Sequence[str]) -> Sequence[tuple[int, dict[str, object]]]:
    remedy = f"Each line is {{{', '.join(f'{key!r}: …' for key in keys)}}}."
    return read_objects(path, keys, remedy)


def _text(path: Path, number: int, item: Mapping[str, object], key: str) -> str:
    value = item[key]
    if not isinstance(value, str | int) or not str(value).strip():
        raise ContentError(str(path), number, f"`{key}` is missing or no text.")
    return storable(str(value)).strip()
