"""Seals by which a damaged file of an index is noticed."""

import hashlib
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WHOLE_UP_TO = 256 * 2**20
"""Bytes. A file up to this size is hashed whole each time it is opened (0.8 s a GB); of a larger one, only
what opening it reads anyway."""

MAPPED_HEAD = 4096
"""Bytes at the beginning of a file of arrays that stand for it when it is too large to be hashed whole."""

_NAME_LENGTH_AT, _FIXED_PART, _EXTRA_HEADER, _ZIP64_PART = 26, 30, 4, 20
"""Bytes in the header of a member: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7."""
_PADDING_ID = 0xD935
"""Marks an extra field that only fills: it is Android's zipalign's."""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """What a file was when it was written.

    Args:
        size: bytes.
        sha256: of the whole file, in hex.
        head: so many bytes at its beginning are read when it is opened; the rest is mapped into memory.
        head_sha256: of these.
    """

    size: int
    sha256: str
    head: int
    head_sha256: str


def seal(path: Path, head: int | None = None) -> Seal:
    """Seals a file.

    Args:
        path: of the file.
        head: see `Seal`; None for a file that is read whole.
    """
    size = path.stat().st_size
    head = size if head is None else min(head, size)
    whole = _sha256(path, size)
    return Seal(
        size=size,
        sha256=whole,
        head=head,
        head_sha256=whole if head == size else _sha256(path, head),
    )


def is_intact(path: Path, expected: Seal | None, *, wholly: bool = False) -> bool:
    """Whether a file is the one that was sealed.

    Args:
        path: of the file; it may be missing.
        expected: its seal; None when it has none.
        wholly: hash all of it, however large.
    """
    if expected is None or not path.is_file() or path.stat().st_size != expected.size:
        return False
    if wholly or expected.size <= WHOLE_UP_TO:
        return _sha256(path, expected.size) == expected.sha256
    return _sha256(path, expected.head) == expected.head_sha256


def _sha256(path: Path, count: int) -> str:
    """SHA-256 of the first bytes of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while count and (block := file.read(min(count, 2**20))):
            digest.update(block)
            count -= len(block)
    return digest.hexdigest()


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays as `numpy.savez` does, but each where it can be mapped: at a multiple of 64 bytes."""
    with path.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            member.file_size = array.nbytes + 128
            begins = file.tell() + _FIXED_PART + len(member.filename) + _EXTRA_HEADER
            if member.file_size * 1.05 > zipfile.ZIP64_LIMIT:
                begins += _ZIP64_PART
            padding = -begins % 64
            member.extra = struct.pack("<HH", _PADDING_ID, padding) + bytes(padding)
            with archive.open(member, "w") as stream:
                np.lib.format.write_array(stream, np.ascontiguousarray(array), version=(1, 0))


def mapped_arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    """The arrays that `write_arrays` wrote, mapped into memory instead of read.

    Raises:
        ValueError: it is not such a file.
    """
    found: dict[str, NDArray[Any]] = {}
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            file.seek(member.header_offset + _NAME_LENGTH_AT)
            lengths = np.frombuffer(file.read(4), dtype="<u2")
            file.seek(member.header_offset + _NAME_LENGTH_AT + 4 + int(lengths.sum()))
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            name = member.filename.removesuffix(".npy")
            if 0 in shape:
                found[name] = np.empty(shape, dtype)
            else:
                mapped = np.memmap(path, dtype=dtype, mode="r", offset=file.tell(), shape=shape)
                found[name] = np.asarray(mapped)  # the class itself makes every slice ten times dearer
    return found
