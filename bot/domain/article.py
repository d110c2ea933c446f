"""Versions of the articles of the knowledge base, and where an article can be read."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class ArticleVersion:
    """A text that an article had.

    Args:
        version: 1 is the first; each language counts for itself.
        release_id: the first release that holds it.
        created_at: of that release.
    """

    desk: str
    article: str
    language: str
    version: int
    release_id: int
    created_at: datetime


def article_url(base: str, desk: str, article: str, language: str) -> str:
    """The address of an article's page.

    Args:
        base: how browsers reach the server, without a slash at the end; "" gives only a path.
    """
    return f"{base}/kb/{quote(desk, safe='')}/{quote(article, safe='')}?lang={language}"
