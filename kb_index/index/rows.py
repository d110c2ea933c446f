"""What is stored of each document: its rows, which are embedded, and its place in the table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from bot.text.identifiers import identifier_keys
from kb_index.articles.documents import Document
from kb_index.articles.text import passages, plain

_PASSAGES_FROM_CHARS = 900
_SUBTITLE = re.compile(r" ?: | [–—-] ")
"""Between the subject of a title and the rest: "Mot de passe oublié : le réinitialiser"."""


class Role(IntEnum):
    """What part of a document a row stands for."""

    TITLE = 0
    BODY = 1
    ASK = 2
    PASSAGE = 3


@dataclass(frozen=True, kw_only=True)
class DocumentRow:
    """One row of a document.

    Args:
        role: what part it stands for.
        text: what is embedded.
        shown: what is said to have matched.
    """

    role: Role
    text: str
    shown: str


@dataclass(frozen=True, kw_only=True)
class IndexedDocument:
    """One document in the table.

    Args:
        start, end: its rows are those from start up to end.
        identifiers: product references and error codes that it names.
        for_agents: it is kept from everybody else.
        first_day, last_day: on which it is shown, as `date.toordinal` counts.
    """

    kind: str
    id: str
    desk: str
    language: str
    title: str
    content_hash: str
    start: int
    end: int
    identifiers: frozenset[str]
    for_agents: bool = False
    first_day: int = date.min.toordinal()
    last_day: int = date.max.toordinal()

    @property
    def name(self) -> tuple[str, str, str]:
        """Desk, kind and id, which all languages of a document share."""
        return self.desk, self.kind, self.id


def indexed(document: Document, *, start: int, end: int) -> IndexedDocument:
    """A document's entry in the table, its rows being those from start up to end."""
    return IndexedDocument(
        kind=document.kind,
        id=document.id,
        desk=document.desk,
        language=document.language,
        title=document.title,
        content_hash=document.content_hash,
        start=start,
        end=end,
        identifiers=identifier_keys("\n".join([document.title, document.body, *document.ask])),
        for_agents=document.audience == "agents",
        first_day=(document.valid_from or date.min).toordinal(),
        last_day=(document.valid_until or date.max).toordinal(),
    )


def rows_of(document: Document) -> Sequence[DocumentRow]:
    """The rows of a document: title, its subject, both with the body, its passages, ways of asking."""
    body = plain(document.body)
    title = document.title
    rows = [DocumentRow(role=Role.TITLE, text=title, shown=title)]
    subject = _SUBTITLE.split(title, maxsplit=1)[0]
    if subject != title:
        rows.append(DocumentRow(role=Role.TITLE, text=subject, shown=subject))
    if body:
        rows.append(DocumentRow(role=Role.BODY, text=f"{title}\n{body}", shown=title))
    if len(body) > _PASSAGES_FROM_CHARS:
        rows += [DocumentRow(role=Role.PASSAGE, text=part, shown=part) for part in passages(body)]
    return rows + [DocumentRow(role=Role.ASK, text=line, shown=line) for line in document.ask]


def lexical_text(document: Document, row: DocumentRow) -> str:
    """What a query's spelling is compared with for a row: the title's row stands for the body too."""
    if row.text == document.title:
        return f"{document.title}\n{plain(document.body)}\n{' '.join(document.tags)}"
    return "" if row.role is Role.BODY else row.text
