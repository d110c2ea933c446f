"""Uploaded files between the post and the turn that handles them, in a folder of bounded size."""

import asyncio
import contextlib
import os
import re
import secrets
import time
from pathlib import Path

from bot.domain.errors import RejectedError, RetryLaterError
from bot.text.files import atomic_write_bytes

KEEP_S = 48 * 3600
MAX_TOTAL_BYTES = 500_000_000
_REMOTE_ID = re.compile(r"[0-9a-f]{32}")


class FolderUploads:
    """`bot.channels.web.backend.Uploads` in a folder; all processes that handle messages must see it.

    The database has its own copy once the message is handled, so a file here is only a stopover.

    Args:
        folder: made when missing; nothing else belongs in it.
        keep_s: how long a file stays.
        max_total_bytes: what all files together may take.
    """

    def __init__(
        self, folder: Path, *, keep_s: float = KEEP_S, max_total_bytes: int = MAX_TOTAL_BYTES
    ) -> None:
        self._folder = folder
        self._keep_s = keep_s
        self._max_total_bytes = max_total_bytes

    async def put(self, content: bytes) -> str:
        """See `bot.channels.web.backend.Uploads.put`."""
        try:
            return await asyncio.to_thread(self._put, content)
        except OSError as exc:
            raise RetryLaterError(None, f"upload not kept: {type(exc).__name__}") from exc

    async def get(self, remote_id: str) -> bytes:
        """See `bot.channels.web.backend.Uploads.get`."""
        if not _REMOTE_ID.fullmatch(remote_id):
            raise RejectedError("no such upload")
        try:
            return await asyncio.to_thread((self._folder / remote_id).read_bytes)
        except FileNotFoundError as exc:
            raise RejectedError("no such upload") from exc
        except OSError as exc:
            raise RetryLaterError(None, f"upload not read: {type(exc).__name__}") from exc

    def _put(self, content: bytes) -> str:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._sweep() + len(content) > self._max_total_bytes:
            raise RetryLaterError(None, "the upload folder is full")
        remote_id = secrets.token_hex(16)
        # On disk before the message is acknowledged.
        atomic_write_bytes(self._folder / remote_id, content)
        return remote_id

    def _sweep(self) -> int:
        """Removes what has been here long enough; returns the bytes of what stays."""
        oldest = time.time() - self._keep_s
        total = 0
        for entry in os.scandir(self._folder):
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                if status.st_mtime < oldest:
                    os.unlink(entry.path)
                else:
                    total += status.st_size
        return total
