"""Markdown with a head of YAML: any keys, of which those that an article has are taken."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from kb_index.articles.text import plain
from kb_index.importers.markup import from_markdown
from kb_index.importers.records import Imported, Problem, terms, words

_MAX_HEAD_CHARS: Final = 20_000
_MAX_DEPTH: Final = 10
_HEAD = re.compile(r"---[ \t]*\n(?:(.*?)\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIRST_HEADING = re.compile(
    r"\A\s*(?:#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\{#[\w-]+\})?|(\S[^\n]*)\n=+)[ \t]*(?:\n|\Z)"
)
_LANGUAGE_IN_NAME = re.compile(r"(.+)\.([a-z]{2})")
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Every scalar is text: no dates, no numbers, no objects."""


def read(name: str, text: str) -> Iterator[Imported | Problem]:
    """One article. Its language may stand in the head or in the name, as in `vpn.fr.md`."""
    text = text.replace("\r\n", "\n")
    head = _HEAD.match(text)
    try:
        fields = _fields(head[1] or "") if head else {}
    except yaml.MarkedYAMLError as exc:
        line = 2 + (exc.problem_mark.line if exc.problem_mark else 0)
        yield Problem(path=name, line=line, problem=f"The head is not YAML that is read here: {exc.problem}.")
        return
    except (yaml.YAMLError, ValueError) as exc:
        yield Problem(path=name, line=2, problem=f"The head is not YAML that is read here: {exc}.")
        return
    if str(fields.get("draft", "")).lower() in {"true", "yes", "on"}:
        yield Problem(path=name, problem="This is a draft.", fault=False)
        return
    body = text[head.end() :] if head else text
    heading = _FIRST_HEADING.match(body)
    heading_text = plain(heading[1] or heading[2]).strip() if heading else ""
    given = fields.get("title")
    title = " ".join(given.split()) if given and isinstance(given, str) else heading_text
    if heading and heading_text == title:
        body = body[heading.end() :]
    path = PurePosixPath(name)
    stem = str(path.with_suffix(""))
    in_name = _LANGUAGE_IN_NAME.fullmatch(stem)
    language = next((fields[key] for key in ("lang", "language", "locale") if fields.get(key)), None)
    yield Imported(
        id=in_name[1] if in_name else stem,
        title=title,
        body=from_markdown(body),
        language=str(language) if language else in_name and in_name[2],
        ask=words(fields.get("ask")),
        tags=words(next((fields[key] for key in ("tags", "keywords", "labels") if fields.get(key)), None)),
        terms=terms(fields),
        path=name,
    )


def _fields(head: str) -> Mapping[str, Any]:
    """The head, after what could blow up has been refused.

    Raises:
        ValueError, yaml.YAMLError: too long, too deep, aliases, or not `key: value`.
    """
    if len(head) > _MAX_HEAD_CHARS:
        raise ValueError(f"it has more than {_MAX_HEAD_CHARS:,} characters")
    depth = 0
    for event in yaml.parse(head, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("`*name` is not followed")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise ValueError("it is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    fields = yaml.load(head, Loader=_LOADER)  # noqa: S506, a loader of plain texts
    if not isinstance(fields, dict | None):
        raise ValueError("it is not made of `key: value` lines")
    return {str(key).lower(): value for key, value in (fields or {}).items()}
