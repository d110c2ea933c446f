"""The roles that the core needs filled; `bot.app` picks who fills them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.domain.case import Case, HandoffRequest
from bot.domain.conversation import Conversation
from bot.domain.messages import Author, Fetched, InboundKind, InboundMessage, OutboundMessage, Reply
from bot.domain.transcript import Entry
from bot.domain.turn import Decision, Feedback, TurnResult
from kb_index.articles.documents import Reader
from kb_index.search import SearchResult
from nlu.interpreter.base import Understanding

T = TypeVar("T")
UNDELIVERED_TIMER = "undelivered"
"""Shows a conversation of the bot to people, because something never reached the person."""
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


# What is stored -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StoredInbound:
    """An inbound message that waits to be handled.

    Args:
        id: rises within a conversation in the order of acceptance.
        tries: how often handling it has failed.
    """

    id: int
    conversation_id: int
    message: InboundMessage
    received_at: datetime
    tries: int


@dataclass(frozen=True, kw_only=True)
class Leased:
    """An outbox row that this process may send now.

    Args:
        id: of the row.
        tries: attempts before this one.
        holder: who leased it.
        deadline: when the lease ends, aware UTC; after it the row is not ours to send.
    """

    id: int
    conversation_id: int
    account: str
    message: OutboundMessage
    tries: int
    holder: str
    deadline: datetime


@dataclass(frozen=True, kw_only=True)
class Timer:
    """Something to do in a conversation at a time.

    Args:
        kind: what; see `bot.pipeline.inbound`.
        epoch: of the conversation when it was set; an older one is dropped.
    """

    id: int
    conversation_id: int
    kind: str
    due_at: datetime
    epoch: int


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A person who answers."""

    id: int
    email: str
    name: str
    language: str
    desks: tuple[str, ...]
    active: bool


# How it is stored -----------------------------------------------------------------------------------


class Conversations(Protocol):
    """The conversation rows."""

    def current(self, account: str, chat: str, user: str, *, lock: bool = False) -> Conversation | None:
        """The one that a message from there belongs to; with `lock`, locked until the commit."""

    def open(
        self,
        message: InboundMessage,
        *,
        after: Conversation | None,
        desk: str,
        language: str,
        now: datetime,
    ) -> Conversation:
        """Begins a new one, and the person if unknown; the one that it comes `after` is current no more."""

    def get(self, conversation_id: int) -> Conversation:
        """Raises NotFoundError."""

    def lock(self, conversation_id: int) -> Conversation:
        """As `get`, locked until the commit."""

    def wait_for_others(self, conversation_id: int) -> None:
        """Waits for its other transactions, before anything of it is written."""

    def save(self, conversation: Conversation) -> bool:
        """Writes it under its fence, which then rises, and settles it; False when another was quicker."""

    def move_chat(self, conversation_id: int, new_chat: str) -> None:
        """The platform gave the chat another address."""

    def awaken(self, conversation_id: int, at: datetime) -> None:
        """Needs attention at that time; an earlier one stands."""

    def settle(self, conversation_id: int) -> None:
        """Sets when it next needs attention: at once while messages wait, else at its earliest timer."""

    def due(self, now: datetime, *, limit: int) -> Sequence[int]:
        """Those that need attention, longest waiting first."""


class Inbox(Protocol):
    """What people sent."""

    def add(self, message: InboundMessage, conversation_id: int, now: datetime) -> int | None:
        """Stores it, with its transcript line if it says anything; None when it is a repeat."""

    def known(self, message: InboundMessage) -> bool:
        """Whether it is stored already."""

    def next(self, conversation_id: int, now: datetime) -> StoredInbound | None:
        """The oldest one that waits; None when none does or the oldest must wait for a retry."""

    def latest(self, conversation_id: int) -> datetime | None:
        """When the last message came."""

    def finish(self, inbound_id: int) -> None:
        """It has been handled."""

    def retry(self, inbound_id: int, *, at: datetime, problem: str) -> None:
        """Handling failed; again at that time."""

    def set_aside(self, inbound_id: int, *, problem: str) -> None:
        """Handling keeps failing; later messages go on."""

    def keep(self, inbound_id: int, fetched: Sequence[Fetched]) -> None:
        """Stores the bytes of its attachments, or why they are missing."""


class Transcripts(Protocol):
    """What was said, in order."""

    def add(
        self,
        conversation: Conversation,
        author: Author,
        text: str,
        *,
        now: datetime,
        author_name: str | None = None,
    ) -> int:
        """A line that is not sent anywhere (a note)."""

    def read(self, conversation_id: int, *, after: int = 0, limit: int = 500) -> Sequence[Entry]:
        """Lines with an id above the cursor, oldest first, at most `limit` of the latest."""

    def read_chat(
        self, account: str, chat: str, user: str, *, after: int = 0, limit: int = 500
    ) -> Sequence[Entry]:
        """As `read`, over all conversations of a person in a chat; without notes."""

    def attachment(self, attachment_id: int) -> tuple[int, str, str, bytes]:
        """Its conversation id, name, media type and bytes. Raises NotFoundError."""


