"""Messages of people, the bot and agents, in no channel's format."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class InboundKind(StrEnum):
    """What somebody did; part of the dedup key."""

    TEXT = "text"
    PRESS = "press"
    """A button; `InboundMessage.value` is the button's value."""
    COMMAND = "command"
    """A slash command; `InboundMessage.value` is one of `Command`."""
    EDIT = "edit"
    """The text replaces that of an earlier message, named by `reference`."""
    DELETE = "delete"
    """The message named by `reference` was taken back."""


class Command(StrEnum):
    """What the platforms' own commands mean, whatever they are called there."""

    START = "start"
    HELP = "help"
    HUMAN = "human"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A photo or document that came with a message; its bytes are fetched later, by `Channel.fetch`.

    Args:
        name: file name to show, already without any folder part.
        media_type: such as "image/jpeg".
        size_bytes: as announced by the platform; 0 when it does not say.
        remote_id: what the channel needs to fetch it; opaque elsewhere.
    """

    name: str
    media_type: str
    size_bytes: int
    remote_id: str


@dataclass(frozen=True, kw_only=True)
class InboundMessage:
    """One thing that a person did in a channel.

    Args:
        account: the channel account that received it, such as "slack:T024", "telegram:7712", "web:it".
        kind: what it is.
        key: unique for this account and kind; a second arrival with the same three is a repeat.
        chat: where an answer goes (chat, or channel and thread); opaque outside the channel.
        user: the platform's id of the person.
        user_name: what to call the person, None when the platform does not say.
        text: what was written; the label for a press.
        value: the button's value or the `Command`; None for a text.
        attachments: what came with it.
        language: the platform's idea of the person's language ("fr", "en"), None when unknown.
        sent_at: aware UTC, by the platform's clock.
        reference: the platform's id of the message itself, or of the one that it edits or deletes.
    """

    account: str
    kind: InboundKind
    key: str
    chat: str
    user: str
    user_name: str | None = None
    text: str = ""
    value: str | None = None
    attachments: tuple[Attachment, ...] = ()
    language: str | None = None
    sent_at: datetime
    reference: str | None = None


class ButtonStyle(StrEnum):
    """How much a button stands out."""

    CHOICE = "choice"
    """One of the possible answers to the bot's question; also answered by its number."""
    QUIET = "quiet"
    """A small offer beside the answer, such as "that helped"."""


@dataclass(frozen=True, kw_only=True)
class Button:
    """Something to press.

    Args:
        label: what it says, at most 60 characters.
        value: what comes back in `InboundMessage.value`; at most 64 bytes of ASCII (Telegram's limit).
        style: choices are numbered 1, 2, 3 where the channel has no buttons.
    """

    label: str
    value: str
    style: ButtonStyle = ButtonStyle.CHOICE


@dataclass(frozen=True, kw_only=True)
class Source:
    """The article that an answer comes from.

    Args:
        title: its title in the language of the answer.
        url: where to read it: an address, or a path that only pages of this server can follow while its
            public address is unknown; None when it is to be read nowhere.
    """

    title: str
    url: str | None = None


class Author(StrEnum):
    """Who speaks in a transcript."""

    USER = "user"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"
    """A change that everybody sees: handed over, claimed, resolved, given back."""
    NOTE = "note"
    """An agent's internal note: never leaves the console."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One message to a person, before a channel renders it.

    Args:
        text: Markdown of the small kind that `bot.text.markdown` reads (paragraphs, numbered and
            bulleted lists, bold, italic, code, links); for an agent's reply, plain text.
        title: a line above an answer.
        buttons: at most 10.
        source: the article cited.
        author: bot, agent or system.
        author_name: the agent's name, shown beside what they say.
        is_safety: advice on safety: sent whoever has taken the conversation since.
    """

    text: str
    title: str | None = None
    buttons: tuple[Button, ...] = ()
    source: Source | None = None
    author: Author = Author.BOT
    author_name: str | None = None
    is_safety: bool = False


@dataclass(frozen=True, kw_only=True)
class OutboundMessage:
    """A reply on its way out.

    Args:
        id: idempotency key, stable over retries, at most 64 ASCII characters.
        chat: where it goes, as it came in `InboundMessage.chat`.
        user: the person it is for.
        reply: what to say.
        language: "fr" or "en": that of the channel's own words around the reply.
        in_doubt: an earlier attempt may have gone through; a channel that can look it up does so
            before it sends again.
    """

    id: str
    chat: str
    user: str
    reply: Reply
    language: str
    in_doubt: bool = False


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """The bytes of an attachment, or why they are missing.

    Args:
        attachment: what was asked for.
        content: its bytes, None when they could not be had.
        problem: a short technical reason when content is None.
    """

    attachment: Attachment
    content: bytes | None = field(default=None, repr=False)
    problem: str | None = None


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
class LeasedMessage:
    """An outbox row that this process may send now.

    Args:
        id: of the row.
        tries: attempts before this one.
        holder: who leased it.
        deadline: when the lease ends, aware UTC; after it the row is not ours to send.
        taken_s: when it was leased, by this process's monotonic clock: the other one may be set back.
    """

    id: int
    conversation_id: int
    account: str
    message: OutboundMessage
    tries: int
    holder: str
    deadline: datetime
    taken_s: float = field(default_factory=time.monotonic)
