"""Versions of the articles of the knowledge base, as the pages list them."""

from dataclasses import dataclass
from datetime import datetime


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
