"""Conversations that cannot be handled back off, are parked and seen, and starve nobody."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain.conversation import Owner, ParkedReason
from bot.domain.errors import RejectedError, RetryLaterError
from bot.pipeline.engine.sweep import PAGE, Sweep
from bot.pipeline.outbox import Delivery
from bot.storage.cases import TimerRepository
from bot.storage.inbox import InboxRepository
from bot.storage.outbox import OutboxRepository
from bot.storage.transcripts import TurnRepository
from handoff.desk.desk import AgentDesk
from tests.pipeline.office import DESK, Office

pytestmark = pytest.mark.asyncio

STUCK = 300
MOST_TRIES = 12


def broken(*_: Any, **__: Any) -> Any:
    raise KeyError("a defect")


async def parked(office: Office) -> list[ParkedReason]:
    return [each.reason for each in await office.store.read(lambda unit: unit.conversations.parked(limit=10))]


def sweep_of(office: Office) -> Sweep:
    return Sweep(office.store, office.clock, lambda: list(office.desks))


async def sweep_and_handle(office: Office, sweep: Sweep) -> int:
    """One page of the sweep, handled; how many were found."""
    found = await sweep.page()
    for conversation_id in found:
        await office.inbound.drain(conversation_id)
        await office.delivery.deliver(conversation_id)
    return len(found)


async def test_an_unknown_desk_parks_and_its_return_answers_everything_in_order(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    await office.say("avant")
    del office.desks["it"]
    for number in range(3):
        await office.say(f"m{number}")
    assert await parked(office) == [ParkedReason.UNKNOWN_DESK]
    assert len(caplog.records) == 1, "one line for the conversation, not one for each look"
    sweep = sweep_of(office)
    assert await sweep_and_handle(office, sweep) == 0, "the sweep leaves it alone"
    (seen,) = await office.store.read(lambda unit: unit.conversations.parked(limit=10))
    assert (seen.desk, seen.waiting) == ("it", 3)
    office.desks["it"] = DESK
    await sweep_and_handle(office, sweep)
    assert office.channel.texts() == ["écho avant", "écho m0", "écho m1", "écho m2"]
    assert await parked(office) == []


async def test_a_renamed_desk_is_mapped_and_its_conversations_go_on(office: Office) -> None:
    await office.say("avant")
    office.desks["new"] = office.desks.pop("it")
    await office.say("un")
    await office.say("deux")
    assert await office.store.read(lambda unit: unit.conversations.of_other_desks(["new"])) == {"it": 1}
    await office.store.write(lambda unit: unit.conversations.rename_desk("it", "new"))
    await sweep_and_handle(office, sweep_of(office))
    assert office.channel.texts() == ["écho avant", "écho un", "écho deux"]


async def test_a_closed_conversation_of_an_unknown_desk_refuses_no_message(office: Office) -> None:
    camille = await office.agent("Camille")
    await office.say("personne")
    first = await office.conversation()
    now = office.clock.now()
    await office.store.write(lambda unit: office.desk.claim(unit, first.id, camille, now=now))
    await office.store.write(lambda unit: office.desk.resolve(unit, first.id, camille, now=now))
    del office.desks["it"]
    office.desks["new"] = replace(DESK, id="new")
    office.inbound._desk_id = lambda account: "new"
    await office.say("de retour")
    assert (await office.conversation()).id != first.id


async def test_no_number_of_stuck_conversations_starves_a_healthy_one(office: Office) -> None:
    office.desks["gone"] = replace(DESK, id="gone")
    office.inbound._desk_id = lambda account: "gone"
    for number in range(STUCK):
        await office.accept("bonjour", chat=f"stuck-{number}")
    office.inbound._desk_id = lambda account: "it"
    for number in range(5):
        await office.accept("bonjour", chat=f"healthy-{number}")
    del office.desks["gone"]
    sweep = sweep_of(office)
    pages = 0
    while await sweep_and_handle(office, sweep):
        pages += 1
        assert pages <= 3
    assert [office.channel.texts(f"healthy-{number}") for number in range(5)] == [["écho bonjour"]] * 5
    counts = await office.store.read(lambda unit: unit.conversations.parked_counts())
    assert counts[ParkedReason.UNKNOWN_DESK] == STUCK


async def test_the_sweep_passes_those_that_stay_due(office: Office) -> None:
    """Nothing parks them here: each page begins where the one before ended."""
    for number in range(STUCK):
        await office.accept("bonjour", chat=f"stuck-{number}")
    await office.accept("bonjour", chat="healthy")
    healthy = (await office.conversation("healthy")).id
    sweep = sweep_of(office)
    first, second, again = [await sweep.page() for _ in range(3)]
    assert len(first) == PAGE
    assert healthy in second
    assert list(again) == list(first)


async def test_the_sweep_passes_rows_of_the_outbox_that_stay_due(office: Office) -> None:
    for number in range(STUCK):
        await office.accept("bonjour", chat=f"stuck-{number}")
        await office.inbound.drain((await office.conversation(f"stuck-{number}")).id)
    office.later(seconds=1)
    await office.accept("bonjour", chat="healthy")
    healthy = (await office.conversation("healthy")).id
    await office.inbound.drain(healthy)
    sweep = sweep_of(office)
    first, second = [await sweep.page() for _ in range(2)]
    assert len(first) == PAGE
    assert healthy in second


async def test_a_conversation_that_cannot_be_read_backs_off_and_is_parked(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    await office.accept("bonjour")
    conversation = await office.conversation()
    await office.store.write(
        lambda unit: unit.connection.execute(text("UPDATE conversation SET owner = 'nonsense'"))
    )
    for _ in range(50):
        await office.inbound.drain(conversation.id)
    assert len(caplog.records) == 1
    for _ in range(10):
        office.later(minutes=3)
        await office.inbound.drain(conversation.id)
    assert len(caplog.records) == 5
    assert await parked(office) == [ParkedReason.FAILING]


def _stage(name: str) -> tuple[type, str]:
    stages: dict[str, tuple[type, str]] = {
        "loading": (InboxRepository, "next"),
        "committing": (TurnRepository, "add"),
        "finishing": (InboxRepository, "finish"),
        "the handover": (AgentDesk, "receive"),
        "setting aside": (InboxRepository, "set_aside"),
        "counting the failure": (InboxRepository, "failed"),
        "timers": (TimerRepository, "take"),
    }
    return stages[name]


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("loading", "bonjour"),
        ("committing", "bonjour"),
        ("finishing", "bonjour"),
        ("the handover", "personne"),
        ("the handover", "panne"),
        ("setting aside", "panne"),
        ("counting the failure", "panne"),
    ],
)
async def test_whatever_raises_is_tried_a_few_times_and_then_parked_or_with_people(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, stage: str, said: str
) -> None:
    await office.accept(said)
    await office.accept("suite")
    conversation = await office.conversation()
    tries = 0
    with monkeypatch.context() as patched:
        patched.setattr(*_stage(stage), broken)
        for _ in range(60):
            before = len(caplog.records)
            await office.inbound.drain(conversation.id)
            tries += len(caplog.records) > before
            office.later(minutes=3)
    assert 3 <= tries <= MOST_TRIES
    tracebacks = [record for record in caplog.records if record.exc_info]
    assert len(tracebacks) <= tries
    is_with_people = (await office.conversation()).owner is Owner.QUEUE
    assert is_with_people != (await parked(office) == [ParkedReason.FAILING])
    await office.store.write(lambda unit: unit.conversations.resume([conversation.id]))
    for _ in range(4):
        await office.handle()
        office.later(minutes=1)
    assert await parked(office) == []
    waiting = await office.store.read(lambda unit: unit.inbox.next(conversation.id))
    assert waiting is None, "every message was answered, or shown to people"


async def test_a_failure_waits_before_the_next_try(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await office.accept("bonjour")
    conversation = await office.conversation()
    monkeypatch.setattr(InboxRepository, "next", broken)
    for _ in range(50):
        await office.inbound.drain(conversation.id)
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1
    assert await sweep_of(office).page() == [], "no wake-up before its time"


async def test_timers_that_raise_back_off_and_are_parked(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.say("bonjour")
    monkeypatch.setattr(TimerRepository, "take", broken)
    office.later(hours=25)
    for _ in range(10):
        await office.handle()
        office.later(minutes=5)
    assert await parked(office) == [ParkedReason.FAILING]


async def test_the_timer_of_an_unknown_desk_closes_a_silent_conversation(office: Office) -> None:
    await office.say("bonjour")
    del office.desks["it"]
    office.later(hours=25)
    await office.handle()
    assert (await office.conversation()).owner is Owner.CLOSED


@pytest.mark.parametrize(
    ("where", "name"), [(OutboxRepository, "_take"), (OutboxRepository, "sent"), (Delivery, "_send")]
)
async def test_a_delivery_that_raises_is_given_up_and_shown(
    office: Office, monkeypatch: pytest.MonkeyPatch, where: type, name: str
) -> None:
    monkeypatch.setattr("bot.pipeline.outbox._WRITE_AGAIN_AFTER_S", ())
    await office.accept("bonjour")
    conversation = await office.conversation()
    with monkeypatch.context() as patched:
        patched.setattr(where, name, broken)
        for _ in range(30):
            await office.handle()
            office.later(minutes=6)
    await office.handle()
    assert (await office.conversation()).owner is Owner.QUEUE
    lines = await office.store.read(lambda unit: unit.transcripts.read(conversation.id))
    assert "undelivered" in {line.delivery for line in lines}


# The clock --------------------------------------------------------------------------------------


async def test_a_retry_does_not_wait_for_a_clock_that_was_set_back(office: Office) -> None:
    await office.accept("panne")
    await office.handle()
    office.later(hours=-1)
    await sweep_and_handle(office, sweep_of(office))
    assert office.dialogue.heard == ["panne", "panne"]


async def test_a_send_does_not_wait_for_a_clock_that_was_set_back(office: Office) -> None:
    office.channel.failures = [RetryLaterError(30)]
    await office.say("bonjour")
    office.later(hours=-1)
    await sweep_and_handle(office, sweep_of(office))
    assert office.channel.texts() == ["écho bonjour"]


async def test_the_longest_wait_that_a_platform_asks_for_is_capped(office: Office) -> None:
    office.channel.failures = [RetryLaterError(86_400)]
    await office.say("bonjour")
    await office.handle()
    assert office.channel.texts() == [], "it does wait"
    office.later(minutes=15)
    await office.handle()
    assert office.channel.texts() == ["écho bonjour"]


async def test_a_message_that_nobody_was_woken_for_is_found_after_the_clock_was_set_back(
    office: Office,
) -> None:
    await office.accept("bonjour")
    office.later(hours=-1)
    await sweep_and_handle(office, sweep_of(office))
    assert office.channel.texts() == ["écho bonjour"]


async def test_what_was_not_delivered_is_shown_though_the_clock_was_set_back(office: Office) -> None:
    office.channel.failures = [RejectedError("chat not found")]
    await office.say("bonjour")
    office.later(hours=-1)
    await sweep_and_handle(office, sweep_of(office))
    assert (await office.conversation()).owner is Owner.QUEUE


async def test_the_lease_of_a_dead_process_ends_though_the_clock_was_set_back(office: Office) -> None:
    def take(holder: str) -> Callable[[Any], bool]:
        now = office.clock.now()
        return lambda unit: unit.leases.take("listen", holder, now=now, until=now + timedelta(seconds=15))

    assert await office.store.write(take("dead"))
    assert not await office.store.write(take("other"))
    office.later(hours=-1)
    assert await office.store.write(take("other"))
    office.later(hours=2)
    assert await office.store.write(take("third")), "forward, a lease is over as by any time that passes"


async def test_a_send_in_flight_at_a_crash_goes_on_though_the_clock_was_set_back(office: Office) -> None:
    await office.accept("un")
    conversation = await office.conversation()
    await office.inbound.drain(conversation.id)
    now = office.clock.now()
    await office.store.write(lambda unit: unit.outbox.lease(conversation.id, holder="dead", now=now))
    office.later(hours=-1)
    await sweep_and_handle(office, sweep_of(office))
    assert [message.in_doubt for message in office.channel.sent] == [True]


async def test_a_process_that_slept_while_the_clock_was_set_back_does_not_send(office: Office) -> None:
    await office.accept("un")
    conversation = await office.conversation()
    await office.inbound.drain(conversation.id)
    now = office.clock.now()
    leased = await office.store.write(
        lambda unit: unit.outbox.lease(conversation.id, holder="frozen", now=now)
    )
    assert leased is not None
    await office.delivery._send(replace(leased, taken_s=leased.taken_s - 20))
    assert office.channel.texts() == []


async def test_a_clock_that_is_set_forward_sends_once(office: Office) -> None:
    office.channel.pause_s = 0.01
    await office.accept("un")
    conversation = await office.conversation()
    await office.inbound.drain(conversation.id)
    sending = asyncio.ensure_future(office.delivery.deliver(conversation.id))
    await asyncio.sleep(0)
    await sending
    office.later(hours=1)
    await sweep_and_handle(office, sweep_of(office))
    assert office.channel.texts() == ["écho un"]
