"""What the web chat needs of the rest of the product; the composition root fills it in."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from bot.domain.conversation import Conversation
from bot.domain.desk import Desk
from bot.domain.transcript import TranscriptLine
from bot.i18n.phrases import Phrases


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A visitor's chat at one moment, read in one transaction.

    Args:
        conversation: the current one, None as long as nothing was said.
        entries: lines above the cursor, oldest first, over all of the visitor's conversations, without notes.
        busy: a message waits to be handled, so an answer may be on its way.
        case_number: such as "N1-000123", None without a case.
        agent_name: who has it, None unless an agent does.
    """

    conversation: Conversation | None
    entries: Sequence[TranscriptLine] = ()
    busy: bool = False
    case_number: str | None = None
    agent_name: str | None = None


class Uploads(Protocol):
    """Keeps uploaded bytes from the post until the message is handled."""

    async def put(self, content: bytes) -> str:
        """Keeps them safely and returns what `get` needs.

        Raises:
            RetryLaterError: no room now.
        """

    async def get(self, remote_id: str) -> bytes:
        """Gives them back, as often as asked.

        Raises:
            RejectedError: they are not there, or no longer.
            RetryLaterError: they cannot be read now.
        """


class ChatBackend(Protocol):
    """The rest of the product, as the chat of one desk sees it."""

    @property
    def desk(self) -> Desk:
        """The desk that answers, as the newest release describes it."""

    @property
    def phrases(self) -> Phrases:
        """The newest ones; the page's own words are under "web."."""

    @property
    def uploads(self) -> Uploads:
        """Keeps what visitors send along."""

    async def read(self, account: str, visitor: str, /, *, after: int, limit: int) -> Snapshot:
        """The chat whose address and user are both `visitor`; at most the `limit` latest entries."""

    def watch(self, conversation_id: int, /) -> AbstractContextManager[asyncio.Event]:
        """An event that is set at each change of a conversation."""
