"""The whole pipeline: accept, decide, commit, deliver, on each database."""

import asyncio
import itertools
import os
import resource
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from bench.figures import Figures, percentiles
from bot.app import Runtime
from bot.channels.base import Capabilities, Channel
from bot.domain.messages import InboundKind, InboundMessage, OutboundMessage
from bot.pipeline.channels import ChannelState
from bot.pipeline.clock import SystemClock
from bot.storage.unit_of_work import UnitOfWork
from bot.telemetry.metrics import STAGE_SECONDS
from config.settings import Settings

ACCOUNT = "bench:it"
RASA_MESSAGES_PER_S = 65
"""Best of a Rasa 3.6 bot (rules and ResponseSelector over REST) on such a machine, measured beforehand."""

_CHATS = 120
_AT_ONCE = 64
_SMALL = ("bonjour", "merci", "aide", "ok merci", "bonsoir", "pourquoi cette réponse ?", "je ne sais pas")
_IN_FLOW = ("je ne sais pas", "retour", "répétez", "oui")


class BenchChannel(Channel):
    """Sends to nobody."""

    kind = "bench"
    account = ACCOUNT
    capabilities = Capabilities()

    async def open(self) -> None:
        """Nothing to connect."""

    async def send(self, message: OutboundMessage) -> str:
        """At once."""
        return message.id

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class Bench:
    """A running process under load."""

    runtime: Runtime
    run: int
    numbers: "Iterator[int]"

    async def say(self, chat: str, words: str) -> None:
        """One message arrives."""
        message = InboundMessage(
            account=ACCOUNT,
            kind=InboundKind.TEXT,
            key=f"{self.run}-{next(self.numbers)}",
            chat=chat,
            user=chat,
            text=words,
            sent_at=self.runtime.clock.now(),
        )
        await self.runtime.inbound.accept(message)

    async def quiet(self) -> None:
        """Waits until everything is handled and sent."""
        while await self.runtime.store.read(_is_busy):
            await asyncio.sleep(0.01)

    async def saturate(
        self, script: Callable[[int, int], str], *, chats: int, turns: int, name: str
    ) -> float:
        """Messages per second: each chat says its lines one after the other, `_AT_ONCE` at a time."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(chat: int) -> None:
            for turn in range(turns):
                async with slots:
                    await self.say(f"{name}-{chat}", script(chat, turn))

        start = time.perf_counter()
        await asyncio.gather(*(one(chat) for chat in range(chats)))
        await self.quiet()
        return chats * turns / (time.perf_counter() - start)

    async def steady(
        self, script: Callable[[int], str], *, per_s: int, seconds: int, name: str
    ) -> list[float]:
        """Seconds from arrival to send, at a steady rate."""
        begun = self.runtime.clock.now()
        start = time.perf_counter()
        tasks = []
        for number in range(per_s * seconds):
            await asyncio.sleep(max(0.0, start + number / per_s - time.perf_counter()))
            tasks.append(asyncio.create_task(self.say(f"{name}-{number % _CHATS}", script(number))))
        await asyncio.gather(*tasks)
        await self.quiet()
        return await self.runtime.store.read(lambda unit: _latencies(unit, begun))


@asynccontextmanager
async def benched(settings: Settings) -> AsyncIterator[Bench]:
    """A runtime on this database with the bench's channel."""
    runtime = Runtime(settings, [ChannelState(BenchChannel(), "it", is_open=True)], clock=SystemClock())
    async with runtime.running():
        yield Bench(runtime, int(time.time() * 1000), itertools.count())


