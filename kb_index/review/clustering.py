"""Clusters questions that ask the same; how many clusters there are is not given."""

from collections.abc import Sequence

import numpy as np

from kb_index.index.arrays import Matrix, Numbers
from kb_index.index.manifest import Scaling

_DEVIATIONS = 3.0
"""By how many of a workspace's own deviations (`Scaling`) two questions about the same are more alike than
unrelated texts. About 2 % of the pairs of different articles are above it in helpdesk_fr, covidfaq_en and
covidfaq_fr (docs/evaluation.md); what it leaves apart is joined by the article that both are near to.
"""


def min_similarity(scaling: Scaling) -> float:
    """The mean cosine from which two clusters of questions are one."""
    return scaling.cosine_mean + _DEVIATIONS * scaling.cosine_deviation


def cluster(vectors: Matrix, similarity: float) -> Sequence[Numbers]:
    """Agglomerative clusters with average linkage.

    Args:
        vectors: float32, (n, dim), rows of length 1; memory grows with n squared, 5000 take 300 MB.
        similarity: mean cosine from which two clusters are one.

    Returns:
        For each cluster the numbers of its rows, the most typical first; the largest cluster first.
    """
    if len(vectors) < 2:
        return [np.arange(len(vectors))] if len(vectors) else []
    # Imported here: only this command needs it, and it takes a while.
    from scipy.cluster.hierarchy import fcluster, linkage

    cosines = vectors @ vectors.T
    distances = 1 - np.clip(cosines[np.triu_indices(len(vectors), k=1)], -1, 1)
    labels = fcluster(linkage(distances, method="average"), 1 - similarity, criterion="distance")
    found = [np.flatnonzero(labels == label) for label in range(1, labels.max() + 1)]
    typical = [rows[np.argsort(-cosines[np.ix_(rows, rows)].mean(axis=1), kind="stable")] for rows in found]
    return sorted(typical, key=len, reverse=True)
