"""From a hit's features to the probability that it is right."""

import numpy as np
from numpy.typing import NDArray

from kb_index.index.arrays import Matrix
from kb_index.index.manifest import Calibration, Scaling

DEFAULT_SCALING = Scaling(cosine_mean=0.12, cosine_deviation=0.10, lexical_mean=0.055, lexical_deviation=0.04)
DEFAULT_CALIBRATION = Calibration(
    weights=(0.25, 0.7, 0.9, 2.8), bias=-3.0, positives=0, negatives=0, auroc=0.5
)
"""For a knowledge base too small to learn from: what a bilingual one of 150 documents learnt, rounded."""


def probabilities(calibration: Calibration, features: Matrix) -> NDArray[np.float64]:
    """The probability that each hit is right: (n,), 0 to 1.

    Args:
        features: float32, (n, len(FEATURES)); see `kb_index.retrieval.fusion.FEATURES`.
    """
    logits = features.astype(np.float64) @ np.array(calibration.weights) + calibration.bias
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float64)
