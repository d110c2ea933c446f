"""CSV as spreadsheets write it: comma, semicolon, tab or bar between the cells."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from kb_index.articles.reading import MAX_CHARS
from kb_index.importers.records import Imported, Problem
from kb_index.importers.table import articles

if TYPE_CHECKING:
    from _csv import Reader as csv_reader


def read(name: str, text: str) -> Iterator[Imported | Problem]:
    """One article a row; `line` is the one on which the row begins."""
    first = next((line for line in StringIO(text) if line.strip()), "")
    delimiter = max(",;\t|", key=first.count)
    csv.field_size_limit(MAX_CHARS * 2)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from articles(name, _numbered(reader))
    except csv.Error as exc:
        yield Problem(
            path=name,
            line=reader.line_num,
            problem=f"The row cannot be read: {exc}. This line and those below it are left out.",
            remedy='Put a cell that holds " in quotes, and double the inner ones.',
        )


def _numbered(reader: "csv_reader") -> Iterator[tuple[int, Sequence[str]]]:
    begun = 1
    for cells in reader:
        yield begun, cells
        begun = reader.line_num + 1
