"""A workspace: reads an organisation's files, checks them, and makes them ready to serve.

The same reading serves a folder on disk and a release in the database: both are a mapping of relative
paths to texts.
"""

import difflib
import hashlib
import string
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from bot.content.desks_file import FILE as DESKS_FILE
from bot.content.desks_file import parse_desks, parse_target
from bot.dialogs.flow.model import Flow
from bot.dialogs.flow.reading import parse_flow
from bot.domain.desk import Desk
from bot.domain.errors import ContentError, ContentErrors
from bot.i18n.phrases import Phrases
from bot.text.yaml import YamlError, load
from kb_index.articles.documents import Document
from kb_index.articles.errors import ArticleError
from kb_index.articles.reading import parse_article
from kb_index.decision.questions import Question, parse_questions
from kb_index.decision.thresholds import DEFAULT_TARGET
from nlu.entities.extraction import IDENTIFIER
from nlu.intents.training import TrainingDataError
from nlu.intents.training import read as read_training

BASE = Path(__file__).resolve().parents[2] / "config" / "base"
"""Intents and phrases that every workspace has."""

_LARGEST_FILE = 1_000_000
_SUFFIXES = {
    "knowledge": ".md",
    "flows": ".yml",
    "intents": ".yml",
    "phrases": ".yml",
    "questions": ".yml",
    "tests": ".yml",
}
_BASE_PREFIX = "base/"


@dataclass(frozen=True, kw_only=True)
class Content:
    """A workspace made ready.

    Args:
        name: of the organisation.
        languages: the first is the default.
        desks: by id.
        phrases: the product's own, overridden by the workspace's.
        flows: by desk and id.
        articles: by desk, id and language.
        intents: training files, path -> text.
        questions: labelled ones, to decide by.
        wrong_answers: share of the answers given that may be wrong.
    """

    name: str
    languages: tuple[str, ...]
    desks: Mapping[str, Desk]
    phrases: Phrases
    flows: Mapping[tuple[str, str], Flow]
    articles: Mapping[tuple[str, str, str], Document]
    intents: Mapping[str, str]
    questions: Sequence[Question] = ()
    wrong_answers: float = DEFAULT_TARGET

    @property
    def documents(self) -> list[Document]:
        """What the knowledge index holds: articles, and flows by their triggers."""
        return [*self.articles.values(), *_flow_documents(self.flows, self.languages)]


def read_folder(folder: Path) -> dict[str, str]:
    """The files of a workspace, with the product's base under them, path -> text.

    Tests are left out: they are no content.

    Raises:
        ContentErrors: no workspace there, a file too large or not UTF-8.
    """
    if not (folder / DESKS_FILE).is_file():
        remedy = "`relais init FOLDER` makes a workspace."
        raise ContentErrors(
            [ContentError(DESKS_FILE, None, f"there is no {DESKS_FILE} in {folder}.", remedy)]
        )
    files = {DESKS_FILE: folder / DESKS_FILE}
    for part in ("knowledge", "flows", "intents", "phrases", "questions"):
        files |= dict(_files(folder, part))
    base = {_BASE_PREFIX + name: path for part in ("intents", "phrases") for name, path in _files(BASE, part)}
    return _texts(base | files)


def write_folder(files: Mapping[str, str], folder: Path) -> None:
    """Writes out what `read_folder` has read, without the product's base."""
    for path, text in files.items():
        if not path.startswith(_BASE_PREFIX):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")


def read_tests(folder: Path) -> dict[str, str]:
    """The conversation tests of a workspace, path -> text."""
    return _texts(dict(_files(folder, "tests")))


