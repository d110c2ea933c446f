"""A small office on a real database: one desk, a dialogue that echoes, a channel that keeps what is sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.channels.base import Accepted, Capabilities, Channel
from bot.content.files import BASE
from bot.content.phrases import flat_phrases
from bot.domain.agent import Agent
from bot.domain.case import HandoffReason, HandoffRequest, Priority
from bot.domain.conversation import Conversation, Owner
from bot.domain.desk import Desk
from bot.domain.messages import Attachment, InboundKind, InboundMessage, OutboundMessage, Reply
from bot.domain.transcript import TranscriptLine
from bot.domain.turn import Decision, TurnResult, Why
from bot.i18n.phrases import Phrases
from bot.pipeline.inbound import Dialogues, Inbound
from bot.pipeline.outbox import Delivery
from bot.pipeline.worker import ConversationWorker
from bot.quality.rehearsal import SettableClock
from bot.storage.migrate import upgrade
from bot.storage.stores import AnyStore, open_store
from handoff.desk.desk import AgentDesk
from tests.support.content import FakeCurrentContent

ACCOUNT = "echo:1"
MONDAY_MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

DESK = Desk(
    id="it",
    name={"fr": "Support", "en": "Support"},
    languages=("fr", "en"),
    bot_name="Relais",
    timezone=ZoneInfo("Europe/Paris"),
    hours={day: ((time(8, 30), time(18, 0)),) for day in range(5)},
    holidays=frozenset(),
    emergency={"fr": "appelez le 3333", "en": "call 3333"},
    reopen_after=timedelta(hours=72),
    idle_close=timedelta(hours=24),
    first_response={priority: timedelta(minutes=60) for priority in Priority},
    resolution={priority: timedelta(minutes=480) for priority in Priority},
)


class EchoDialogue:
    """Says back what it hears.

    "personne" asks for a person, "panne" fails, "merci" is small talk, "feu" is danger.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []

    def decide(self, conversation: Conversation, message: InboundMessage, *, now: datetime) -> TurnResult:
        """See `bot.pipeline.ports.Dialogue`."""
        self.heard.append(message.text)
        if message.text == "panne":
            raise ZeroDivisionError("a defect")
        replies = (Reply(text=f"écho {message.text}"),)
        if message.text == "personne":
            request = HandoffRequest(reason=HandoffReason.ASKED, summary="veut une personne")
            return TurnResult(
                decision=Decision.HANDOFF, why=Why(rule="asked"), replies=replies, handoff=request
            )
        if message.text == "feu":
            request = HandoffRequest(reason=HandoffReason.DANGER, summary="feu")
            advice = (Reply(text="sortez", is_safety=True),)
            return TurnResult(
                decision=Decision.HANDOFF, why=Why(rule="danger_fire"), replies=advice, handoff=request
            )
        if conversation.owner in (Owner.QUEUE, Owner.AGENT):
            return TurnResult(decision=Decision.NONE, why=Why(rule="a_person_has_it"))
        decision = Decision.SMALLTALK if message.text == "merci" else Decision.ANSWER
        return TurnResult(decision=decision, why=Why(rule="echo"), replies=replies)


class KeepingChannel(Channel):
    """Keeps what is sent; told to fail, it raises what it is told, once each."""

    kind = "echo"
    capabilities = Capabilities()

    def __init__(self) -> None:
        self.account = ACCOUNT
        self.sent: list[OutboundMessage] = []
        self.failures: list[Exception] = []
        self.files: dict[str, bytes] = {}
        self.pause_s = 0.0

    async def open(self) -> None:
        """Nothing to connect."""

    async def send(self, message: OutboundMessage) -> str:
        """Keeps it, or fails."""
        if self.failures:
            raise self.failures.pop(0)
        await asyncio.sleep(self.pause_s)
        self.sent.append(message)
        return message.id

    async def fetch(self, attachment: Attachment) -> bytes:
        """The bytes that the test put there."""
        return self.files[attachment.remote_id]

    async def close(self) -> None:
        """Nothing to let go of."""

    def texts(self, chat: str = "chat") -> list[str]:
        """What was sent to a chat, in order."""
        return [message.reply.text for message in self.sent if message.chat == chat]


