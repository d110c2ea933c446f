"""Markdown with a head of YAML: any keys, of which those that an article has are taken."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from bot.text.yaml import Fault, YamlError, load
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


def read(name: str, text: str) -> Iterator[Imported | Problem]:
    """One article. Its language may stand in the head or in the name, as in `vpn.fr.md`."""
    text = text.replace("\r\n", "\n")
    head = _HEAD.match(text)
    try:
        fields = _fields(head[1] or "") if head else {}
    except YamlError as exc:
        line = 1 + (exc.line or 1)
        yield Problem(path=name, line=line, problem=f"The head is not YAML that is read here: {exc.problem}.")
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
    """The head by key, every scalar as a text.

    Raises:
        YamlError: too long, too deep, aliases, or not `key: value`.
    """
    fields = load(head, max_chars=_MAX_HEAD_CHARS, max_depth=_MAX_DEPTH, only_texts=True)
    if not isinstance(fields, dict | None):
        raise YamlError(Fault.SYNTAX, None, "it is not made of `key: value` lines")
    return {str(key).lower(): value for key, value in (fields or {}).items()}
