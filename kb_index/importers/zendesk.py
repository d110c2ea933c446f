"""Zendesk Guide: `{"articles": [...], "sections": [...]}` as its Help Center API gives them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kb_index.importers.markup import from_html
from kb_index.importers.records import Imported, MarkupError, Problem, words

SYSTEM = "zendesk"
_REMEDY = 'Known is what the Help Center API gives: {"articles": [...]}.'


def read(name: str, text: str) -> Iterator[Imported | Problem]:
    """Its articles; drafts are left out."""
    try:
        tree = json.loads(text)
    except json.JSONDecodeError as exc:
        yield Problem(path=name, line=exc.lineno, problem=f"This is not valid JSON: {exc.msg}.")
        return
    except (ValueError, RecursionError):
        yield Problem(path=name, problem="This JSON is nested too deeply or holds a number too long to read.")
        return
    articles = tree.get("articles") if isinstance(tree, dict) else None
    if not isinstance(articles, list):
        yield Problem(path=name, problem="There is no list of articles in it.", remedy=_REMEDY)
        return
    if tree.get("next_page"):
        yield Problem(
            path=name,
            problem="This is one page of several.",
            remedy="Save the pages that `next_page` leads to in the same folder, and import the folder.",
            fault=False,
        )
    listed = tree.get("sections")
    sections = {each.get("id"): each.get("name") for each in listed or () if isinstance(each, dict)}
    for place, article in enumerate(articles, start=1):
        yield _article(f"{name} (article {place})", article, sections)


def _article(path: str, article: Any, sections: Mapping[Any, Any]) -> Imported | Problem:
    if not isinstance(article, dict) or not isinstance(article.get("id"), int | str):
        return Problem(path=path, problem="The article has no id.", remedy=_REMEDY)
    path = path.rpartition(" (")[0] + f" (article {article['id']})"
    if article.get("draft"):
        return Problem(path=path, problem="This is a draft.", fault=False)
    for key in ("title", "body", "locale", "html_url"):
        if not isinstance(article.get(key, ""), str | None):
            return Problem(path=path, problem=f"`{key}` is not a text.", remedy=_REMEDY)
    labels = article.get("label_names")
    section = sections.get(article.get("section_id"))
    try:
        body = from_html(article.get("body") or "", base_url=article.get("html_url") or "")
    except MarkupError as exc:
        return Problem(path=path, problem=exc.problem)
    return Imported(
        id=str(article["id"]),
        title=article.get("title") or "",
        body=body,
        language=article.get("locale") or None,
        tags=words([section or "", *(labels if isinstance(labels, list) else ())]),
        path=path,
        system=SYSTEM,
    )
