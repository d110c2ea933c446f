"""What an importer yields: an article of somebody else's, or why there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.text.control import strip_controls

TERMS = ("audience", "valid_from", "valid_until")
_ZERO_WIDTH = re.compile("[\u200b\ufeff]")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """An article as its source has it, its text already in the small Markdown that a chat shows.

    Args:
        id: within its source; the same in every language.
        title: one line of plain text; may be empty, which the reader of articles refuses.
        body: Markdown; may be empty, likewise.
        language: as the source says it ("fr", "en-US"); None when it does not.
        ask: other ways of asking for it.
        tags: free words.
        terms: for whom and when it is shown, by the names that an article's head has for it, as written.
        path: the file that it stands in, as its source names it.
        line: 1-based, None when it is the whole file.
        system: whose ids these are ("zendesk", "confluence"), when they mean the same in every export.
    """

    id: str
    title: str
    body: str
    language: str | None = None
    ask: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    terms: Mapping[str, str] = field(default_factory=dict)
    path: str
    line: int | None = None
    system: str = ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why something was left out.

    Args:
        path, line: where.
        problem: what is wrong, one sentence.
        remedy: what to do.
        fault: False for what is no mistake of the source, such as a draft.
    """

    path: str
    line: int | None = None
    problem: str
    remedy: str = ""
    fault: bool = True

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.problem}" + (f" {self.remedy}" if self.remedy else "")


def words(value: object) -> tuple[str, ...]:
    """A list of texts out of a list, or out of a text with one on each line or between `|`; none twice."""
    parts = value if isinstance(value, list) else str(value or "").replace("|", "\n").splitlines()
    found: dict[str, str] = {}
    for part in parts:
        text = " ".join(str(part).split())
        if text:
            found.setdefault(text.casefold(), text)
    return tuple(found.values())


def terms(fields: Mapping[str, object]) -> Mapping[str, str]:
    """What is said of for whom and when; a value that no article may have is refused where it is read."""
    return {name: str(fields[name]).strip() for name in TERMS if str(fields.get(name) or "").strip()}


class MarkupError(ValueError):
    """A page that is deeper or larger than anybody writes.

    Args:
        problem: one sentence.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def clean(text: str) -> str:
    """Without control characters, lone surrogates, and marks without width."""
    return _ZERO_WIDTH.sub("", strip_controls(text))
