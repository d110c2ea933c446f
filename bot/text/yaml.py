"""YAML that a person or a stranger wrote: bounded in size and depth, without aliases, never an object.

Parsing has a price that grows faster than the text (aliases multiply it, nesting takes the stack), so what
could blow up is refused event by event, before anything is built.
"""

from enum import Enum
from typing import Any

import yaml
from yaml.nodes import Node

MAX_CHARS = 200_000
"""No hand-written file of procedures or phrases is longer."""
MAX_DEPTH = 20
"""Lists and mappings inside one another; deeper than any file we know of."""

_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXTS = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class Fault(Enum):
    """Why a text is refused."""

    SIZE = "size"
    DEPTH = "depth"
    ALIAS = "alias"
    ANCHOR = "anchor"
    TAG = "tag"
    CHARACTER = "character"
    SYNTAX = "syntax"


class YamlError(ValueError):
    """A text is not YAML that is read here; callers say so in the words of their file.

    Args:
        fault: why.
        line: 1-based, None when the parser does not say.
        problem: part of a sentence, such as "it is nested too deeply".
    """

    def __init__(self, fault: Fault, line: int | None, problem: str) -> None:
        super().__init__(problem if line is None else f"line {line}: {problem}")
        self.fault = fault
        self.line = line
        self.problem = problem


def compose(
    text: str, *, max_chars: int = MAX_CHARS, max_depth: int = MAX_DEPTH, only_plain: bool = False
) -> Node | None:
    """The nodes of a text, which know their lines; None when it is empty.

    Args:
        text: what a file holds.
        max_chars: allowed length.
        max_depth: allowed nesting of lists and mappings.
        only_plain: also refuses anchors and tags.

    Raises:
        YamlError: the first thing that is wrong with it.
    """
    if len(text) > max_chars:
        raise YamlError(Fault.SIZE, None, f"it has more than {max_chars} characters")
    try:
        _check(text, max_depth, only_plain)
        node: Node | None = yaml.compose(text, Loader=_SAFE)
        return node
    except yaml.YAMLError as exc:
        raise _error(exc) from exc
    except UnicodeError as exc:
        raise YamlError(Fault.CHARACTER, None, "it holds a character that is not text") from exc


def load(
    text: str, *, max_chars: int = MAX_CHARS, max_depth: int = MAX_DEPTH, only_texts: bool = False
) -> object:
    """What a text says: texts, numbers, dates, lists, mappings; None when it is empty.

    Args:
        text, max_chars, max_depth: see `compose`.
        only_texts: every scalar is a text, "yes" and "3" too, whatever tag it has.

    Raises:
        YamlError: the first thing that is wrong with it.
    """
    compose(text, max_chars=max_chars, max_depth=max_depth)
    try:
        return yaml.load(text, Loader=_TEXTS if only_texts else _SAFE)  # noqa: S506, neither makes objects
    except yaml.YAMLError as exc:
        raise _error(exc) from exc
    except ValueError as exc:
        raise YamlError(Fault.SYNTAX, None, str(exc)) from exc


def _check(text: str, max_depth: int, only_plain: bool) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_SAFE):
        line = _line(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            raise YamlError(Fault.ALIAS, line, "aliases (*) are not used here")
        if only_plain and getattr(event, "anchor", None):
            raise YamlError(Fault.ANCHOR, line, "anchors (&) are not used here")
        if only_plain and getattr(event, "tag", None):
            raise YamlError(Fault.TAG, line, "tags (!) are not used here")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > max_depth:
                raise YamlError(Fault.DEPTH, line, "it is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _error(exc: yaml.YAMLError) -> YamlError:
    if isinstance(exc, yaml.MarkedYAMLError):
        return YamlError(Fault.SYNTAX, _line(exc.problem_mark), str(exc.problem))
    return YamlError(Fault.CHARACTER, None, "it holds a character that is not text")


def _line(mark: Any) -> int | None:
    """1-based; what is missing at the end is told behind the last line. PyYAML leaves marks out at times."""
    return None if mark is None else int(mark.line) + 1
