"""The content of a workspace: an organisation's files checked and made ready to serve.

The same reading serves a folder on disk and a release in the database: both are a mapping of relative
paths to texts.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from bot.content.desks_file import FILE as DESKS_FILE
from bot.content.desks_file import parse_desks, parse_target
from bot.content.files import part_of
from bot.content.phrases import parse_phrases
from bot.dialogs.flow.model import Flow
from bot.dialogs.flow.reading import parse_flow
from bot.domain.desk import Desk
from bot.domain.errors import ContentError, ContentErrors
from bot.i18n.phrases import Phrases
from kb_index.articles.documents import Document
from kb_index.articles.errors import ArticleError
from kb_index.articles.reading import parse_article
from kb_index.decision.questions import Question, parse_questions
from kb_index.decision.thresholds import DEFAULT_TARGET
from nlu.entities.extraction import IDENTIFIER
from nlu.intents.training import TrainingDataError
from nlu.intents.training import read as read_training


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


def parse(files: Mapping[str, str]) -> Content:
    """Reads and checks everything.

    Raises:
        ContentErrors: all that is wrong, by file and line.
    """
    name, languages, desks = parse_desks(files[DESKS_FILE])
    problems: list[ContentError] = []
    intents = {path: text for path, text in files.items() if part_of(path) == "intents"}
    entities = _entities(intents, problems)
    content = Content(
        name=name,
        languages=languages,
        desks=desks,
        phrases=parse_phrases(files, languages, entities, problems),
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


def _collect(problems: list[ContentError], read: Callable[[], object]) -> None:
    """Runs a reader and collects its problems, so that all are shown at once."""
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

    for path in (p for p in files if part_of(p) == "flows"):
        _collect(problems, partial(read, path))
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

    for path in (p for p in files if part_of(p) == "knowledge"):
        _collect(problems, partial(read, path))
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

    for path in (p for p in files if part_of(p) == "questions"):
        _collect(problems, partial(read, path))
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
