"""Reads an article: Markdown under a head of YAML."""

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, NoReturn, get_args

import re2
from rapidfuzz import process
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.text.yaml import Fault, YamlError, compose
from kb_index.articles.documents import Audience, Document
from kb_index.articles.errors import ArticleError

MAX_CHARS = 200_000
_MAX_HEAD_CHARS = 20_000
_MAX_TITLE_CHARS = 200
_MAX_ASK_CHARS = 300
_MAX_DEPTH = 3
_KEYS = ("title", "ask", "tags", "audience", "valid_from", "valid_until")
_AUDIENCES: tuple[Audience, ...] = get_args(Audience)
_DAY = re2.compile(r"\d{4}-\d\d-\d\d")
_FENCE = re2.compile(r"-{3}[ \t]*")
_FAULTS = {
    Fault.SIZE: (f"The head has more than {_MAX_HEAD_CHARS} characters.", "Shorten it."),
    Fault.DEPTH: ("The head is nested too deeply.", "Use plain lists."),
    Fault.ALIAS: ("`&name` and `*name` are not allowed.", "Put the text in quotes."),
    Fault.ANCHOR: ("`&name` and `*name` are not allowed.", "Put the text in quotes."),
    Fault.TAG: ("`!name` is not allowed.", "Put the text in quotes."),
    Fault.CHARACTER: ("The head holds a character that is not text.", "Remove it."),
}
_NOT_YAML = (
    "The head is not YAML: {}.",
    "Put a text that holds `:` or begins with a sign in double quotes.",
)


def parse_article(path: str, text: str, *, desk: str, id: str, language: str) -> Document:
    """Reads one article.

    Args:
        path: of its file, for messages.
        text: of its file.
        desk, id, language: as its place and name say.

    Raises:
        ArticleError: the first thing that is wrong with it.
    """
    return _FrontMatterReader(path).read(text, desk=desk, id=id, language=language)


