"""The roles that the core needs filled; `bot.app` picks who fills them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.domain.case import HandoffRequest, WaitingRequest
from bot.domain.conversation import Conversation
from bot.domain.messages import InboundMessage, Reply
from bot.domain.turn import TurnResult
from kb_index.articles.documents import Reader
from kb_index.search import SearchResult
from nlu.interpreter.base import Understanding

if TYPE_CHECKING:  # dialogues need this module, and SQLAlchemy takes half a second to import
    from bot.storage.unit_of_work import UnitOfWork

T = TypeVar("T")
Vector = NDArray[np.float32]


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Aware UTC."""


class Understander(Protocol):
    """Makes an intent of a sentence."""

    def understand(self, text: str, *, language: str, vector: Callable[[], Vector]) -> Understanding:
        """What the sentence means; `vector` gives its encoding and is called only when needed."""


class Retriever(Protocol):
    """Finds articles and flows."""

    def search(
        self,
        question: str,
        vector: Callable[[], Vector],
        *,
        desk: str,
        language: str,
        k: int = 5,
        reader: Reader,
    ) -> SearchResult:
        """The nearest ones that the reader is shown, best first."""


class Encode(Protocol):
    """Turns texts into unit vectors."""

    def __call__(self, texts: Sequence[str], /) -> Vector:
        """float32, (n, dim), rows of length 1."""


class Store(Protocol):
    """Runs functions in transactions, off the event loop."""

    async def read(self, job: Callable[["UnitOfWork"], T], /) -> T:
        """In a read transaction."""

    async def write(self, job: Callable[["UnitOfWork"], T], /) -> T:
        """In a write transaction; returns after the commit. May run `job` again after a lost race, so
        it must do nothing but use its unit."""


class Dialogue(Protocol):
    """Decides what the bot says."""

    def decide(self, conversation: Conversation, message: InboundMessage, *, now: datetime) -> TurnResult:
        """No side effects, no transaction; may take milliseconds of processor time."""


class HandoffDesk(Protocol):
    """The people's side: what inbound needs of `handoff.desk.desk`."""

    def receive(
        self,
        unit: "UnitOfWork",
        conversation: Conversation,
        request: HandoffRequest,
        *,
        replies: Sequence[Reply] = (),
        now: datetime,
    ) -> Conversation:
        """Opens a case, puts the conversation in the queue, says `replies` and then what happens next.

        The conversation that comes back is not saved yet.
        """

    def relay(
        self, unit: "UnitOfWork", conversation: Conversation, message: InboundMessage, *, now: datetime
    ) -> None:
        """A message came while a person has the conversation."""

    def alarm(
        self, unit: "UnitOfWork", conversation: Conversation, request: HandoffRequest, *, now: datetime
    ) -> None:
        """Danger was named while people have the conversation: its case goes before all others."""

    def attend(
        self, unit: "UnitOfWork", conversation: Conversation, request: WaitingRequest, *, now: datetime
    ) -> Conversation:
        """Does what somebody who waits wants, and says so.

        The conversation that comes back is not saved yet.
        """

    def reopen(self, unit: "UnitOfWork", conversation: Conversation, *, now: datetime) -> Conversation:
        """A message came to a closed conversation within its desk's delay: its case is open again.

        The conversation that comes back is not saved yet.
        """

    def reopens(self, conversation: Conversation, now: datetime) -> bool:
        """Whether a message now belongs to this closed conversation rather than to a new one."""
