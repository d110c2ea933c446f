"""What the commands that read the database share."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from bot.content.knowledge import open_encoder, open_knowledge
from bot.content.workspace import Content
from bot.domain.errors import ConfigurationError
from bot.storage.migrate import is_current, upgrade
from bot.storage.stores import open_store
from bot.storage.unit_of_work import UnitOfWork
from config.settings import Settings
from kb_index.articles.errors import IndexUnusableError
from kb_index.search import Searcher
from nlu.encoders.encoder import Encoder

T = TypeVar("T")


def is_stored(settings: Settings) -> bool:
    """Whether there is a database to read."""
    return bool(settings.database_url) or (settings.data_dir / "relais.db").exists()


def read_stored(settings: Settings, job: Callable[[UnitOfWork], T], *, nothing: str) -> T:
    """Reads the configured database; works beside a running server.

    Args:
        nothing: what to say when there is none yet.

    Raises:
        ConfigurationError: there is none, or its tables are not of this version.
    """
    if not is_stored(settings):
        raise ConfigurationError("RELAIS_DATA_DIR", nothing)
    store = open_store(settings.database)
    try:
        if not is_current(store.engine):
            raise ConfigurationError("RELAIS_DATABASE_URL", "run `relais db upgrade` first.")
        return asyncio.run(store.read(job))
    finally:
        store.close()


def write_stored(settings: Settings, job: Callable[[UnitOfWork], T]) -> T:
    """One transaction on the configured database, which is made if need be; works beside a running server."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.database)
    try:
        upgrade(store.engine)
        return asyncio.run(store.write(job))
    finally:
        store.close()


def open_built(settings: Settings, content: Content) -> tuple[Encoder, Searcher]:
    """The encoder, and the knowledge index that `relais kb build` or `relais serve` made of a content.

    Raises:
        ConfigurationError: there is none that fits; or the encoder cannot be had.
    """
    encoder = open_encoder(settings.encoder, settings.data_dir)
    try:
        return encoder, open_knowledge(content, settings.data_dir, model_id=encoder.model_id).searcher
    except IndexUnusableError as exc:
        raise ConfigurationError("RELAIS_DATA_DIR", f"{exc.reason} Run `relais kb build`.") from exc