@dataclass
class Office:
    """The pipeline on a database, with nothing running by itself."""

    store: AnyStore
    clock: SettableClock = field(default_factory=lambda: SettableClock(MONDAY_MORNING))
    channel: KeepingChannel = field(default_factory=KeepingChannel)
    dialogue: EchoDialogue = field(default_factory=EchoDialogue)
    keys: int = 0

    def __post_init__(self) -> None:
        async def for_release(_: int | None) -> EchoDialogue:
            return self.dialogue

        self.desks = {"it": DESK}
        """Of the content; a test may take some away."""
        self.desk = AgentDesk(FakeCurrentContent(desks=self.desks, phrases=PHRASES))
        self.inbound = Inbound(
            store=self.store,
            dialogues=Dialogues(for_release, lambda: None),
            agent_desk=self.desk,
            desk_id=lambda account: "it",
            desks=lambda: self.desks,
            fetch=lambda account, attachment: self.channel.fetch(attachment),
            show_typing=lambda account, chat: None,
            clock=self.clock,
        )
        self.delivery = self.deliverer("first")

    def deliverer(self, holder: str) -> Delivery:
        """Another process that sends."""
        return Delivery(
            store=self.store, channel=lambda account: self.channel, holder=holder, clock=self.clock
        )

    def message(
        self, text: str, *, key: str | None = None, chat: str = "chat", **fields: Any
    ) -> InboundMessage:
        """A message of one person."""
        self.keys += 1
        values: dict[str, Any] = {
            "account": ACCOUNT,
            "kind": InboundKind.TEXT,
            "key": key or f"key-{self.keys}",
            "chat": chat,
            "user": chat,
            "text": text,
            "sent_at": self.clock.now(),
        }
        return InboundMessage(**(values | fields))

    async def accept(self, text: str, **fields: Any) -> Accepted:
        """A message arrives."""
        return await self.inbound.accept(self.message(text, **fields))

    async def conversation(self, chat: str = "chat") -> Conversation:
        """The one that a message from there belongs to now."""
        found = await self.store.read(lambda unit: unit.conversations.current(ACCOUNT, chat, chat))
        assert found is not None
        return found

    async def handle(self, chat: str = "chat") -> None:
        """What a wake-up does."""
        conversation = await self.conversation(chat)
        await ConversationWorker(self.inbound, self.delivery).handle(conversation.id)

    async def say(self, text: str, **fields: Any) -> None:
        """A message arrives and is handled."""
        await self.accept(text, **fields)
        await self.handle(str(fields.get("chat", "chat")))

    async def transcript(self, chat: str = "chat") -> Sequence[TranscriptLine]:
        """All lines of the current conversation."""
        conversation = await self.conversation(chat)
        return await self.store.read(lambda unit: unit.transcripts.read(conversation.id))

    async def agent(self, name: str) -> Agent:
        """Somebody who answers."""
        return await self.store.write(
            lambda unit: unit.agents.add(
                email=f"{name}@relais.example", name=name, language="fr", desks=["it"], password_hash="-"
            )
        )

    def later(self, **delta: float) -> None:
        """Moves the clock."""
        assert self.clock.at is not None
        self.clock.at += timedelta(**delta)


def open_office(database_url: str) -> Office:
    """An office on an empty database."""
    store = open_store(database_url)
    upgrade(store.engine)
    return Office(store)


PHRASES = Phrases(
    {
        language: flat_phrases("handoff", (BASE / "phrases" / f"handoff.{language}.yml").read_text("utf-8"))
        for language in ("fr", "en")
    }
)
