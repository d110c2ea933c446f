"""The files of a workspace: read from its folder, written back, hashed."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from bot.content.desks_file import FILE as DESKS_FILE
from bot.domain.errors import ContentError, ContentErrors

BASE = Path(__file__).resolve().parents[2] / "config" / "base"
"""Intents and phrases that every workspace has."""

MAX_FILE_BYTES = 1_000_000
_SUFFIXES = {
    "knowledge": ".md",
    "flows": ".yml",
    "intents": ".yml",
    "phrases": ".yml",
    "questions": ".yml",
    "tests": ".yml",
}
BASE_PREFIX = "base/"


def read_folder(folder: Path) -> dict[str, str]:
    """The files of a workspace, with the product's base under them, path -> text.

    Tests are left out: they are no content.

    Raises:
        ContentErrors: no workspace there, a file too large or not UTF-8.
    """
    if not (folder / DESKS_FILE).is_file():
        remedy = "`relais init FOLDER` makes a workspace."
        raise ContentErrors(
            [ContentError(DESKS_FILE, None, f"there is no {DESKS_FILE} in {folder}.", remedy)]
        )
    files = {DESKS_FILE: folder / DESKS_FILE}
    for part in ("knowledge", "flows", "intents", "phrases", "questions"):
        files |= dict(_files(folder, part))
    base = {BASE_PREFIX + name: path for part in ("intents", "phrases") for name, path in _files(BASE, part)}
    return _texts(base | files)


def write_folder(files: Mapping[str, str], folder: Path) -> None:
    """Writes out what `read_folder` has read, without the product's base."""
    for path, text in files.items():
        if not path.startswith(BASE_PREFIX):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")


def read_tests(folder: Path) -> dict[str, str]:
    """The conversation tests of a workspace, path -> text."""
    return _texts(dict(_files(folder, "tests")))


def content_hash(files: Mapping[str, str]) -> str:
    """SHA-256 of all paths and texts."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name, files[name]):
            encoded = part.encode()
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def _files(folder: Path, part: str) -> Iterable[tuple[str, Path]]:
    root = folder / part
    for path in sorted(root.rglob(f"*{_SUFFIXES[part]}")):
        if path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(folder.resolve()):
            yield path.relative_to(folder).as_posix(), path


def _texts(files: Mapping[str, Path]) -> dict[str, str]:
    texts: dict[str, str] = {}
    problems: list[ContentError] = []
    for name, path in files.items():
        if path.stat().st_size > MAX_FILE_BYTES:
            problems.append(ContentError(name, None, f"larger than {MAX_FILE_BYTES:,} bytes.", "Split it."))
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as exc:
            line = path.read_bytes()[: exc.start].count(b"\n") + 1
            problems.append(ContentError(name, line, "not UTF-8 text.", "Save the file as UTF-8."))
    if problems:
        raise ContentErrors(problems)
    return texts


def part_of(path: str) -> str:
    """The folder that a file of a workspace, or of the product's base, is in."""
    return PurePosixPath(path.removeprefix(BASE_PREFIX)).parts[0]
