"""Reads training data in Rasa's NLU format (YAML, version 3.1), the one source of every engine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import re2
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.text.normalization import words
from bot.text.yaml import Fault, YamlError, compose

MAX_CHARS = 1_000_000
"""Of one file. A thousand examples take about 50 kB."""
_MAX_DEPTH = 8
_MAX_NAME_WORDS = 8
_QUIET = re2.Options()
_QUIET.log_errors = False
_SECTIONS = ("intent", "regex", "synonym", "lookup")
_ANNOTATION = re2.compile(r"\[([^\[\]]+)\](?:\(([^()]+)\)|\{[^{}]*\})")
"""`[text](entity)` or `[text]{"entity": ...}` inside an example (Rasa's training data format)."""


class TrainingDataError(Exception):
    """A file of training data is wrong.

    Args:
        path: the file as it was named to the reader.
        line: 1-based.
        problem: what is wrong and what to write instead.
    """

    def __init__(self, path: str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem


@dataclass(frozen=True, kw_only=True)
class TrainingLine:
    """One item of a list of examples, and where it stands.

    Args:
        name: of the intent, pattern or lookup table that it belongs to.
        text: without entity annotations.
        path, line: where it stands; the line is 1-based.
    """

    name: str
    text: str
    path: str
    line: int


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What the files say, in their order.

    Args:
        examples: ways of saying an intent.
        patterns: regular expressions (RE2) by name: of an intent, of `<intent>_not`, else of an entity.
        synonyms: from a way of writing a value to the value.
        lookups: names by the entity that they are of.
    """

    examples: tuple[TrainingLine, ...] = ()
    patterns: tuple[TrainingLine, ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict)
    lookups: tuple[TrainingLine, ...] = ()

    @property
    def intents(self) -> tuple[str, ...]:
        """Names of the intents that have examples, sorted."""
        return tuple(sorted({line.name for line in self.examples}))

    @property
    def intent_patterns(self) -> tuple[TrainingLine, ...]:
        """Those that raise an intent, and those of harmless phrases."""
        return tuple(line for line in self.patterns if self._is_of_intent(line))

    @property
    def entity_patterns(self) -> tuple[TrainingLine, ...]:
        """Those that find an entity."""
        return tuple(line for line in self.patterns if not self._is_of_intent(line))

    @property
    def entities(self) -> tuple[str, ...]:
        """Names of the entities that are described, sorted."""
        return tuple(sorted({line.name for line in (*self.lookups, *self.entity_patterns)}))

    def _is_of_intent(self, line: TrainingLine) -> bool:
        return line.name.removesuffix("_not") in self.intents


def read(files: Mapping[str, str]) -> TrainingData:
    """Reads files of training data and joins them.

    Args:
        files: text by path; the path is used in messages only.

    Raises:
        TrainingDataError: the first thing that is wrong in them.
    """
    found: dict[str, list[TrainingLine]] = {section: [] for section in _SECTIONS}
    for path, text in files.items():
        for section, line in _entries(path, text):
            found[section].append(line)
    return TrainingData(
        examples=tuple(found["intent"]),
        patterns=tuple(found["regex"]),
        synonyms={line.text: line.name for line in found["synonym"]},
        lookups=tuple(found["lookup"]),
    )


def _entries(path: str, text: str) -> Iterator[tuple[str, TrainingLine]]:
    root = _compose(path, text)
    if root is None:
        return
    if not isinstance(root, MappingNode):
        raise TrainingDataError(path, 1, "a file begins with `version:` and `nlu:`")
    top = _mapping(path, root)
    for key, (line, _) in top.items():
        if key not in ("version", "nlu"):
            raise TrainingDataError(path, line, f"`{key}` is not known here; a file has `version` and `nlu`")
    if "nlu" not in top:
        raise TrainingDataError(path, 1, "`nlu:` is missing")
    _check_version(path, top)
    line, nlu = top["nlu"]
    if not isinstance(nlu, SequenceNode):
        raise TrainingDataError(path, line, "`nlu:` is a list of `- intent:` items")
    for item in nlu.value:
        yield from _section(path, item)


def _check_version(path: str, top: Mapping[str, tuple[int, Node]]) -> None:
    line, version = top.get("version", (1, None))
    if version is not None and not (isinstance(version, ScalarNode) and version.value.startswith("3.")):
        raise TrainingDataError(path, line, 'the version is "3.1"')


def _section(path: str, item: Node) -> Iterator[tuple[str, TrainingLine]]:
    at = item.start_mark.line + 1
    if not isinstance(item, MappingNode):
        raise TrainingDataError(
            path, at, "each item of `nlu:` has a name, such as `- intent: greet`, and `examples`"
        )
    entry = _mapping(path, item)
    section = next((name for name in _SECTIONS if name in entry), None)
    if section is None:
        raise TrainingDataError(path, at, f"an item is one of {', '.join(_SECTIONS)}")
    for key, (line, _) in entry.items():
        if key not in (section, "examples", "metadata"):
            raise TrainingDataError(path, line, f"`{key}` is not known in `{section}`; it has `examples`")
    name = entry[section][1]
    if not isinstance(name, ScalarNode) or not name.value.strip():
        raise TrainingDataError(path, at, f"`{section}:` has no name")
    if "examples" not in entry:
        raise TrainingDataError(path, at, f"`{section}: {name.value}` has no `examples`")
    for line, text in _examples(path, *entry["examples"]):
        yield (
            section,
            _line(path, section, TrainingLine(name=name.value.strip(), text=text, path=path, line=line)),
        )


def _line(path: str, section: str, line: TrainingLine) -> TrainingLine:
    if section == "regex":
        _check_pattern(line)
        return line
    text = str(_ANNOTATION.sub(r"\1", line.text)).strip()
    if section in ("lookup", "synonym") and not 0 < len(words(text)) <= _MAX_NAME_WORDS:
        raise TrainingDataError(path, line.line, f"a name has 1 to {_MAX_NAME_WORDS} words")
    return TrainingLine(name=line.name, text=text, path=path, line=line.line)


def _check_pattern(line: TrainingLine) -> None:
    try:
        matches_nothing = re2.compile(line.text, _QUIET).search("") is not None
    except re2.error as exc:
        reason = exc.args[0].decode() if isinstance(exc.args[0], bytes) else exc.args[0]
        problem = (
            f"not a regular expression of RE2: {reason}; look-around and back-references are left out of it, "
            "as they can take forever"
        )
        raise TrainingDataError(line.path, line.line, problem) from exc
    if matches_nothing:
        problem = "the regular expression fits an empty text, so it would be found everywhere"
        raise TrainingDataError(line.path, line.line, problem)


def _examples(path: str, line: int, node: Node) -> Iterator[tuple[int, str]]:
    """The items of `examples: |`, a block of lines that each begin with "- "; or of a YAML list."""
    if isinstance(node, SequenceNode):
        for item in node.value:
            at = item.start_mark.line + 1
            if not isinstance(item, ScalarNode):
                raise TrainingDataError(path, at, "an example is a line of text")
            yield at, item.value.strip()
        return
    if not isinstance(node, ScalarNode) or node.style != "|":
        raise TrainingDataError(path, line, "`examples: |` is followed by lines that begin with `- `")
    for offset, row in enumerate(node.value.splitlines(), start=1):
        text = row.strip()
        if not text or text.startswith("#"):
            continue
        if not text.startswith("- "):
            raise TrainingDataError(path, line + offset, "an example begins with `- `")
        yield line + offset, text.removeprefix("- ").strip()


def _mapping(path: str, node: MappingNode) -> dict[str, tuple[int, Node]]:
    entries: dict[str, tuple[int, Node]] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            raise TrainingDataError(path, line, "a key is a word")
        if key.value in entries:
            raise TrainingDataError(path, line, f"`{key.value}` stands here twice")
        entries[key.value] = (line, value)
    return entries


def _compose(path: str, text: str) -> Node | None:
    try:
        return compose(text, max_chars=MAX_CHARS, max_depth=_MAX_DEPTH)
    except YamlError as exc:
        told = {
            Fault.SIZE: f"the file is larger than {MAX_CHARS // 1000} kB",
            Fault.DEPTH: "nested too deeply",
            Fault.ALIAS: "aliases (`*name`) are not allowed",
        }
        line = min(exc.line or 1, text.count("\n") + 1)
        raise TrainingDataError(path, line, told.get(exc.fault, f"not YAML: {exc.problem}")) from exc
