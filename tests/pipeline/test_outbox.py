"""What is committed is sent in order, or is seen not to have been."""

import asyncio

import pytest

from bot.domain.conversation import Owner
from bot.domain.errors import ChatMovedError, RejectedError, RetryLaterError, UncertainError
from tests.pipeline.office import Office

pytestmark = pytest.mark.asyncio


async def test_a_platform_that_asks_to_wait_delays_that_conversation_only(office: Office) -> None:
    office.channel.failures = [RetryLaterError(30)]
    await office.say("un")
    await office.say("deux")
    await office.say("ailleurs", chat="other")
    assert office.channel.texts() == []
    assert office.channel.texts("other") == ["écho ailleurs"]
    office.later(seconds=29)
    await office.handle()
    assert office.channel.texts() == []
    office.later(seconds=2)
    assert await office.store.read(lambda unit: unit.outbox.due(office.clock.now(), limit=5))
    await office.handle()
    assert office.channel.texts() == ["écho un", "écho deux"]


async def test_a_send_without_answer_is_repeated_and_marked(office: Office) -> None:
    office.channel.failures = [UncertainError("time-out")]
    await office.say("un")
    office.later(seconds=5)
    await office.handle()
    assert [message.in_doubt for message in office.channel.sent] == [True]
    assert (await office.transcript())[1].delivery == "in_doubt"


async def test_what_cannot_be_delivered_is_shown_and_the_next_goes_on(office: Office) -> None:
    office.channel.failures = [RejectedError("bot was blocked by the user")]
    await office.say("un")
    await office.say("deux")
    line = (await office.transcript())[1]
    assert (line.delivery, line.delivery_problem) == ("undelivered", "bot was blocked by the user")
    assert office.channel.texts() == ["écho deux"]


async def test_people_see_what_the_bot_could_not_deliver(office: Office) -> None:
    office.channel.failures = [RejectedError("chat not found")]
    await office.say("mon four ne chauffe pas")
    await office.handle()
    conversation = await office.conversation()
    assert conversation.owner is Owner.QUEUE
    (item,) = await office.store.read(lambda unit: unit.cases.listing(["it"]))
    assert (item.case.summary, item.undelivered) == ("mon four ne chauffe pas", True)


async def test_a_platform_that_is_down_is_given_up_in_the_end(office: Office) -> None:
    office.channel.failures = [RetryLaterError(None, "503")] * 12
    await office.say("un")
    for _ in range(12):
        office.later(minutes=10)
        await office.handle()
    assert office.channel.failures == []
    assert (await office.transcript())[1].delivery == "undelivered"


async def test_a_chat_that_moved_is_followed(office: Office) -> None:
    office.channel.failures = [ChatMovedError("new")]
    await office.accept("un")
    conversation = await office.conversation()
    await office.inbound.drain(conversation.id)
    await office.delivery.deliver(conversation.id)
    assert office.channel.texts("new") == ["écho un"]


async def test_what_a_dead_process_was_sending_comes_back_in_doubt(office: Office) -> None:
    await office.accept("un")
    conversation = await office.conversation()
    await office.inbound.drain(conversation.id)
    leased = await office.store.write(
        lambda unit: unit.outbox.lease(conversation.id, holder="dead", now=office.clock.now())
    )
    assert leased is not None
    await office.delivery.deliver(conversation.id)
    assert office.channel.texts() == [], "another process may still be sending it"
    office.later(seconds=20)
    await office.delivery.deliver(conversation.id)
    assert [message.in_doubt for message in office.channel.sent] == [True]


async def test_a_process_that_slept_through_its_lease_does_not_send(office: Office) -> None:
    await office.accept("un")
    conversation = await office.conversation()
    await office.inbound.drain(conversation.id)
    frozen = office.deliverer("frozen")
    leased = await office.store.write(lambda unit: frozen._lease(unit, conversation.id))
    assert leased is not None
    office.later(seconds=20)
    settle = await frozen._send(leased)
    assert office.channel.texts() == []
    await office.store.write(settle)
    await office.delivery.deliver(conversation.id)
    assert office.channel.texts() == ["écho un"]


async def test_processes_that_deliver_at_once_send_once_and_in_order(office: Office) -> None:
    for number in range(8):
        await office.accept(f"m{number}")
    conversation = await office.conversation()
    await office.inbound.drain(conversation.id)
    office.channel.pause_s = 0.005
    await asyncio.gather(*(office.deliverer(f"p{n}").deliver(conversation.id) for n in range(4)))
    await office.handle()
    assert office.channel.texts() == [f"écho m{number}" for number in range(8)]
