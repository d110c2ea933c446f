"""Reading YAML with line numbers: every mistake of a file is noted with its place, and reading goes on."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from rapidfuzz import fuzz, process
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.domain.errors import ContentError, ContentErrors
from bot.text.yaml import MAX_CHARS, Fault, YamlError, compose

NEAR = 60.0
"""Similarity (rapidfuzz ratio, 0 to 100) from which a wrong word is taken for a slip of a right one."""


class Problems:
    """The mistakes of one file, in the order of its lines."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._errors: list[ContentError] = []

    def add(self, line: int | None, problem: str, remedy: str = "") -> None:
        """Notes one; `line` is 1-based, None when the whole file is meant."""
        self._errors.append(ContentError(self._path, line, problem, remedy))

    def raise_any(self) -> None:
        """Raises ContentErrors with all of them, if there are any."""
        if self._errors:
            raise ContentErrors(sorted(self._errors, key=lambda error: error.line or 0))


def nearest(word: str, valid: Iterable[str]) -> str:
    """A remedy that names the nearest valid word, or all of them when none is near."""
    words = sorted(set(valid))
    found = process.extractOne(word, words, scorer=fuzz.ratio, score_cutoff=NEAR)
    if found:
        return f'Did you mean "{found[0]}"?'
    return f"Use one of: {', '.join(words)}." if words else ""


class YamlNodeReader:
    """One node of the file, read with what is expected of it; a mismatch is noted, not raised."""

    def __init__(self, node: Node, problems: Problems) -> None:
        self._node = node
        self.problems = problems

    @property
    def node(self) -> Node:
        """The YAML node itself."""
        return self._node

    @property
    def line(self) -> int:
        """Where it begins, 1-based."""
        return int(self._node.start_mark.line) + 1

    def wrong(self, problem: str, remedy: str = "") -> None:
        """Notes a mistake at this place."""
        self.problems.add(self.line, problem, remedy)

    def text(self) -> str:
        """A non-empty text; "" when it is none. `oui`, `no` and `3` are texts too."""
        if not isinstance(self._node, ScalarNode):
            self.wrong("A text is expected here.")
            return ""
        text = str(self._node.value).strip()
        if not text:
            self.wrong("This is empty.", "Write a text or remove the line.")
        return text

    def items(self) -> Sequence["YamlNodeReader"]:
        """The entries of a list."""
        if not isinstance(self._node, SequenceNode):
            self.wrong("A list is expected here.", "Begin each entry with a dash, or use [a, b].")
            return ()
        if not self._node.value:
            self.wrong("This list is empty.")
        return [YamlNodeReader(node, self.problems) for node in self._node.value]

    def fields(self, known: Collection[str] | None = None) -> Mapping[str, "YamlNodeReader"]:
        """The entries of a mapping; keys that are not `known`, and double ones, are noted."""
        if not isinstance(self._node, MappingNode):
            self.wrong("Keys and values are expected here.", "Write them as key: value.")
            return {}
        return dict(self._read_fields(self._node, known))

    def _read_fields(
        self, node: MappingNode, known: Collection[str] | None
    ) -> Iterator[tuple[str, "YamlNodeReader"]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = YamlNodeReader(key_node, self.problems)
            name = key.text()
            if name in seen:
                key.wrong(f'"{name}" stands here twice.', "Keep one.")
            elif known is not None and name not in known:
                key.wrong(f'Unknown key "{name}".', nearest(name, known))
            else:
                yield name, YamlNodeReader(value_node, self.problems)
            seen.add(name)

    def by_language(self, languages: Sequence[str]) -> Mapping[str, "YamlNodeReader"]:
        """One entry for each language, none missing."""
        if not isinstance(self._node, MappingNode):
            example = ", ".join(f"{language}: …" for language in languages)
            self.wrong("One text for each language is expected here.", f"Write {{{example}}}.")
            return {}
        found = self.fields(languages)
        for language in languages:
            if language not in found:
                self.wrong(f'The language "{language}" is missing.', f"Add {language}: …")
        return found

    def texts(self, languages: Sequence[str]) -> Mapping[str, str]:
        """One text for each language."""
        return {language: entry.text() for language, entry in self.by_language(languages).items()}

    def text_lists(self, languages: Sequence[str], *, all_of_them: bool) -> Mapping[str, tuple[str, ...]]:
        """A list of texts by language."""
        found = self.by_language(languages) if all_of_them else self.fields(languages)
        return {language: tuple(item.text() for item in entry.items()) for language, entry in found.items()}


def read(path: str, text: str) -> YamlNodeReader:
    """Parses a file.

    Args:
        path: how messages name it, relative to the workspace.
        text: what it holds.

    Raises:
        ContentErrors: it is not YAML, or too long, too deep, or refers to itself.
    """
    problems = Problems(path)
    try:
        node = compose(text)
    except YamlError as exc:
        if exc.fault is Fault.SIZE:
            problems.add(None, f"The file is longer than {MAX_CHARS} characters.", "Divide it.")
        else:
            remedy = "Put texts with : # or ? into quotes." if exc.line else ""
            problems.add(exc.line, f"This is not valid YAML: {exc.problem}.", remedy)
    else:
        if node is not None:
            return YamlNodeReader(node, problems)
        problems.add(None, "The file is empty.")
    problems.raise_any()
    raise AssertionError("a problem was noted")