def content_hash(files: Mapping[str, str]) -> str:
    """SHA-256 of all paths and texts."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name, files[name]):
            encoded = part.encode()
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def parse(files: Mapping[str, str]) -> Content:
    """Reads and checks everything.

    Raises:
        ContentErrors: all that is wrong, by file and line.
    """
    name, languages, desks = parse_desks(files[DESKS_FILE])
    problems: list[ContentError] = []
    intents = {path: text for path, text in files.items() if _part(path) == "intents"}
    entities = _entities(intents, problems)
    content = Content(
        name=name,
        languages=languages,
        desks=desks,
        phrases=_phrases(files, languages, entities, problems),
        flows=_flows(files, desks, languages, entities, problems),
        articles=_articles(files, desks, languages, problems),
        intents=intents,
        questions=_questions(files, desks, problems),
        wrong_answers=parse_target(files[DESKS_FILE]),
    )
    problems += _unknown_answers(content)
    if problems:
        raise ContentErrors(problems)
    return content


def _files(folder: Path, part: str) -> Iterable[tuple[str, Path]]:
    root = folder / part
    for path in sorted(root.rglob(f"*{_SUFFIXES[part]}")):
        if path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(folder.resolve()):
            yield path.relative_to(folder).as_posix(), path


def _texts(files: Mapping[str, Path]) -> dict[str, str]:
    texts: dict[str, str] = {}
    problems: list[ContentError] = []
    for name, path in files.items():
        if path.stat().st_size > _LARGEST_FILE:
            problems.append(ContentError(name, None, f"larger than {_LARGEST_FILE:,} bytes.", "Split it."))
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as exc:
            line = path.read_bytes()[: exc.start].count(b"\n") + 1
            problems.append(ContentError(name, line, "not UTF-8 text.", "Save the file as UTF-8."))
    if problems:
        raise ContentErrors(problems)
    return texts


def _part(path: str) -> str:
    return PurePosixPath(path.removeprefix(_BASE_PREFIX)).parts[0]


def _collect(problems: list[ContentError], read: Callable[[], object]) -> None:
    """Runs a reader and keeps what it finds wrong, so that all is told at once."""
    try:
        read()
    except ContentErrors as exc:
        problems.extend(exc.errors)
    except ContentError as exc:
        problems.append(exc)
    except ArticleError as exc:
        problems.append(ContentError(exc.path, exc.line, exc.problem, exc.remedy))


def _entities(intents: Mapping[str, str], problems: list[ContentError]) -> Collection[str] | None:
    """The names of what messages may hold; None when the intents cannot be read."""
    try:
        return {IDENTIFIER, *read_training(intents).entities}
    except TrainingDataError as exc:
        problems.append(ContentError(exc.path, exc.line, exc.problem))
        return None


def _phrases(
    files: Mapping[str, str],
    languages: Sequence[str],
    entities: Collection[str] | None,
    problems: list[ContentError],
) -> Phrases:
    merged: dict[str, dict[str, str]] = {language: {} for language in languages}
    # The base comes first, so that the workspace's own phrases replace it.
    for path in sorted(
        (p for p in files if _part(p) == "phrases"), key=lambda p: not p.startswith(_BASE_PREFIX)
    ):
        language = PurePosixPath(path).stem.rpartition(".")[2]
        if language in merged:
            _collect(problems, partial(_add_phrases, merged[language], path, files[path], entities))
        elif not path.startswith(_BASE_PREFIX):
            problems.append(ContentError(path, None, f"{language!r} is not among the languages {languages}."))
    everything = set().union(*merged.values())
    problems.extend(
        ContentError("phrases", None, f"{key!r} has no {language!r} text.")
        for language in languages
        for key in sorted(everything - merged[language].keys())
    )
    return Phrases(merged)


def _add_phrases(phrases: dict[str, str], path: str, text: str, entities: Collection[str] | None) -> None:
    """Adds a file's phrases; one that replaces the product's may only name the values that it knows."""
    problems = []
    labels = {f"entity.{name}" for name in entities or ()}
    free = "welcome." if entities is not None else ("welcome.", "entity.")
    for key, phrase in flat_phrases(path, text).items():
        try:
            unknown = _placeholders(phrase) - _placeholders(phrases.get(key, phrase))
        except ValueError as exc:
            problems.append(ContentError(path, None, f"{key!r}: {exc}.", "Write {{ and }} for braces."))
            continue
        for name in sorted(unknown):
            known = ", ".join(f"{{{each}}}" for each in sorted(_placeholders(phrases[key]))) or "none"
            problems.append(ContentError(path, None, f"{key!r} has no value {{{name}}}.", f"It has {known}."))
        sayable = phrases.keys() | labels
        if not path.startswith(_BASE_PREFIX) and key not in sayable and not key.startswith(free):
            near = difflib.get_close_matches(key, sayable, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else ""
            problems.append(ContentError(path, None, f"nothing says the phrase {key!r}.", remedy))
        phrases[key] = phrase
    if problems:
        raise ContentErrors(problems)


def _placeholders(phrase: str) -> set[str]:
    """Names in braces. Raises ValueError for braces that do not fit together."""
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}


def flat_phrases(path: str, text: str) -> dict[str, str]:
    """The phrases of one file by dotted key.

    Raises:
        ContentError: not YAML, or something that is no text.
    """
    try:
        tree = load(text, max_chars=_LARGEST_FILE) or {}
    except YamlError as exc:
        raise ContentError(path, exc.line, "not valid YAML.") from exc
    flat: dict[str, str] = {}
    pending: list[tuple[str, object]] = [("", tree)]
    while pending:
        prefix, node = pending.pop()
        if isinstance(node, Mapping):
            pending.extend((f"{prefix}.{key}".lstrip("."), value) for key, value in node.items())
        elif isinstance(node, str):
            flat[prefix] = node.strip()
        else:
            raise ContentError(path, None, f"{prefix!r} must be a text.")
    return flat


def _flows(
    files: Mapping[str, str],
    desks: Mapping[str, Desk],
    languages: tuple[str, ...],
    entities: Collection[str] | None,
    problems: list[ContentError],
) -> Mapping[tuple[str, str], Flow]:
    flows: dict[tuple[str, str], Flow] = {}

    def read(path: str) -> None:
        desk = _desk_of(path, desks)
        flow = parse_flow(path, files[path], languages=languages, entities=entities)
        flows[desk, flow.id] = flow

    for path in (p for p in files if _part(p) == "flows"):
        _collect(problems, lambda p=path: read(p))  # type: ignore[misc]
    return flows


def _articles(
    files: Mapping[str, str],
    desks: Mapping[str, Desk],
    languages: tuple[str, ...],
    problems: list[ContentError],
) -> Mapping[tuple[str, str, str], Document]:
    articles: dict[tuple[str, str, str], Document] = {}

    def read(path: str) -> None:
        desk = _desk_of(path, desks)
        article_id, _, language = PurePosixPath(path).stem.rpartition(".")
        if language not in languages or not article_id:
            expected = " or ".join(f"{article_id or language}.{known}.md" for known in languages)
            raise ContentError(path, None, "the file's name lacks its language.", f"Call it {expected}.")
        articles[desk, article_id, language] = parse_article(
            path, files[path], desk=desk, id=article_id, language=language
        )

    for path in (p for p in files if _part(p) == "knowledge"):
        _collect(problems, lambda p=path: read(p))  # type: ignore[misc]
    return articles


def _questions(
    files: Mapping[str, str], desks: Mapping[str, Desk], problems: list[ContentError]
) -> Sequence[Question]:
    questions: list[Question] = []

    def read(path: str) -> None:
        desk = PurePosixPath(path).stem
        if desk not in desks:
            known = ", ".join(f"{each}.yml" for each in sorted(desks))
            raise ContentError(path, None, "not named after a desk.", f"Call it {known}.")
        questions.extend(parse_questions(path, files[path], desk=desk))

    for path in (p for p in files if _part(p) == "questions"):
        _collect(problems, lambda p=path: read(p))  # type: ignore[misc]
    return questions


def _unknown_answers(content: Content) -> Sequence[ContentError]:
    known = {(document.desk, document.kind, document.id) for document in content.documents}
    return [
        ContentError(
            f"questions/{question.desk}.yml", None, f"{kind} {id!r} of {question.text!r} does not exist."
        )
        for question in content.questions
        for kind, id in question.answers
        if (question.desk, kind, id) not in known
    ]


def _desk_of(path: str, desks: Mapping[str, Desk]) -> str:
    parts = PurePosixPath(path).parts
    if len(parts) < 3 or parts[1] not in desks:
        raise ContentError(
            path, None, "not in the folder of a desk.", f"Desks are {', '.join(sorted(desks))}."
        )
    return parts[1]


def _flow_documents(flows: Mapping[tuple[str, str], Flow], languages: Iterable[str]) -> list[Document]:
    return [
        Document(
            kind="flow",
            id=flow.id,
            desk=desk,
            language=language,
            title=flow.title[language],
            body="",
            ask=tuple(flow.triggers.get(language, ())),
            tags=(),
        )
        for (desk, _), flow in flows.items()
        for language in languages
    ]
