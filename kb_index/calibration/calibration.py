"""From evidence to a score, and from scores to the probability that a hit is right."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kb_index.decision.questions import Question
from kb_index.decision.thresholds import Outcomes
from kb_index.index.index import Entry, Evidence, Index, Matrix, Role
from kb_index.index.manifest import Calibration, Scaling

FEATURES = ("score", "margin", "lexical", "cosine")

_ASK_WEIGHT = 0.5
_LEXICAL_WEIGHT = 0.15
"""Chosen on subjects of `training/subjects` that the encoder had not been trained on."""
_PASSAGE_WEIGHT = 0.9
"""A passage may answer alone, but is more easily near by chance than a whole article."""
_IDENTIFIED_BONUS = 1.5
_EXACT_BONUS = 3.0
_MARGIN_LIMIT = 3.0
_IN_SCOPE_PRIOR = 0.75
"""Share of questions that the knowledge base can answer: unknown beforehand, and of mild effect."""
_HITS_LEARNT_FROM = 3
_FOLDS = 5
_LEAST_POSITIVES, _LEAST_NEGATIVES = 40, 30
_MOST_QUESTIONS = 3000
_RIDGE = 1e-3
_NONE: Matrix = np.empty(0, dtype=np.float32)

DEFAULT_SCALING = Scaling(cosine_mean=0.12, cosine_deviation=0.10, lexical_mean=0.055, lexical_deviation=0.04)
DEFAULT_CALIBRATION = Calibration(
    weights=(0.25, 0.7, 0.9, 2.8), bias=-3.0, positives=0, negatives=0, auroc=0.5
)
"""For a knowledge base too small to learn from: what a bilingual one of 150 documents learnt, rounded."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Documents by score, one of each (kind, id): that of its languages which fits best.

    Args:
        entries: numbers of the documents, best first.
        places: where each stands in its `Evidence`.
        scores: fused, in deviations above an article that does not answer.
        features: float32, (n, len(FEATURES)).
    """

    entries: NDArray[np.int64]
    places: NDArray[np.int64]
    scores: Matrix
    features: Matrix


def likeness(evidence: Evidence) -> Matrix:
    """Mean of the cosines with title and with title and body, a quarter pulled to the best way of asking."""
    base = np.where(evidence.body > -1, (evidence.title + evidence.body) / 2, evidence.title)
    base = np.maximum(base, _PASSAGE_WEIGHT * evidence.passage)
    return np.asarray(
        (base + _ASK_WEIGHT * np.maximum(evidence.ask, base)) / (1 + _ASK_WEIGHT), dtype=np.float32
    )


def scored(index: Index, evidence: Evidence, scaling: Scaling) -> Scored:
    """Fuses evidence into scores (by score: fusing ranks measured far worse) and orders the documents."""
    cosine = likeness(evidence)
    fused = (
        (cosine - scaling.cosine_mean) / scaling.cosine_deviation
        + _LEXICAL_WEIGHT * (evidence.lexical - scaling.lexical_mean) / scaling.lexical_deviation
        + _IDENTIFIED_BONUS * evidence.identified
        + _EXACT_BONUS * evidence.exact
    )
    order = np.argsort(-fused, kind="stable")
    _, firsts = np.unique(index.topics[evidence.entries[order]], return_index=True)
    at = order[np.sort(firsts)]
    scores = fused[at].astype(np.float32)
    features = np.stack([scores, _margins(scores), evidence.lexical[at], cosine[at]], axis=1)
    return Scored(
        entries=evidence.entries[at], places=at, scores=scores, features=features.astype(np.float32)
    )


def probabilities(calibration: Calibration, features: Matrix) -> NDArray[np.float64]:
    """The probability that each hit is right: (n,), 0 to 1."""
    logits = features.astype(np.float64) @ np.array(calibration.weights) + calibration.bias
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float64)


def measure_scaling(index: Index) -> Scaling:
    """Mean and deviation of likeness between each document's title and the other documents of its desk."""
    cosines: list[Matrix] = [_NONE]
    spellings: list[Matrix] = [_NONE]
    step = max(1, len(index.entries) // 400)
    for number in range(0, len(index.entries), step):
        entry = index.entries[number]
        vector = index.row_vectors(entry.start, entry.start + 1)[0]
        found = index.evidence(entry.title, vector, desk=entry.desk)
        if found is None:
            continue
        other = np.array([index.entries[n].id != entry.id for n in found.entries])
        same_language = np.array([index.entries[n].language == entry.language for n in found.entries])
        cosines.append(likeness(found)[other & same_language])
        spellings.append(found.lexical[other & same_language])
    cosine, spelling = np.concatenate(cosines), np.concatenate(spellings)
    if len(cosine) < 20:
        return DEFAULT_SCALING
    return Scaling(
        cosine_mean=float(cosine.mean()),
        cosine_deviation=max(float(cosine.std()), 0.02),
        lexical_mean=float(spelling.mean()),
        lexical_deviation=max(float(spelling.std()), 0.01),
    )


def calibrate(
    index: Index,
    scaling: Scaling,
    negatives: Sequence[str],
    encode: Callable[[Sequence[str]], Matrix],
    questions: Sequence[Question] = (),
) -> tuple[Calibration, Outcomes | None]:
    """Learns when a hit is right.

    From labelled questions where there are enough. Otherwise positives are the documents' own ways of
    asking, each asked of the index without itself and without its nearest translation; negatives are
    sentences that no document answers, and the ways of asking of other desks.

    Args:
        negatives: sentences out of scope for every desk.
        encode: see `nlu.encoders.encoder.Encoder.encode`.
        questions: labelled; those of desks that the index does not know are passed over.

    Returns:
        The calibration; and what became of the labelled questions, each by a calibration learnt without
        it, or None when they were too few.
    """
    labelled = _labelled(index, scaling, questions, encode)
    if labelled is not None:
        return _fit(labelled), _cross_fitted(labelled)
    examples = _own(index, scaling) + _foreign(index, scaling, negatives, encode)
    inside = sum(example.inside for example in examples)
    if inside < _LEAST_POSITIVES or len(examples) - inside < _LEAST_NEGATIVES:
        return DEFAULT_CALIBRATION, None
    return _fit(examples), None


def try_out(
    index: Index,
    scaling: Scaling,
    questions: Sequence[Question],
    encode: Callable[[Sequence[str]], Matrix],
) -> Outcomes | None:
    """What becomes of labelled questions, each by a calibration learnt without it; None for too few."""
    labelled = _labelled(index, scaling, questions, encode)
    return None if labelled is None else _cross_fitted(labelled)


@dataclass(frozen=True)
class _Example:
    """What was found for one question: features of its first hits, float32, (hits, len(FEATURES))."""

    features: Matrix
    right: NDArray[np.bool_]
    inside: bool


def _outcomes(calibration: Calibration, examples: Sequence["_Example"]) -> Outcomes:
    """What a calibration makes of examples that it was not learnt from."""
    return Outcomes(
        confidence=np.array(
            [probabilities(calibration, e.features[:1])[0] if len(e.features) else 0.0 for e in examples]
        ),
        right=np.array([bool(e.right[:1].any()) for e in examples]),
        offered=np.array([bool(e.right.any()) for e in examples]),
        inside=np.array([e.inside for e in examples]),
    )


def _labelled(
    index: Index, scaling: Scaling, questions: Sequence[Question], encode: Callable[[Sequence[str]], Matrix]
) -> list[_Example] | None:
    """Labelled questions of the desks that the index knows; None for too few."""
    asked = [question for question in questions if question.desk in index.desks]
    inside = sum(bool(question.answers) for question in asked)
    if inside < _LEAST_POSITIVES or len(asked) - inside < _LEAST_NEGATIVES:
        return None
    return _asked(index, scaling, asked, encode([question.text for question in asked]))


def _asked(
    index: Index, scaling: Scaling, questions: Sequence[Question], vectors: Iterable[Matrix]
) -> list[_Example]:
    examples = []
    for question, vector in zip(questions, vectors, strict=True):
        found = index.evidence(question.text, vector, desk=question.desk)
        if found is not None:
            right = {(question.desk, *answer) for answer in question.answers}
            examples.append(_example(index, scored(index, found, scaling), right))
    return examples


def _own(index: Index, scaling: Scaling) -> list[_Example]:
    """The documents' ways of asking, asked of every desk."""
    examples = []
    asked = [(n, row) for n, entry in enumerate(index.entries) for row in _asks(index, n)]
    for number, row in _sample(asked):
        entry = index.entries[number]
        vector = index.row_vectors(row, row + 1)[0]
        for desk in index.desks:
            without = _left_out(index, number, row, vector) if desk == entry.desk else ()
            found = index.evidence(index.shown[row], vector, desk=desk, without=without)
            if found is not None:
                right = {_name(entry)} if desk == entry.desk else set()
                examples.append(_example(index, scored(index, found, scaling), right))
    return examples


def _foreign(
    index: Index, scaling: Scaling, negatives: Sequence[str], encode: Callable[[Sequence[str]], Matrix]
) -> list[_Example]:
    vectors = encode(negatives)
    return [
        example
        for desk in index.desks
        for example in _asked(
            index,
            scaling,
            [Question(text=text, desk=desk, answers=frozenset()) for text in negatives],
            vectors,
        )
    ]


def _example(index: Index, ranked: Scored, right: Set[tuple[str, str, str]]) -> _Example:
    names = [_name(index.entries[n]) for n in ranked.entries[:_HITS_LEARNT_FROM]]
    return _Example(
        features=ranked.features[:_HITS_LEARNT_FROM],
        right=np.array([name in right for name in names], dtype=np.bool_),
        inside=bool(right),
    )


def _cross_fitted(examples: Sequence[_Example]) -> Outcomes:
    """Each example by a calibration learnt from the other folds."""
    parts = [_outcomes(_fit(_others(examples, fold)), examples[fold::_FOLDS]) for fold in range(_FOLDS)]
    return Outcomes(
        confidence=np.concatenate([part.confidence for part in parts]),
        right=np.concatenate([part.right for part in parts]),
        offered=np.concatenate([part.offered for part in parts]),
        inside=np.concatenate([part.inside for part in parts]),
    )


def _others(examples: Sequence[_Example], fold: int) -> list[_Example]:
    return [example for n, example in enumerate(examples) if n % _FOLDS != fold]


def _fit(examples: Sequence[_Example]) -> Calibration:
    examples = [example for example in examples if len(example.features)]
    positives = sum(example.inside for example in examples)
    negatives = len(examples) - positives
    each = {True: _IN_SCOPE_PRIOR / max(positives, 1), False: (1 - _IN_SCOPE_PRIOR) / max(negatives, 1)}
    weight = np.concatenate([np.full(len(e.features), each[e.inside]) for e in examples])
    matrix = np.concatenate([e.features for e in examples]).astype(np.float64)
    truth = np.concatenate([e.right for e in examples])
    weights, bias = logistic(matrix, truth, weight * len(weight) / weight.sum())
    found = Calibration(weights=weights, bias=bias, positives=positives, negatives=negatives, auroc=0.5)
    best = probabilities(found, np.stack([e.features[0] for e in examples]))
    return replace(found, auroc=auroc(best, np.array([e.right[0] for e in examples])))


def logistic(
    matrix: NDArray[np.float64], truth: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[tuple[float, ...], float]:
    """Weighted logistic regression by Newton's method, slightly regularised, on standardised columns."""
    mean, deviation = matrix.mean(axis=0), np.maximum(matrix.std(axis=0), 1e-6)
    design = np.concatenate([(matrix - mean) / deviation, np.ones((len(matrix), 1))], axis=1)
    ridge = np.diag([_RIDGE * len(matrix)] * matrix.shape[1] + [1e-6])
    beta = np.zeros(design.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (weight * (chance - truth)) + ridge @ beta
        curvature = (design * (weight * chance * (1 - chance))[:, np.newaxis]).T @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        beta -= step
        if np.abs(step).max() < 1e-6:
            break
    weights = beta[:-1] / deviation
    return tuple(weights.tolist()), float(beta[-1] - weights @ mean)


def auroc(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Probability that a true one scores above a false one; 0.5 when either is missing."""
    above, below = scores[truth], scores[~truth]
    if not len(above) or not len(below):
        return 0.5
    order = np.sort(below)
    wins = np.searchsorted(order, above, side="left") + np.searchsorted(order, above, side="right")
    return float(wins.mean() / 2 / len(below))


def _margins(scores: Matrix) -> Matrix:
    """How far each stands above the best of the others."""
    if len(scores) < 2:
        return np.full(len(scores), _MARGIN_LIMIT, dtype=np.float32)
    others = np.full(len(scores), scores[0], dtype=np.float32)
    others[0] = scores[1]
    return np.asarray(np.clip(scores - others, -_MARGIN_LIMIT, _MARGIN_LIMIT), dtype=np.float32)


def _name(entry: Entry) -> tuple[str, str, str]:
    """What all languages of a document share."""
    return entry.desk, entry.kind, entry.id


def _asks(index: Index, number: int) -> Sequence[int]:
    entry = index.entries[number]
    return [row for row in range(entry.start, entry.end) if index.roles[row] == Role.ASK]


def _left_out(index: Index, number: int, row: int, vector: Matrix) -> Sequence[int]:
    """The row itself, and its nearest among the ways of asking for the same in another language."""
    entry = index.entries[number]
    near = [row]
    for other in (number - 1, number + 1):
        if 0 <= other < len(index.entries):
            twin = index.entries[other]
            rows = _asks(index, other)
            if _name(twin) == _name(entry) and rows:
                cosines = [float(index.row_vectors(r, r + 1)[0] @ vector) for r in rows]
                near.append(rows[int(np.argmax(cosines))])
    return near


def _sample(asked: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    step = max(1, -(-len(asked) // _MOST_QUESTIONS))
    return asked[::step]