class _FrontMatterReader:
    """One file being read; knows where lines stand."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self, text: str, *, desk: str, id: str, language: str) -> Document:
        if len(text) > MAX_CHARS:
            self._refuse(1, f"The file has more than {MAX_CHARS} characters.", "Split the article.")
        lines = text.removeprefix("\ufeff").splitlines()
        end = self._head_end(lines)
        fields = self._fields("\n".join(lines[1:end]))
        body = "\n".join(lines[end + 1 :]).strip()
        if "title" not in fields:
            self._refuse(1, "The title is missing.", 'Write `title: "…"` between the two lines `---`.')
        if not body:
            self._refuse(end + 1, "The article has no text.", "Write the answer below the second line `---`.")
        valid_from, valid_until = (
            self._day(name, fields.get(name)) for name in ("valid_from", "valid_until")
        )
        if valid_from and valid_until and valid_until < valid_from:
            line = self._line(fields["valid_until"])
            self._refuse(
                line, f"{valid_until} is before {valid_from}.", "Swap `valid_from` and `valid_until`."
            )
        return Document(
            kind="article",
            id=id,
            desk=desk,
            language=language,
            title=self._title(fields["title"]),
            body=body,
            ask=self._list("ask", fields.get("ask"), max_chars=_MAX_ASK_CHARS),
            tags=self._list("tags", fields.get("tags"), max_chars=60),
            audience=self._audience(fields.get("audience")),
            valid_from=valid_from,
            valid_until=valid_until,
        )

    def _head_end(self, lines: list[str]) -> int:
        """Index of the line `---` that ends the head."""
        if not lines or _FENCE.fullmatch(lines[0]) is None:
            self._refuse(1, "The file does not begin with `---`.", "Put the title between two lines `---`.")
        end = next((n for n, line in enumerate(lines[1:], start=1) if _FENCE.fullmatch(line)), None)
        if end is None:
            self._refuse(1, "The head is not closed.", "Put a line `---` between the head and the text.")
        return end

    def _fields(self, head: str) -> Mapping[str, Node]:
        node = self._compose(head)
        if node is None:
            return {}
        if not isinstance(node, MappingNode):
            self._refuse(
                self._line(node), "The head is not made of `key: value` lines.", "Begin with `title:`."
            )
        fields: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in _KEYS:
                near = process.extractOne(name, _KEYS, score_cutoff=55)
                remedy = f"Did you mean `{near[0]}`?" if near else f"Known are: {', '.join(_KEYS)}."
                self._refuse(self._line(key), f"`{name}` is not known.", remedy)
            if name in fields:
                self._refuse(self._line(key), f"`{name}` stands here twice.", "Keep one of them.")
            fields[name] = value
        return fields

    def _compose(self, head: str) -> Node | None:
        try:
            return compose(head, max_chars=_MAX_HEAD_CHARS, max_depth=_MAX_DEPTH, only_plain=True)
        except YamlError as exc:
            line = min((exc.line or 1) + 1, head.count("\n") + 2)
            problem, remedy = _FAULTS.get(exc.fault, _NOT_YAML)
            self._refuse(line, problem.format(exc.problem), remedy, cause=exc)

    def _title(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            self._refuse(self._line(node), "The title is not a text.", "Put it in double quotes.")
        title = " ".join(str(node.value).split())
        if not title:
            self._refuse(self._line(node), "The title is empty.", "Write what the article is about.")
        if len(title) > _MAX_TITLE_CHARS:
            self._refuse(
                self._line(node), f"The title has more than {_MAX_TITLE_CHARS} characters.", "Shorten it."
            )
        return title

    def _audience(self, node: Node | None) -> Audience:
        if node is None:
            return "public"
        found = next((known for known in _AUDIENCES if known == node.value), None)
        if found is None:
            known = " or ".join(f"`{each}`" for each in _AUDIENCES)
            self._refuse(self._line(node), "`audience` is not known.", f"Write {known}.")
        return found

    def _day(self, name: str, node: Node | None) -> date | None:
        if node is None:
            return None
        try:
            if not isinstance(node, ScalarNode) or _DAY.fullmatch(node.value) is None:
                raise ValueError(name)
            return date.fromisoformat(node.value)
        except ValueError as exc:
            self._refuse(self._line(node), f"`{name}` is not a day.", "Write it as 2026-12-31.", cause=exc)

    def _list(self, name: str, node: Node | None, *, max_chars: int) -> tuple[str, ...]:
        if node is None or (isinstance(node, ScalarNode) and not node.value):
            return ()
        if not isinstance(node, SequenceNode):
            self._refuse(
                self._line(node), f"`{name}` is not a list.", "Write one line each, beginning with `- `."
            )
        seen: dict[str, str] = {}
        for item in node.value:
            line = self._line(item)
            if not isinstance(item, ScalarNode):
                self._refuse(line, f"A line of `{name}` is not a text.", "Put it in double quotes.")
            value = " ".join(str(item.value).split())
            if not value:
                self._refuse(line, f"A line of `{name}` is empty.", "Remove it.")
            if len(value) > max_chars:
                self._refuse(line, f"A line of `{name}` has more than {max_chars} characters.", "Shorten it.")
            form = unicodedata.normalize("NFC", value).casefold()
            if form in seen:
                self._refuse(line, f"`{value}` stands twice in `{name}`.", "Keep one of them.")
            seen[form] = value
        return tuple(seen.values())

    @staticmethod
    def _line(node: Node) -> int:
        return _line_of(node.start_mark)

    def _refuse(self, line: int, problem: str, remedy: str, *, cause: Exception | None = None) -> NoReturn:
        raise ArticleError(self._path, line, problem, remedy) from cause


def _line_of(mark: Any) -> int:
    """1-based line in the file, whose head begins on its second line."""
    return int(mark.line) + 2 if mark is not None else 2
