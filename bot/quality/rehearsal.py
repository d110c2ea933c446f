"""Rehearsal: plays conversations through the real pipeline, step by step, in a throwaway store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.channels.base import Capabilities, Channel
from bot.content.library import Library
from bot.domain.agent import Agent
from bot.domain.conversation import Conversation
from bot.domain.messages import Button, InboundKind, InboundMessage, OutboundMessage
from bot.pipeline.clock import SystemClock
from bot.pipeline.inbound import Inbound
from bot.pipeline.ports import Clock, Store
from bot.pipeline.worker import ConversationWorker
from bot.storage.unit_of_work import UnitOfWork
from handoff.desk.desk import AgentDesk

AGENT_NAME = "Camille"


class RehearsalChannel(Channel):
    """Keeps what is sent instead of sending it."""

    kind = "rehearsal"
    capabilities = Capabilities()

    def __init__(self, desk: str) -> None:
        self.account = f"rehearsal:{desk}"
        self.sent: list[OutboundMessage] = []

    async def open(self) -> None:
        """Nothing to connect."""

    async def send(self, message: OutboundMessage) -> str:
        """Keeps it."""
        self.sent.append(message)
        return message.id

    async def close(self) -> None:
        """Nothing to close."""


class SettableClock:
    """A clock that stands where it is put, or runs with the system's.

    Args:
        at: where it stands, aware; None for the system's time.
    """

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at

    def now(self) -> datetime:
        """See `bot.pipeline.ports.Clock`."""
        return self.at or SystemClock().now()


class Pipeline(Protocol):
    """The parts of a prepared `bot.app.Runtime` that a rehearsal plays on."""

    @property
    def store(self) -> Store:
        """A throwaway one."""

    @property
    def clock(self) -> Clock:
        """Tells the time to every part."""

    @property
    def library(self) -> Library:
        """The content being served."""

    @property
    def desk(self) -> AgentDesk:
        """What agents do."""

    @property
    def inbound(self) -> Inbound:
        """Takes messages in."""

    @property
    def worker(self) -> ConversationWorker:
        """Handles what came in, and sends what is to be sent."""


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What came of one step.

    Args:
        sent: the messages to the person, in order.
        decision: of the bot's turn; None when the step was the agent's.
        why: the why-record of that turn.
        conversation: as it is now.
    """

    sent: Sequence[OutboundMessage]
    decision: str | None
    why: Mapping[str, object]
    conversation: Conversation


class Rehearsal:
    """One person and one agent on one desk.

    Args:
        runtime: prepared, its engine not started.
        channel: open.
        desk: which one.
        language: the platform's idea of the person's language.
        person: tells one rehearsal from the next.
    """

    def __init__(
        self, runtime: Pipeline, channel: RehearsalChannel, *, desk: str, language: str | None, person: str
    ) -> None:
        self._runtime = runtime
        self._channel = channel
        self._desk = desk
        self._language = language
        self._person = person
        self._count = 0

    async def say(self, text: str) -> StepResult:
        """The person writes something."""
        return await self._arrive(InboundKind.TEXT, text=text)

    async def press(self, label: str) -> StepResult:
        """The person presses the latest button with this label.

        Raises:
            LookupError: there is none.
        """
        button = self._button(label)
        return await self._arrive(InboundKind.PRESS, text=button.label, value=button.value)

    async def act(self, action: str, text: str = "") -> StepResult:
        """The agent does something: "claim", "resolve", "return", "release", "reply"."""
        conversation = await self._conversation()
        desk, now = self._runtime.desk, self._runtime.clock.now()
        agent = await self._agent()
        actions = {
            "claim": desk.claim,
            "resolve": desk.resolve,
            "return": desk.give_back,
            "release": desk.release,
        }
        if action == "reply":
            await self._runtime.store.write(
                lambda unit: desk.reply(unit, conversation.id, agent, text, now=now)
            )
        else:
            await self._runtime.store.write(
                lambda unit: actions[action](unit, conversation.id, agent, now=now)
            )
        return await self._handle(conversation.id, is_turn=False)

    async def _arrive(self, kind: InboundKind, *, text: str, value: str | None = None) -> StepResult:
        self._count += 1
        message = InboundMessage(
            account=self._channel.account,
            kind=kind,
            key=f"{self._person}-{self._count}",
            chat=self._person,
            user=self._person,
            text=text,
            value=value,
            language=self._language,
            sent_at=self._runtime.clock.now(),
        )
        await self._runtime.inbound.accept(message)
        return await self._handle((await self._conversation()).id, is_turn=True)

    async def _handle(self, conversation_id: int, *, is_turn: bool) -> StepResult:
        before = len(self._channel.sent)
        await self._runtime.worker.handle(conversation_id)
        turn = await self._runtime.store.read(lambda unit: unit.turns.latest(conversation_id))
        decision, why = turn if is_turn and turn is not None else (None, {})
        return StepResult(
            sent=self._channel.sent[before:],
            decision=decision,
            why=why,
            conversation=await self._runtime.store.read(lambda unit: unit.conversations.get(conversation_id)),
        )

    async def _conversation(self) -> Conversation:
        account, person = self._channel.account, self._person
        found = await self._runtime.store.read(
            lambda unit: unit.conversations.current(account, person, person)
        )
        if found is None:
            raise LookupError("nobody has said anything yet")
        return found

    async def _agent(self) -> Agent:
        email = "camille@relais.example"
        language = self._runtime.library.desks[self._desk].languages[0]

        def find(unit: UnitOfWork) -> Agent:
            known = unit.agents.by_email(email)
            if known is not None:
                return known[0]
            return unit.agents.add(
                email=email, name=AGENT_NAME, language=language, desks=[self._desk], password_hash=""
            )

        return await self._runtime.store.write(find)

    def _button(self, label: str) -> Button:
        wanted = label.casefold()
        for message in reversed(self._channel.sent):
            for button in message.reply.buttons:
                if message.chat == self._person and button.label.casefold() == wanted:
                    return button
        raise LookupError(f"there is no button {label!r}")


@dataclass(frozen=True)
class RehearsalStage:
    """A prepared runtime on which any number of rehearsals are played.

    Args:
        channels: one for each desk.
        clock: the runtime's.
        database: URL of its throwaway store.
    """

    runtime: Pipeline
    channels: Mapping[str, RehearsalChannel]
    clock: SettableClock
    database: str

    def rehearse(self, *, desk: str, language: str | None = None, person: str = "person") -> Rehearsal:
        """A new person on a desk."""
        return Rehearsal(self.runtime, self.channels[desk], desk=desk, language=language, person=person)