@dataclass(frozen=True, kw_only=True)
class PastTurn:
    """What the bot decided about a message, looked at later.

    Args:
        language: of the conversation.
        kind: of the message; `text` is what it said, the label for a press.
        why: the why-record.
        helped: what the person said of the answer given in this turn; None when nothing.
    """

    conversation_id: int
    desk: str
    language: str
    kind: InboundKind
    text: str
    created_at: datetime
    decision: Decision
    why: Mapping[str, object]
    helped: bool | None


class Turns(Protocol):
    """What the bot decided."""

    def add(
        self, conversation: Conversation, inbound_id: int | None, result: TurnResult, now: datetime
    ) -> None:
        """Keeps the decision and its why-record."""

    def latest(self, conversation_id: int) -> tuple[str, Mapping[str, object]] | None:
        """The last decision and its why-record."""

    def feedback(self, conversation_id: int, feedback: Feedback, now: datetime) -> None:
        """Whether an answer helped; the last word counts."""

    def in_trouble(self, since: datetime) -> Sequence[PastTurn]:
        """All turns on messages of the conversations that since then went to people, or in which an
        answer did not help; by conversation, then in order."""


@dataclass(frozen=True, kw_only=True)
class AskedQuestion:
    """What somebody asked the bot, in their words.

    Args:
        language: of the conversation.
        solved_by: kind ("article" or "flow") and id of what they said helped; None when they said nothing.
    """

    text: str
    desk: str
    language: str
    solved_by: tuple[str, str] | None = None


class Questions(Protocol):
    """What people have asked, newest first; read from the database as it is taken."""

    def asked(self, rules: Collection[str]) -> Iterator[AskedQuestion]:
        """Messages that were decided by one of these rules and did not answer a clarification."""

    def solved(self, rules: Collection[str]) -> Iterator[AskedQuestion]:
        """Those of them that ended with word that it helped, by when that was said."""


class Outbox(Protocol):
    """What is to be sent."""

    def add(self, conversation: Conversation, reply: Reply, *, turn_no: int | None, now: datetime) -> None:
        """Writes the transcript line and the row that sends it, under the conversation's owner and epoch."""

    def lease(self, conversation_id: int, *, holder: str, now: datetime) -> Leased | None:
        """The next row to send, leased; None when none is due or another holder is sending.

        Bot rows of an older epoch are marked superseded on the way; a row whose lease ran out comes
        back in doubt.
        """

    def sent(self, leased: Leased, external_id: str, now: datetime) -> None:
        """It was sent."""

    def again(self, leased: Leased, *, at: datetime, problem: str, in_doubt: bool) -> None:
        """It was not, or perhaps not; once more at that time."""

    def undeliverable(self, leased: Leased, *, problem: str) -> None:
        """It never will be; shown to an agent."""

    def recover(self, now: datetime) -> None:
        """Every lease ends: whoever held them is known to be dead."""

    def due(self, now: datetime, *, limit: int) -> Sequence[int]:
        """Conversations with something to send."""


@dataclass(frozen=True, kw_only=True)
class QueueItem:
    """A case as the console's list shows it.

    Args:
        agent_name: who has it, None when nobody does.
        last_text: the last line said by the person, the bot or an agent.
        last_author: who said it.
        undelivered: something that was to be sent to the person never reached them.
    """

    case: Case
    conversation: Conversation
    agent_name: str | None
    last_text: str
    last_author: Author
    last_at: datetime
    undelivered: bool


class Cases(Protocol):
    """Support requests."""

    def listing(
        self, desks: Sequence[str], *, resolved: bool = False, limit: int = 200
    ) -> Sequence[QueueItem]:
        """Open cases by priority, then waiting time; or the latest resolved ones."""

    def history(self, case_id: int) -> Sequence[tuple[datetime, str, str | None]]:
        """What happened to it: when, the event, the agent's name."""

    def of_person(self, person_id: int) -> Sequence[Case]:
        """All of a person's cases, newest first."""

    def open(self, case: Case) -> Case:
        """Stores a new one and returns it with its id."""

    def get(self, case_id: int) -> Case:
        """Raises NotFoundError."""

    def save(self, case: Case, *, event: str, agent_id: int | None, now: datetime) -> None:
        """Writes it, and a line of its history."""

    def waiting(self, desk: str) -> int:
        """How many are in the queue of a desk."""


