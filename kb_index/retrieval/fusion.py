"""From evidence to one score for each document."""

from dataclasses import dataclass

import numpy as np

from kb_index.index.arrays import Matrix, Numbers
from kb_index.index.contents import Index
from kb_index.index.manifest import Scaling
from kb_index.retrieval.evidence import Evidence

FEATURES = ("score", "margin", "lexical", "cosine")

_ASK_WEIGHT = 0.5
_LEXICAL_WEIGHT = 0.15
"""Chosen on subjects of `training/subjects` that the encoder had not been trained on."""
_PASSAGE_WEIGHT = 0.9
"""A passage may answer alone, but is more easily near by chance than a whole article."""
_IDENTIFIED_BONUS = 1.5
_EXACT_BONUS = 3.0
_MARGIN_LIMIT = 3.0


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Documents by score, one of each (kind, id): that of its languages which fits best.

    Args:
        documents: their numbers, best first.
        places: where each stands in its `Evidence`.
        scores: fused, in deviations above an article that does not answer.
        features: float32, (n, len(FEATURES)).
    """

    documents: Numbers
    places: Numbers
    scores: Matrix
    features: Matrix


def similarity(evidence: Evidence) -> Matrix:
    """Mean of the cosines with title and with title and body, a third of it the best way of asking's."""
    base = np.where(evidence.body > -1, (evidence.title + evidence.body) / 2, evidence.title)
    base = np.maximum(base, _PASSAGE_WEIGHT * evidence.passage)
    return np.asarray(
        (base + _ASK_WEIGHT * np.maximum(evidence.ask, base)) / (1 + _ASK_WEIGHT), dtype=np.float32
    )


def rank(index: Index, evidence: Evidence, scaling: Scaling) -> Ranking:
    """Fuses evidence into scores (by score: fusing ranks measured far worse) and orders the documents."""
    cosine = similarity(evidence)
    fused = (
        (cosine - scaling.cosine_mean) / scaling.cosine_deviation
        + _LEXICAL_WEIGHT * (evidence.lexical - scaling.lexical_mean) / scaling.lexical_deviation
        + _IDENTIFIED_BONUS * evidence.identified
        + _EXACT_BONUS * evidence.exact
    )
    order = np.argsort(-fused, kind="stable")
    _, firsts = np.unique(index.topics[evidence.documents[order]], return_index=True)
    at = order[np.sort(firsts)]
    scores = fused[at].astype(np.float32)
    features = np.stack([scores, _margins(scores), evidence.lexical[at], cosine[at]], axis=1)
    return Ranking(
        documents=evidence.documents[at], places=at, scores=scores, features=features.astype(np.float32)
    )


def _margins(scores: Matrix) -> Matrix:
    """How far each stands above the best of the others."""
    if len(scores) < 2:
        return np.full(len(scores), _MARGIN_LIMIT, dtype=np.float32)
    others = np.full(len(scores), scores[0], dtype=np.float32)
    others[0] = scores[1]
    return np.asarray(np.clip(scores - others, -_MARGIN_LIMIT, _MARGIN_LIMIT), dtype=np.float32)
