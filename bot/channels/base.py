"""The interface of a channel: it receives messages of people and sends them replies."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from starlette.routing import BaseRoute

from bot.domain.errors import RejectedError
from bot.domain.messages import Attachment, InboundMessage, OutboundMessage


class Accepted(StrEnum):
    """What became of a message passed to `Accept`."""

    STORED = "stored"
    DUPLICATE = "duplicate"


Accept = Callable[[InboundMessage], Awaitable[Accepted]]
"""Stores a message. When it returns, the message is safe on disk and may be acknowledged; when it
raises, it is not, and the platform must be told to send it again."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a channel can show.

    Args:
        buttons: it has something to press.
        typing: it can show that an answer is being prepared.
        finds_sent: it can look up whether a message in doubt was sent.
        max_chars: of one message, in Unicode code points; longer replies are split by the channel.
    """

    buttons: bool = True
    typing: bool = False
    finds_sent: bool = False
    max_chars: int = 4000


class Channel(ABC):
    """One account on one platform.

    Life: `open`, then any number of `send`, `fetch`, `show_typing` from any task; in one process at a
    time `listen` while it `pulls`; `close`.
    """

    kind: str
    """"slack", "telegram", "web", "terminal"."""
    account: str
    """Kind and the platform's id of the account, such as "telegram:7712"; known after `open`."""
    capabilities: Capabilities
    pulls: bool = False
    """True when `listen` must run (polling, sockets); the caller holds a lease while it does."""

    @abstractmethod
    async def open(self) -> None:
        """Connects what sending needs and sets `account`.

        Raises:
            RejectedError: the credentials are not accepted.
            RetryLaterError: the platform cannot be reached now.
        """

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """HTTP endpoints that the platform calls; none by default."""
        return ()

    async def listen(self, accept: Accept) -> None:
        """Fetches messages until cancelled. Only called when `pulls` is true."""

    @abstractmethod
    async def send(self, message: OutboundMessage) -> str:
        """Sends one reply and returns the platform's id of it (of its first part when split).

        Raises:
            RetryLaterError, UncertainError, ChatMovedError, RejectedError: see `bot.domain.errors`.
        """

    async def fetch(self, attachment: Attachment) -> bytes:
        """Downloads an attachment.

        Raises:
            RetryLaterError, RejectedError: as for `send`.
        """
        raise RejectedError("this channel has no attachments")

    async def show_typing(self, chat: str) -> None:
        """Shows that an answer is being prepared; failing to is no error."""

    @abstractmethod
    async def close(self) -> None:
        """Closes its connections; safe to call twice."""
