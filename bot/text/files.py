"""Atomic writes: a file is replaced whole, or stays as it was."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_writer(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` when the block ends without an error.

    Args:
        path: in a folder that exists; a file that is there already is replaced.
        durable: on disk by then, name and all (fsync), so that what is reported as written outlives a power
            cut; takes milliseconds, which is too long for thousands of files that can be written again.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        with fresh.open("xb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Writes a file in one step; see `atomic_writer`."""
    with atomic_writer(path) as file:
        file.write(data)


def atomic_write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Writes a UTF-8 file in one step, its line ends as they are; see `atomic_writer`."""
    with atomic_writer(path, durable=durable) as file:
        file.write(text.encode())


def _sync_folder(folder: Path) -> None:
    """Makes a new name in a folder lasting; Windows has no such call and needs none."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
