"""Labelled questions: what people asked and what answers it; for measuring and deciding, not for training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from bot.text.yaml import Fault, YamlError, compose
from kb_index.articles.errors import ArticleError

_KINDS = {"articles": "article", "flows": "flow"}
_OUT_OF_SCOPE = "out_of_scope"
_MAX_CHARS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Question:
    """One labelled question.

    Args:
        text: as somebody asked it.
        desk: that was asked.
        answers: (kind, id) of each document that answers it; empty when it is out of scope.
    """

    text: str
    desk: str
    answers: frozenset[tuple[str, str]]


def parse_questions(path: str, text: str, *, desk: str) -> Sequence[Question]:
    """Reads `questions/<desk>.yml`: lists of questions under `articles`, `flows` (by id) and `out_of_scope`.

    Raises:
        ArticleError: the first thing that is wrong with it.
    """
    try:
        tree = compose(text, max_chars=_MAX_CHARS)
    except YamlError as exc:
        if exc.fault is Fault.SIZE:
            problem, remedy = f"The file has more than {_MAX_CHARS:,} characters.", "Shorten it."
        else:
            problem, remedy = "This is not YAML.", "Put each question in double quotes."
        raise ArticleError(path, exc.line or 1, problem, remedy) from exc
    found: list[Question] = []
    for part, node in _mapping(path, tree).items():
        if part == _OUT_OF_SCOPE:
            found += [Question(text=line, desk=desk, answers=frozenset()) for line in _lines(path, node)]
        elif part in _KINDS:
            for document, lines in _mapping(path, node).items():
                answers = frozenset({(_KINDS[part], document)})
                found += [Question(text=line, desk=desk, answers=answers) for line in _lines(path, lines)]
        else:
            remedy = f"Known are {', '.join((*_KINDS, _OUT_OF_SCOPE))}."
            raise ArticleError(path, _line(node), f"`{part}` is not known.", remedy)
    return found


def _mapping(path: str, node: Any) -> Mapping[str, Any]:
    if node is None:
        return {}
    if not isinstance(node, MappingNode):
        raise ArticleError(path, _line(node), "Names with lists below them are expected.", "See the docs.")
    return {str(key.value): value for key, value in node.value}


def _lines(path: str, node: Any) -> Sequence[str]:
    if not isinstance(node, SequenceNode):
        raise ArticleError(path, _line(node), "A list of questions is expected.", "Begin each with `- `.")
    for item in node.value:
        if not isinstance(item, ScalarNode) or not item.value.strip():
            raise ArticleError(path, _line(item), "A question is expected.", "Put it in double quotes.")
    return [item.value.strip() for item in node.value]


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1
