"""The versions of an article: their texts, as the releases hold them."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from bot.domain.article import ArticleVersion
from bot.domain.errors import NotFoundError
from bot.storage.unit_of_work import UnitOfWork
from kb_index.articles.documents import Document
from kb_index.articles.reading import parse_article


def file_of(unit: UnitOfWork, version: ArticleVersion) -> tuple[str, str]:
    """Path and text of the article's file in that version.

    Raises:
        NotFoundError: the release does not hold it.
    """
    files = unit.releases.files(version.release_id)
    path = path_in(files, version.desk, version.article, version.language)
    if path is None:
        raise NotFoundError(f"article {version.desk}/{version.article} in release {version.release_id}")
    return path, files[path]


def document_of(unit: UnitOfWork, version: ArticleVersion) -> Document:
    """The article as it was in that version.

    Raises:
        NotFoundError: the release does not hold it.
    """
    path, text = file_of(unit, version)
    return parse_article(path, text, desk=version.desk, id=version.article, language=version.language)


def path_in(files: Mapping[str, str], desk: str, article: str, language: str) -> str | None:
    """Where the files of a workspace keep an article, None when they do not have it."""
    name = f"{article}.{language}.md"
    for path in files:
        parts = PurePosixPath(path).parts
        if parts[:2] == ("knowledge", desk) and parts[-1] == name:
            return path
    return None
