"""The files of a source: one file, a folder, or a zip archive, read within limits and never outside it."""

import os
import stat
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zlib import error as ZlibError

from kb_index.importers.formats import FORMATS
from kb_index.importers.records import Problem

MAX_PAGE_BYTES = 10_000_000
MAX_FILE_BYTES = 100_000_000
MAX_ARCHIVE_BYTES = 500_000_000
"""All that is read out of one archive, unpacked."""
MAX_ARCHIVE_FILES = 50_000
_MAX_RATIO = 150
"""Pages shrink to a tenth; a bomb to a thousandth."""
_RATIO_FROM_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file to import from.

    Args:
        name: relative to the source, with `/`; of a lone file its name.
        read: its bytes; raises OSError, or ArchiveError when it cannot be unpacked.
    """

    name: str
    read: Callable[[], bytes]

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix.lower()


class ArchiveError(ValueError):
    """An archive that is broken, locked, or larger than it says.

    Args:
        problem: one sentence.
    """

    def __init__(self, problem: str, remedy: str = "Pack it again.") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def files(source: Path, *, only: Collection[str] | None = None) -> Iterator[SourceFile | Problem]:
    """The files of known kinds, in the order of their names, and what could not be taken.

    Args:
        only: names of the files of a folder to look at; all of them when left out.
    """
    try:
        mode = source.stat().st_mode
        if stat.S_ISDIR(mode):
            yield from _folder(source, only)
        elif not stat.S_ISREG(mode):
            yield Problem(path=str(source), problem="This is neither a file nor a folder.")
        elif source.suffix.lower() == ".zip":
            yield from _archive(source)
        else:
            yield from _within_limits(source.name, source)
    except OSError as exc:
        yield Problem(path=str(source), problem=f"It cannot be read: {exc.strerror}.")


def check_archive(members: Sequence[zipfile.ZipInfo]) -> None:
    """Refuses a bomb by what the archive says of itself; `unpack` holds it to that.

    Raises:
        ArchiveError: too many files, too large, or packed too well to be true.
    """
    if len(members) > MAX_ARCHIVE_FILES:
        raise ArchiveError(f"The archive holds more than {MAX_ARCHIVE_FILES:,} files.", "Divide it.")
    if sum(member.file_size for member in members) > MAX_ARCHIVE_BYTES:
        raise ArchiveError(
            f"The archive unpacks to more than {MAX_ARCHIVE_BYTES // 1_000_000} MB.", "Divide it."
        )
    for member in members:
        if member.file_size > max(_RATIO_FROM_BYTES, _MAX_RATIO * member.compress_size):
            raise ArchiveError(
                f"{member.filename!r} unpacks to over {_MAX_RATIO} times its size, like a bomb.",
                "Pack the pages again, without it.",
            )


def _folder(root: Path, only: Collection[str] | None) -> Iterator[SourceFile | Problem]:
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in [*folders, *names]:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if only is not None and relative not in only:
                continue
            if path.is_symlink() and (path.suffix.lower() in FORMATS or path.is_dir()):
                yield Problem(
                    path=relative, problem="Links are not followed.", remedy="Put the file itself here."
                )
            elif path.suffix.lower() in FORMATS and not name.startswith((".", "~$")):
                found.append(relative)
    for relative in sorted(found):
        try:
            if (root / relative).is_file():
                yield from _within_limits(relative, root / relative)
        except OSError as exc:
            yield Problem(path=relative, problem=f"It cannot be read: {exc.strerror}.")


def _within_limits(name: str, path: Path) -> Iterator[SourceFile | Problem]:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(sorted({*FORMATS, ".zip"}))
        yield Problem(
            path=name,
            problem=f"{suffix or 'A file without a suffix'} is not known.",
            remedy=f"Known are: {known}.",
        )
        return
    too_large = _too_large(name, path.stat().st_size)
    yield too_large or SourceFile(name=name, read=path.read_bytes)


def _too_large(name: str, size: int) -> Problem | None:
    kind = FORMATS[PurePosixPath(name).suffix.lower()]
    limit = MAX_PAGE_BYTES if kind.is_page else MAX_FILE_BYTES
    if size <= limit:
        return None
    return Problem(
        path=name,
        problem=f"The file has {size / 1e6:,.0f} MB; at most {limit // 1_000_000} MB are read.",
        remedy="Divide it.",
    )


def _archive(source: Path) -> Iterator[SourceFile | Problem]:
    try:
        with zipfile.ZipFile(source) as archive:
            wanted = [
                each for each in archive.infolist() if PurePosixPath(each.filename).suffix.lower() in FORMATS
            ]
            # Attachments of an export are not unpacked, so they may be as large as they like.
            check_archive(wanted)
            for member in sorted(wanted, key=lambda each: each.filename):
                yield (
                    _outside(member)
                    or _too_large(member.filename, member.file_size)
                    or _member(archive, member)
                )
    except ArchiveError as exc:
        yield Problem(path=source.name, problem=exc.problem, remedy=exc.remedy)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as exc:
        yield Problem(path=source.name, problem=f"The archive is broken: {exc}.", remedy="Pack it again.")


def _outside(member: zipfile.ZipInfo) -> Problem | None:
    name = member.filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return Problem(
            path=name, problem="The name leads outside the archive.", remedy="Pack the folder again."
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        return Problem(path=name, problem="Links are not followed.", remedy="Pack the file itself.")
    return None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> SourceFile:
    return SourceFile(name=member.filename, read=lambda: unpack(archive, member))


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """One file of an archive, at most as large as the archive says.

    Raises:
        ArchiveError: it is locked, broken or larger.
    """
    if member.flag_bits & 1:
        raise ArchiveError("The file is locked with a password.", "Pack it without one.")
    try:
        with archive.open(member) as opened:
            data = opened.read(member.file_size + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ZlibError) as exc:
        raise ArchiveError(f"The file cannot be unpacked: {exc}.") from exc
    if len(data) > member.file_size:
        raise ArchiveError("The file is larger than its archive says.")
    return data
