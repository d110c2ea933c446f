"""Checksums by which a damaged file of an index is noticed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

HASHED_WHOLE_UP_TO = 256 * 2**20
"""Bytes. A file up to this size is hashed whole each time it is opened (0.8 s a GB); of a larger one, only
what opening it reads anyway."""


@dataclass(frozen=True, kw_only=True)
class Checksum:
    """Size and hashes of a file when it was written.

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


def checksum(path: Path, head: int | None = None) -> Checksum:
    """The checksum of a file.

    Args:
        path: of the file.
        head: see `Checksum`; None for a file that is read whole.
    """
    size = path.stat().st_size
    head = size if head is None else min(head, size)
    whole = _sha256(path, size)
    return Checksum(
        size=size,
        sha256=whole,
        head=head,
        head_sha256=whole if head == size else _sha256(path, head),
    )


def is_intact(path: Path, expected: Checksum | None, *, wholly: bool = False) -> bool:
    """Whether a file has its checksum.

    Args:
        path: of the file; it may be missing.
        expected: None when it has none.
        wholly: hash all of it, however large.
    """
    if expected is None or not path.is_file() or path.stat().st_size != expected.size:
        return False
    if wholly or expected.size <= HASHED_WHOLE_UP_TO:
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
