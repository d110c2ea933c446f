"""Fingerprints of what a page shows: a live page is notified of changes that it shows, and of no others."""

import hashlib
from collections.abc import Sequence

from bot.domain.case import Case, QueueItem
from bot.domain.conversation import Conversation
from bot.domain.transcript import TranscriptLine


def list_version(items: Sequence[QueueItem]) -> str:
    """Of the list."""
    return _digest(
        [(item.case, item.agent_name, item.last_at, item.last_text, item.undelivered) for item in items]
    )


def case_version(conversation: Conversation, case: Case, entries: Sequence[TranscriptLine]) -> str:
    """Of a case and its transcript."""
    lines = [(entry.id, entry.text, entry.delivery, entry.attachments) for entry in entries]
    held = (conversation.owner, conversation.agent_id, conversation.case_id)
    return _digest([held, conversation.user_name, case, lines])


def _digest(shown: object) -> str:
    return hashlib.sha256(repr(shown).encode("utf-8", "replace")).hexdigest()[:16]
