"""Reads what others have written: pages, tables, exports of help centres."""

from collections.abc import Callable, Collection, Iterator
from importlib import import_module
from pathlib import Path

from kb_index.importers.encoding import EncodingUnknownError, decode
from kb_index.importers.files import ArchiveError, SourceFile, files
from kb_index.importers.formats import FORMATS
from kb_index.importers.records import Imported, MarkupError, Problem

__all__ = ["Imported", "Problem", "read"]

MAX_FAULTS = 1000
"""More in one file say that it is another kind of file."""

_Found = Iterator[Imported | Problem]


def read(source: Path, *, only: Collection[str] | None = None) -> Iterator[Imported | Problem]:
    """All articles of a file, a folder or a zip archive, and what is wrong with it.

    Args:
        only: names of the files of a folder to read; all of them when left out.
    """
    empty = True
    for file in files(source, only=only):
        empty = False
        if isinstance(file, Problem):
            yield file
        else:
            yield from _patiently(file)
    if empty and only is None:
        kinds = ", ".join(sorted(FORMATS))
        yield Problem(
            path=source.name, problem="There is no file of a known kind in it.", remedy=f"Known are: {kinds}."
        )


def _reader(module: str) -> Callable[..., _Found]:
    reader: Callable[..., _Found] = import_module(f"{__name__}.{module}").read
    return reader


def _patiently(file: SourceFile) -> _Found:
    """Reads a file until too much of it is wrong."""
    faults = 0
    for each in _read(file):
        yield each
        faults += isinstance(each, Problem) and each.fault
        if faults == MAX_FAULTS:
            yield Problem(path=file.name, problem=f"{faults} things are wrong in it; the rest was not read.")
            return


def _read(file: SourceFile) -> _Found:
    try:
        data, kind = file.read(), FORMATS[file.suffix]
        if not kind.is_text:
            yield from _reader(kind.module)(file.name, data)
            return
        text, guessed = decode(data)
        if guessed:
            yield Problem(path=file.name, problem=f"Not UTF-8; it was read as {guessed}.", fault=False)
        yield from _reader(kind.module)(file.name, text)
    except ArchiveError as exc:
        yield Problem(path=file.name, problem=exc.problem, remedy=exc.remedy)
    except EncodingUnknownError as exc:
        yield Problem(
            path=file.name, line=exc.line, problem="This is not UTF-8 text.", remedy="Save it as UTF-8."
        )
    except MarkupError as exc:
        yield Problem(path=file.name, problem=exc.problem, remedy="Divide it.")
    except OSError as exc:
        yield Problem(path=file.name, problem=f"It cannot be read: {exc.strerror}.")
