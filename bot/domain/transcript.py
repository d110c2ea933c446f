"""The transcript of a conversation, as pages show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.messages import Author, Button


@dataclass(frozen=True, kw_only=True)
class TranscriptLine:
    """One line of a transcript.

    Args:
        id: rises within a conversation; a reader follows it as a cursor.
        delivery: for what was sent out: "pending", "sent", "in_doubt", "superseded", "undelivered";
            None for what came in and for notes.
        turn_no: the bot's turn that it belongs to.
        why: the why-record of that turn, for what the bot said.
        attachments: of the person's message: (attachment row id, name, media type, size in bytes);
            the id is None while the bytes are not there.
    """

    id: int
    conversation_id: int
    author: Author
    author_name: str | None
    text: str
    title: str | None
    buttons: tuple[Button, ...]
    source_title: str | None
    source_url: str | None
    created_at: datetime
    turn_no: int | None
    delivery: str | None
    delivery_problem: str | None
    why: Mapping[str, object] | None
    attachments: tuple[tuple[int | None, str, str, int], ...]
