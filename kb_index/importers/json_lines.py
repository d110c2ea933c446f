"""One JSON object a line: `{"id": …, "title": …, "text": …}`, the text in Markdown."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

from kb_index.importers.markup import from_markdown
from kb_index.importers.records import Imported, MarkupError, Problem, terms, words

_REMEDY = 'A line is {"id": "…", "title": "…", "text": "…"}.'


def read(name: str, text: str) -> Iterator[Imported | Problem]:
    """An article a line; empty lines do not matter, nor do other keys."""
    for number, line in enumerate(StringIO(text, newline="\n"), start=1):
        if line.strip():
            yield _article(name, number, line)


def _article(name: str, number: int, line: str) -> Imported | Problem:
    try:
        fields: Any = json.loads(line)
    except json.JSONDecodeError as exc:
        return Problem(path=name, line=number, problem=f"This is not valid JSON: {exc.msg}.", remedy=_REMEDY)
    except (ValueError, RecursionError):
        return Problem(
            path=name, line=number, problem="This JSON is nested too deeply, or a number is too long."
        )
    if not isinstance(fields, dict):
        return Problem(path=name, line=number, problem="This is not an object.", remedy=_REMEDY)
    body = fields.get("text", fields.get("body"))
    for key, value in (("id", fields.get("id")), ("title", fields.get("title")), ("text", body)):
        if not isinstance(value, str if key != "id" else str | int) or not str(value).strip():
            return Problem(path=name, line=number, problem=f"`{key}` is missing or no text.", remedy=_REMEDY)
    language = fields.get("lang", fields.get("language"))
    try:
        markdown = from_markdown(str(body))
    except MarkupError as exc:
        return Problem(path=name, line=number, problem=exc.problem, remedy="Divide the article.")
    return Imported(
        id=str(fields["id"]),
        title=fields["title"],
        body=markdown,
        language=language if isinstance(language, str) and language else None,
        ask=words(fields.get("ask")),
        tags=words(fields.get("tags")),
        terms=terms(fields),
        path=name,
        line=number,
    )