class Timers(Protocol):
    """What is to happen later."""

    def set(self, conversation: Conversation, kind: str, due_at: datetime) -> None:
        """Replaces the conversation's timer of that kind."""

    def take(self, conversation_id: int, now: datetime) -> Timer | None:
        """Removes and returns one that is due."""


@dataclass(frozen=True, kw_only=True)
class ArticleVersion:
    """A text that an article had.

    Args:
        version: 1 is the first; each language counts for itself.
        release_id: the first release that holds it.
        created_at: of that release.
    """

    desk: str
    article: str
    language: str
    version: int
    release_id: int
    created_at: datetime


class Releases(Protocol):
    """Snapshots of a workspace's content."""

    def latest(self) -> tuple[int, str] | None:
        """Id and content hash of the newest one."""

    def files(self, release_id: int) -> Mapping[str, str]:
        """Its files: path relative to the workspace -> text. Raises NotFoundError."""

    def add(
        self,
        files: Mapping[str, str],
        content_hash: str,
        articles: Mapping[tuple[str, str, str], str],
        now: datetime,
    ) -> int:
        """Stores one; `articles` maps (desk, id, language) to a content hash, from which versions follow."""

    def versions(self, release_id: int) -> Mapping[tuple[str, str, str], int]:
        """The version of each article in it, by (desk, id, language); the first is 1."""

    def history(self, desk: str, article: str) -> Sequence[ArticleVersion]:
        """All versions of an article, by language, then oldest first; none of an unknown one."""


class Leases(Protocol):
    """What only one process may do at a time."""

    def take(self, name: str, holder: str, *, now: datetime, until: datetime) -> bool:
        """Takes or renews it; False when another holder has it."""

    def drop(self, name: str, holder: str) -> None:
        """Lets go of it."""


class Agents(Protocol):
    """Who answers, and their sessions."""

    def get(self, agent_id: int) -> Agent:
        """Raises NotFoundError."""

    def all(self) -> Sequence[Agent]:
        """Everybody, by name."""

    def by_email(self, email: str) -> tuple[Agent, str] | None:
        """The agent and the password's hash; None when unknown."""

    def add(self, *, email: str, name: str, language: str, desks: Sequence[str], password_hash: str) -> Agent:
        """Raises ConflictError("already_there")."""

    def set_active(self, agent_id: int, *, active: bool) -> None:
        """Whether the agent may log in; their sessions end with it."""

    def rehash(self, agent_id: int, password_hash: str) -> None:
        """A stronger hash of the same password."""

    def open_session(self, agent_id: int, token_hash: str, expires_at: datetime) -> None:
        """Remembers a login by the hash of its token."""

    def session(self, token_hash: str, now: datetime) -> Agent | None:
        """Who is logged in, None when nobody is any more."""

    def close_session(self, token_hash: str) -> None:
        """Logs out."""


class Unit(Protocol):
    """One transaction: all that is done through it is committed together or not at all."""

    @property
    def conversations(self) -> Conversations: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def transcripts(self) -> Transcripts: ...
    @property
    def turns(self) -> Turns: ...
    @property
    def questions(self) -> Questions: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def timers(self) -> Timers: ...
    @property
    def agents(self) -> Agents: ...
    @property
    def releases(self) -> Releases: ...
    @property
    def leases(self) -> Leases: ...

    def once(self, key: str, now: datetime) -> bool:
        """True the first time that this idempotency key is seen."""

    def wake(self, conversation_id: int) -> None:
        """After the commit a worker looks at this conversation."""

    def changed(self, conversation_id: int) -> None:
        """After the commit the pages that show this conversation look again."""


class Store(Protocol):
    """Runs functions in transactions, off the event loop."""

    async def read(self, job: Callable[[Unit], T], /) -> T:
        """In a read transaction."""

    async def write(self, job: Callable[[Unit], T], /) -> T:
        """In a write transaction; returns after the commit. May run `job` again after a lost race, so
        it must do nothing but use its unit."""


# What inbound asks of the others --------------------------------------------------------------------


class Dialogue(Protocol):
    """Decides what the bot says."""

    def decide(self, conversation: Conversation, message: InboundMessage, *, now: datetime) -> TurnResult:
        """No side effects, no transaction; may take milliseconds of processor time."""


class Desks(Protocol):
    """The people's side: what inbound needs of `handoff.desk.desk`."""

    def receive(
        self,
        unit: Unit,
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
        self, unit: Unit, conversation: Conversation, message: InboundMessage, *, now: datetime
    ) -> None:
        """A message came while a person has the conversation."""

    def reopen(self, unit: Unit, conversation: Conversation, *, now: datetime) -> Conversation:
        """A message came to a closed conversation within its desk's delay: its case is open again.

        The conversation that comes back is not saved yet.
        """

    def reopens(self, conversation: Conversation, now: datetime) -> bool:
        """Whether a message now belongs to this closed conversation rather than to a new one."""
