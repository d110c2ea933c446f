"""Releases of content, article versions and leases in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.domain.article import ArticleVersion
from bot.domain.errors import NotFoundError
from bot.storage.dialect import insert_or_ignore, is_new
from bot.storage.tables import ArticleVersionRow, LeaseRow, ReleaseRow

_SKEW = timedelta(minutes=1)
"""By how much the clocks of two machines may differ."""

ArticleKey = tuple[str, str, str]
"""Desk, article id, language."""


class ReleaseRepository:
    """Snapshots of a workspace's content."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self) -> tuple[int, str] | None:
        """Id and content hash of the newest one."""
        statement = select(ReleaseRow.id, ReleaseRow.content_hash).order_by(ReleaseRow.id.desc()).limit(1)
        row = self._connection.execute(statement).first()
        return None if row is None else (row.id, row.content_hash)

    def files(self, release_id: int) -> Mapping[str, str]:
        """Its files: path relative to the workspace -> text. Raises NotFoundError."""
        statement = select(ReleaseRow.files).where(ReleaseRow.id == release_id)
        files: dict[str, str] | None = self._connection.execute(statement).scalar()
        if files is None:
            raise NotFoundError(f"release {release_id}")
        return files

    def add(
        self,
        files: Mapping[str, str],
        content_hash: str,
        articles: Mapping[ArticleKey, str],
        now: datetime,
    ) -> int:
        """Stores one; `articles` maps (desk, id, language) to a content hash, from which versions follow."""
        release_id = self._connection.execute(
            insert(ReleaseRow)
            .values(content_hash=content_hash, files=dict(files), created_at=now)
            .returning(ReleaseRow.id)
        ).scalar_one()
        newest = self._newest(release_id)
        changed = [
            {
                "desk": key[0],
                "article": key[1],
                "language": key[2],
                "version": newest[key][0] + 1 if key in newest else 1,
                "content_hash": article_hash,
                "release_id": release_id,
            }
            for key, article_hash in articles.items()
            if key not in newest or newest[key][1] != article_hash
        ]
        if changed:
            self._connection.execute(insert(ArticleVersionRow), changed)
        return release_id

    def versions(self, release_id: int) -> Mapping[ArticleKey, int]:
        """The version of each article in it, by (desk, id, language); the first is 1."""
        return {key: version for key, (version, _) in self._newest(release_id).items()}

    def history(self, desk: str, article: str) -> Sequence[ArticleVersion]:
        """All versions of an article, by language, then oldest first; none of an unknown one."""
        statement = (
            select(
                ArticleVersionRow.language,
                ArticleVersionRow.version,
                ArticleVersionRow.release_id,
                ReleaseRow.created_at,
            )
            .join(ReleaseRow, ReleaseRow.id == ArticleVersionRow.release_id)
            .where(ArticleVersionRow.desk == desk, ArticleVersionRow.article == article)
            .order_by(ArticleVersionRow.language, ArticleVersionRow.version)
        )
        return [
            ArticleVersion(
                desk=desk,
                article=article,
                language=row.language,
                version=row.version,
                release_id=row.release_id,
                created_at=row.created_at,
            )
            for row in self._connection.execute(statement)
        ]

    def _newest(self, release_id: int) -> Mapping[ArticleKey, tuple[int, str]]:
        """The last version of each article up to a release, with its hash."""
        key = (ArticleVersionRow.desk, ArticleVersionRow.article, ArticleVersionRow.language)
        last = (
            select(func.max(ArticleVersionRow.id).label("id"))
            .where(ArticleVersionRow.release_id <= release_id)
            .group_by(*key)
            .subquery()
        )
        statement = select(*key, ArticleVersionRow.version, ArticleVersionRow.content_hash).join(
            last, last.c.id == ArticleVersionRow.id
        )
        return {
            (row.desk, row.article, row.language): (row.version, row.content_hash)
            for row in self._connection.execute(statement)
        }


class LeaseRepository:
    """What only one process may do at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, name: str, holder: str, *, now: datetime, until: datetime) -> bool:
        """Takes or renews it; False when another holder has it."""
        values = {"holder": holder, "until": until}
        # One that ends long after a new one would was given before the clock was set back.
        free = (LeaseRow.holder == holder) | (LeaseRow.until <= now) | (LeaseRow.until > until + _SKEW)
        taken = self._connection.execute(update(LeaseRow).where(LeaseRow.name == name, free).values(**values))
        if taken.rowcount == 1:
            return True
        added = insert_or_ignore(self._connection.dialect.name, LeaseRow).values(name=name, **values)
        return is_new(self._connection, added, LeaseRow.name)

    def drop(self, name: str, holder: str) -> None:
        """Gives the lease up."""
        self._connection.execute(delete(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder))
