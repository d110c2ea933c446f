"""Rows to articles, for CSV and XLSX alike: the first row names the columns, in French or English."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.text.folding import fold
from kb_index.importers.markup import from_markdown
from kb_index.importers.records import Imported, MarkupError, Problem, terms, words

_COLUMNS = {
    "id": ("id", "identifiant", "reference", "key", "slug"),
    "title": ("title", "titre", "question", "subject", "sujet"),
    "text": ("text", "texte", "body", "answer", "reponse", "content", "contenu", "article"),
    "lang": ("lang", "language", "langue", "locale"),
    "ask": ("ask", "asks", "questions", "variants", "variantes", "formulations"),
    "tags": ("tags", "tag", "labels", "etiquettes", "mots cles", "keywords"),
    "audience": ("audience", "public vise"),
    "valid_from": ("valid from", "valable des", "valable a partir du"),
    "valid_until": ("valid until", "valable jusqu au"),
}
_REMEDY = "The first row names the columns: title, text, and if you like id, lang, ask, tags, audience."


def articles(name: str, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Imported | Problem]:
    """One article a row.

    Args:
        rows: number of the row or line, and its cells; the first one that is not empty names the columns.
    """
    columns: Mapping[str, int] = {}
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = _named(cells)
            if not {"title", "text"} <= columns.keys():
                missing = " and ".join(sorted({"title", "text"} - columns.keys()))
                yield Problem(
                    path=name, line=number, problem=f"No column is named {missing}.", remedy=_REMEDY
                )
                return
        else:
            yield _article(name, number, {key: cells[at] for key, at in columns.items() if at < len(cells)})


def _named(cells: Sequence[str]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for at, cell in enumerate(cells):
        for key, names in _COLUMNS.items():
            if fold(cell) in names:
                found.setdefault(key, at)
    return found


def _article(name: str, number: int, fields: Mapping[str, str]) -> Imported | Problem:
    title = fields.get("title", "")
    try:
        body = from_markdown(fields.get("text", ""))
    except MarkupError as exc:
        return Problem(path=name, line=number, problem=exc.problem, remedy="Divide the article.")
    return Imported(
        id=fields.get("id", "").strip() or title,
        title=title,
        body=body,
        language=fields.get("lang", "").strip() or None,
        ask=words(fields.get("ask")),
        tags=words(fields.get("tags", "").replace(",", "|")),
        terms=terms(fields),
        path=name,
        line=number,
    )
