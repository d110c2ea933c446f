"""Hit@1 of an index in memory: for which questions what answers them comes first."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kb_index.articles.documents import Document
from kb_index.calibration.learning import measure_scaling
from kb_index.decision.questions import Question
from kb_index.index.contents import Index, make_index
from kb_index.index.rows import Role, rows_of
from kb_index.retrieval.evidence import gather
from kb_index.retrieval.fusion import rank

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def hits_at_1(
    documents: Sequence[Document],
    questions: Sequence[Question],
    *,
    encode: Encode,
    encode_documents: Encode,
) -> NDArray[np.bool_]:
    """Whether the best hit of each question answers it: bool, (questions,).

    A question that is one of its answer's own ways of asking is asked as if that had none.

    Args:
        questions: in scope.
        encode, encode_documents: see `kb_index.build.build`.
    """
    index = make_index(documents, [_vectors(each, encode, encode_documents) for each in documents])
    scaling = measure_scaling(index)
    own = _ways_of_asking(index)
    right = []
    for question, vector in zip(questions, encode([each.text for each in questions]), strict=True):
        rows = [row for answer in question.answers for row in own.get((question.desk, *answer), ())]
        without = rows if question.text in {index.shown[row] for row in rows} else ()
        found = gather(index, question.text, vector, desk=question.desk, without=without)
        best = None if found is None else index.documents[rank(index, found, scaling).documents[0]]
        right.append(best is not None and (best.kind, best.id) in question.answers)
    return np.array(right, dtype=np.bool_)


def _vectors(document: Document, encode: Encode, encode_documents: Encode) -> NDArray[np.float32]:
    """Titles and bodies come before the ways of asking."""
    rows = rows_of(document)
    documents = encode_documents([row.text for row in rows if row.role is not Role.ASK])
    queries = [row.text for row in rows if row.role is Role.ASK]
    return np.concatenate([documents, encode(queries)]) if queries else documents


def _ways_of_asking(index: Index) -> dict[tuple[str, str, str], list[int]]:
    """Their rows by desk, kind and id, over all languages."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for document in index.documents:
        rows = [row for row in range(document.start, document.end) if index.roles[row] == Role.ASK]
        found.setdefault(document.name, []).extend(rows)
    return found
