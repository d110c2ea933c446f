"""Reads files of one JSON object a line."""

import json
from collections.abc import Sequence
from pathlib import Path

from bot.domain.errors import ContentError

_MAX_CHARS = 200_000


def read_objects(path: Path, keys: Sequence[str], remedy: str) -> list[tuple[int, dict[str, object]]]:
    """Each object with its 1-based line; empty lines are passed over.

    Args:
        path: of the file.
        keys: that each object must have.
        remedy: what a line should look like, for messages.

    Raises:
        ContentError: a line is wrong, or the file is empty or cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as exc:
        raise ContentError(str(path), None, "it is not UTF-8.", "Save it as UTF-8.") from exc
    except OSError as exc:
        raise ContentError(str(path), None, f"it cannot be read: {exc.strerror}.") from exc
    found = [
        (number, _object(path, number, line, keys, remedy))
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not found:
        raise ContentError(str(path), 1, "it is empty.", remedy)
    return found


def storable(text: str) -> str:
    """A text without lone halves of pairs, which JSON may hold and no encoder reads."""
    return text.encode("utf-8", "replace").decode()


def _object(path: Path, number: int, line: str, keys: Sequence[str], remedy: str) -> dict[str, object]:
    if len(line) > _MAX_CHARS:
        raise ContentError(str(path), number, f"the line is longer than {_MAX_CHARS} characters.", remedy)
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise ContentError(str(path), number, "not JSON.", remedy) from exc
    if not isinstance(item, dict) or any(key not in item for key in keys):
        raise ContentError(str(path), number, "not such an object.", remedy)
    return item
