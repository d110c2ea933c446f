"""What speaks for each candidate: similarity in meaning and in spelling, exact and identified hits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.text.identifiers import question_identifier_keys
from kb_index.index.arrays import Matrix, Numbers
from kb_index.index.contents import Index
from kb_index.index.rows import Role

_ALL_ROWS_UP_TO = 4096
"""Rows of a desk up to which all are candidates."""
_CANDIDATE_ROWS = 512
_CANDIDATE_TEXTS = 64


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for each candidate document; arrays of one length.

    Args:
        documents: their numbers.
        title, body, ask, passage: greatest cosine by role; -1 where it has no such row.
        lexical: similarity in spelling, 0 to 1.
        best: greatest cosine of all.
        best_row: number of the row that has it.
        exact: the query is its title or one of its ways of asking, but for case and accents.
        identified: it names an identifier of the query.
    """

    documents: Numbers
    title: Matrix
    body: Matrix
    ask: Matrix
    passage: Matrix
    lexical: Matrix
    best: Matrix
    best_row: Numbers
    exact: NDArray[np.bool_]
    identified: NDArray[np.bool_]


def gather(
    index: Index, query: str, vector: Matrix, *, desk: str, without: Sequence[int] = ()
) -> Evidence | None:
    """What speaks for the documents of a desk; None without documents.

    Args:
        query: as it was written.
        vector: its embedding, float32, (dim,), of length 1.
        without: rows to pass over, when the query is one of the index's own ways of asking.
    """
    if desk not in index.desks:
        return None
    start, end = index.desks[desk]
    lexical = index.lexicon.scores(query, start, end)
    rows, cosines = _cosines(index, vector, lexical, start, end)
    if without:
        keep = ~np.isin(rows, without)
        rows, cosines = rows[keep], cosines[keep]
    if not len(rows):
        return None
    # The rows of a document stand side by side, and in it those of a role.
    owners, roles = index.owners[rows], index.roles[rows]
    begins = _changes(owners)
    runs = _changes(owners * len(Role) + roles)
    documents = owners[begins]
    place = np.repeat(np.arange(len(documents)), np.diff(begins, append=len(rows)))
    table = np.full((len(documents), len(Role)), -1.0, dtype=np.float32)
    table[place[runs], roles[runs]] = np.maximum.reduceat(cosines, runs)
    best = table.max(axis=1)
    best_row = np.zeros(len(documents), dtype=np.int64)
    nearest = np.flatnonzero(cosines == best[place])
    best_row[place[nearest]] = rows[nearest]
    return Evidence(
        documents=documents,
        title=table[:, Role.TITLE],
        body=table[:, Role.BODY],
        ask=table[:, Role.ASK],
        passage=table[:, Role.PASSAGE],
        lexical=np.maximum.reduceat(lexical[rows - start], begins),
        best=best,
        best_row=best_row,
        exact=_among(documents, () if without else index.exact.documents_with(query)),
        identified=_among(documents, index.documents_naming(question_identifier_keys(query))),
    )


def _cosines(index: Index, vector: Matrix, lexical: Matrix, start: int, end: int) -> tuple[Numbers, Matrix]:
    """Rows between start and end that may matter, and their cosines; all of them when they are few.

    Whole documents, in the order of the rows.
    """
    count = end - start
    if count <= _ALL_ROWS_UP_TO:
        return np.arange(start, end), index.desk_vectors(start, end) @ vector
    near, _ = index.vectors.candidates(vector, _CANDIDATE_ROWS, start=start, end=end)
    kept = min(_CANDIDATE_TEXTS, count)
    similar = start + np.argpartition(lexical, -kept)[-kept:]
    owners = np.unique(index.owners[np.concatenate([near, similar])])
    found = [index.documents[number] for number in owners]
    rows = np.concatenate([np.arange(each.start, each.end) for each in found])
    return rows, index.vectors.rows(rows) @ vector


def _changes(values: Numbers) -> Numbers:
    """Where another value begins than the one before."""
    return np.flatnonzero(np.diff(values, prepend=-1))


def _among(documents: Numbers, chosen: Sequence[int] | Numbers) -> NDArray[np.bool_]:
    """Which of the documents are chosen."""
    return np.isin(documents, chosen) if len(chosen) else np.zeros(len(documents), dtype=np.bool_)
