"""Receives the changes that other processes committed, through PostgreSQL's NOTIFY."""

import asyncio
import logging

import psycopg
from sqlalchemy import make_url

from bot.pipeline.changes import Changes
from bot.storage.postgres_store import CHANGES_CHANNEL

log = logging.getLogger(__name__)

_AGAIN_S = 1.0


async def listen_forever(url: str, changes: Changes) -> None:
    """Tells the live pages of each change, until cancelled; comes back when the database was away.

    Args:
        url: a `postgresql+psycopg://` address.
        changes: notified of each conversation; of all of them after a gap.
    """
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                await connection.execute(f"LISTEN {CHANGES_CHANNEL}".encode())
                changes.changed_everywhere()
                async for notification in connection.notifies():
                    changes.changed(int(notification.payload))
        except psycopg.Error as exc:
            log.warning("notifications interrupted", extra={"error": type(exc).__name__})
        await asyncio.sleep(_AGAIN_S)
