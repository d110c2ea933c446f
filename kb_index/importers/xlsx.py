"""XLSX: each sheet a table of its own."""

import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import Any

import openpyxl

from kb_index.importers.files import ArchiveError, check_archive
from kb_index.importers.records import Imported, Problem
from kb_index.importers.table import articles

_MAX_ROWS = 200_000
_MAX_COLUMNS = 100


def read(name: str, data: bytes) -> Iterator[Imported | Problem]:
    """One article a row, `line` being the number of the row."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            check_archive(archive.infolist())
        workbook = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
    except ArchiveError as exc:
        yield Problem(path=name, problem=exc.problem, remedy=exc.remedy)
        return
    except Exception as exc:  # a broken workbook makes openpyxl raise nearly anything
        yield _broken(name, exc)
        return
    for sheet in workbook.worksheets:
        # Some programs state a size that is too small, and what lies beyond it would not be read.
        sheet.reset_dimensions()
        place = name if len(workbook.worksheets) == 1 else f"{name} ({sheet.title})"
        try:
            yield from articles(place, _numbered(sheet))
        except Exception as exc:
            yield _broken(place, exc)
    workbook.close()


def _numbered(sheet: Any) -> Iterator[tuple[int, Sequence[str]]]:
    rows = sheet.iter_rows(values_only=True, max_col=_MAX_COLUMNS)
    for number, cells in enumerate(islice(rows, _MAX_ROWS), start=1):
        yield number, ["" if cell is None else str(cell) for cell in cells]


def _broken(path: str, exc: Exception) -> Problem:
    return Problem(
        path=path, problem=f"The workbook cannot be read: {exc}.", remedy="Open it and save it again as XLSX."
    )