async def measure(figures: Figures, settings: Settings, name: str, questions: Sequence[str]) -> None:
    """All figures of one database."""
    figures.heading(f"Whole pipeline on {name}: accept, decide, commit, deliver")
    async with benched(settings) as bench:
        await bench.saturate(lambda chat, turn: "bonjour", chats=20, turns=5, name="warm")
        _reset_stages()
        rate = await bench.saturate(_small, chats=_CHATS, turns=20, name="small")
        figures.add(
            "small talk and commands", f"{rate:,.0f} messages/s", f"{10 * RASA_MESSAGES_PER_S} (10 x Rasa)"
        )
        await bench.saturate(
            lambda chat, turn: "le vpn ne se connecte pas", chats=_CHATS, turns=1, name="flow"
        )
        rate = await bench.saturate(_in_flow, chats=_CHATS, turns=16, name="flow")
        figures.add("steps of a flow", f"{rate:,.0f} messages/s", f"{10 * RASA_MESSAGES_PER_S} (10 x Rasa)")
        asked = iter(questions)
        rate = await bench.saturate(lambda chat, turn: next(asked), chats=_CHATS, turns=10, name="ask")
        figures.add("distinct questions", f"{rate:,.0f} messages/s", f"{5 * RASA_MESSAGES_PER_S} (5 x Rasa)")
        times = await bench.steady(
            lambda n: next(asked) if n % 2 else _small(n, n), per_s=100, seconds=15, name="s"
        )
        figures.add("arrival to send at 100/s, half of them questions", percentiles(times), "p99 < 50 ms")
        await _long_conversation(figures, bench)
        _stages(figures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures.add("memory of this process at its peak", f"{peak:,.0f} MB", "600 MB")


def distinct_questions(workspace_questions: Sequence[str]) -> Iterator[str]:
    """Questions of the workspace, each time with other words around them, so that none comes twice."""
    for number in itertools.count():
        question = workspace_questions[number % len(workspace_questions)]
        yield f"{question}, poste {number * 7919 % 99991}" if number % 2 else f"ici {number}, {question}"


async def _long_conversation(figures: Figures, bench: Bench) -> None:
    """One conversation of 300 messages, one after the other."""
    times = []
    for number in range(300):
        start = time.perf_counter()
        await bench.say("long", _SMALL[number % len(_SMALL)])
        await bench.quiet()
        times.append(time.perf_counter() - start)
    first, last = sorted(times[5:35])[15], sorted(times[-30:])[15]
    figures.add(
        "a conversation's messages 5-35 against its last 30",
        f"{first * 1000:.1f} against {last * 1000:.1f} ms",
        "as quick",
    )


def _small(chat: int, turn: int) -> str:
    return _SMALL[(chat + turn) % len(_SMALL)]


def _in_flow(chat: int, turn: int) -> str:
    return _IN_FLOW[turn % len(_IN_FLOW)]


def _is_busy(unit: UnitOfWork) -> bool:
    connection = unit.connection
    waiting = "SELECT 1 FROM inbox WHERE status = 'pending' LIMIT 1"
    sending = "SELECT 1 FROM outbox WHERE status IN ('pending', 'sending') LIMIT 1"
    return any(connection.execute(text(query)).first() is not None for query in (waiting, sending))


def _latencies(unit: UnitOfWork, since: object) -> list[float]:
    """From the acceptance of a message to the sending of the last reply of its turn."""
    from sqlalchemy import func, select

    from bot.storage.tables import EntryRow, InboxRow, OutboxRow, TurnRow

    statement = (
        select(InboxRow.received_at, func.max(OutboxRow.sent_at).label("sent_at"))
        .join(TurnRow, TurnRow.inbox_id == InboxRow.id)
        .join(
            EntryRow,
            (EntryRow.conversation_id == TurnRow.conversation_id) & (EntryRow.turn_no == TurnRow.turn_no),
        )
        .join(OutboxRow, OutboxRow.entry_id == EntryRow.id)
        .where(InboxRow.received_at >= since)
        .group_by(InboxRow.id, InboxRow.received_at)
    )
    rows = unit.connection.execute(statement).all()
    return [(row.sent_at - row.received_at).total_seconds() for row in rows if row.sent_at is not None]


def _reset_stages() -> None:
    STAGE_SECONDS.clear()


def _stages(figures: Figures) -> None:
    """Share of each stage in the time that all turns so far took, without what they waited for in a queue."""
    sums = {
        sample.labels["stage"]: sample.value
        for metric in STAGE_SECONDS.collect()
        for sample in metric.samples
        if sample.name.endswith("_sum")
    }
    total = sum(sums.values()) or 1.0
    ranked = sorted(sums.items(), key=lambda pair: -pair[1])
    shares = " · ".join(f"{stage} {100 * value / total:.0f} %" for stage, value in ranked)
    figures.add("share of each stage", shares)


def fresh(settings: Settings, folder: Path, url: str | None = None) -> Settings:
    """The same installation on an empty database."""
    database = url or f"sqlite:///{folder / f'bench-{os.getpid()}.db'}"
    return settings.model_copy(update={"database_url": database})
