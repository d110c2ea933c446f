"""Groups questions that ask the same, without being told how many groups there are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kb_index.index.manifest import Scaling

Matrix = NDArray[np.float32]
Places = NDArray[np.int64]

_DEVIATIONS = 3.0
"""By how many deviations two questions about the same must be more alike than things unrelated.

Measured on the demo's own ways of asking and labelled questions, both encoders, by average linkage: above it
four of five questions in a group are about the same (B-cubed precision 0.79 to 0.90); what it leaves apart is
brought together again by the article that both are near to.
"""


def least_likeness(scaling: Scaling) -> float:
    """The mean cosine from which two groups of questions are one."""
    return scaling.cosine_mean + _DEVIATIONS * scaling.cosine_deviation


def group(vectors: Matrix, likeness: float) -> Sequence[Places]:
    """Agglomerative clusters with average linkage.

    Args:
        vectors: float32, (n, dim), rows of length 1; memory grows with n squared, 5000 take 300 MB.
        likeness: mean cosine from which two groups are one.

    Returns:
        For each group the numbers of its rows, the most typical first; the largest group first.
    """
    if len(vectors) < 2:
        return [np.arange(len(vectors))] if len(vectors) else []
    # Imported here: only this command needs it, and it takes a while.
    from scipy.cluster.hierarchy import fcluster, linkage

    cosines = vectors @ vectors.T
    distances = 1 - np.clip(cosines[np.triu_indices(len(vectors), k=1)], -1, 1)
    labels = fcluster(linkage(distances, method="average"), 1 - likeness, criterion="distance")
    groups = [np.flatnonzero(labels == label) for label in range(1, labels.max() + 1)]
    typical = [rows[np.argsort(-cosines[np.ix_(rows, rows)].mean(axis=1), kind="stable")] for rows in groups]
    return sorted(typical, key=len, reverse=True)
