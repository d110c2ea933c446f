"""Notifies live pages that a conversation changed; they then read again from their cursor."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Changes:
    """Sets the events of all watchers; belongs to the event loop and carries no content."""

    def __init__(self) -> None:
        self._watchers: dict[int | None, set[asyncio.Event]] = {}

    def changed(self, conversation_id: int) -> None:
        """Wakes the watchers of this conversation and those of all."""
        for key in (conversation_id, None):
            for event in self._watchers.get(key, ()):
                event.set()

    def changed_everywhere(self) -> None:
        """Wakes everybody: notifications may have been missed."""
        for events in self._watchers.values():
            for event in events:
                event.set()

    @contextmanager
    def watch(self, conversation_id: int | None) -> Iterator[asyncio.Event]:
        """An event that is set at each change; the watcher clears it before it reads.

        Args:
            conversation_id: which one; None for all.
        """
        event = asyncio.Event()
        self._watchers.setdefault(conversation_id, set()).add(event)
        try:
            yield event
        finally:
            watchers = self._watchers[conversation_id]
            watchers.discard(event)
            if not watchers:
                del self._watchers[conversation_id]
