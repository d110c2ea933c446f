"""What arrives is stored once, handled once and in order."""

import asyncio

import pytest

from bot.channels.base import Accepted
from bot.domain.conversation import Owner
from bot.domain.messages import Attachment, Author, InboundKind
from bot.storage.migrate import differences
from tests.pipeline.office import Office

pytestmark = pytest.mark.asyncio


async def test_migrations_make_the_tables_of_the_code(office: Office) -> None:
    assert differences(office.store.engine) == []


async def test_an_answer_comes_back(office: Office) -> None:
    await office.say("bonjour")
    assert office.channel.texts() == ["écho bonjour"]
    lines = await office.transcript()
    assert [(line.author, line.text, line.delivery) for line in lines] == [
        (Author.USER, "bonjour", None),
        (Author.BOT, "écho bonjour", "sent"),
    ]
    assert lines[1].why == {"rule": "echo"}


async def test_a_message_delivered_twenty_times_at_once_is_stored_once(office: Office) -> None:
    outcomes = await asyncio.gather(*(office.accept("bonjour", key="same") for _ in range(20)))
    assert sorted(outcomes) == [Accepted.DUPLICATE] * 19 + [Accepted.STORED]
    await office.handle()
    assert office.channel.texts() == ["écho bonjour"]


async def test_the_same_key_of_another_kind_is_another_message(office: Office) -> None:
    await office.say("bonjour", key="same")
    await office.say("bonsoir", key="same", kind=InboundKind.EDIT)
    assert office.channel.texts() == ["écho bonjour", "écho bonsoir"]


async def test_first_messages_of_one_person_at_once_make_one_conversation(office: Office) -> None:
    await asyncio.gather(*(office.accept(f"m{number}") for number in range(10)))
    await office.handle()
    assert sorted(office.channel.texts()) == sorted(f"écho m{number}" for number in range(10))


async def test_messages_are_handled_in_order_of_acceptance(office: Office) -> None:
    for number in range(30):
        await office.accept(f"m{number}")
    await office.handle()
    assert office.channel.texts() == [f"écho m{number}" for number in range(30)]


async def test_workers_that_drain_the_same_conversation_at_once_answer_once(office: Office) -> None:
    for number in range(10):
        await office.accept(f"m{number}")
    conversation = await office.conversation()
    await asyncio.gather(*(office.inbound.drain(conversation.id) for _ in range(4)))
    await asyncio.gather(*(office.deliverer(f"p{n}").deliver(conversation.id) for n in range(4)))
    await office.handle()
    assert office.channel.texts() == [f"écho m{number}" for number in range(10)]


async def test_two_people_in_one_chat_are_two_conversations(office: Office) -> None:
    await office.accept("un", chat="thread", user="a")
    await office.accept("deux", chat="thread", user="b")
    ids = await office.store.read(
        lambda unit: [unit.conversations.current("echo:1", "thread", user) for user in ("a", "b")]
    )
    assert ids[0] is not None
    assert ids[1] is not None
    assert ids[0].id != ids[1].id
    assert ids[0].person_id != ids[1].person_id


async def test_what_no_database_stores_as_text_is_taken_out(office: Office) -> None:
    await office.say("avant\x00après \ud800 fin", user_name="A\x00b")
    assert office.channel.texts() == ["écho avantaprès ? fin"]


async def test_a_message_of_a_megabyte_is_kept_whole(office: Office) -> None:
    await office.accept("é" * 1_000_000)
    assert len((await office.transcript())[0].text) == 1_000_000


async def test_a_poison_message_is_set_aside_a_person_is_fetched_and_the_next_goes_on(office: Office) -> None:
    await office.accept("panne")
    await office.accept("suite")
    for _ in range(3):
        await office.handle()
        office.later(seconds=10)
    conversation = await office.conversation()
    assert office.dialogue.heard == ["panne"] * 3
    assert conversation.owner is Owner.QUEUE
    await office.handle()
    waiting = await office.store.read(lambda unit: unit.inbox.next(conversation.id))
    assert waiting is None, "the second message was relayed to the people"
    assert "N1-000001" in office.channel.texts()[0]


async def test_a_silent_conversation_of_the_bot_ends_after_the_delay(office: Office) -> None:
    await office.say("bonjour")
    office.later(hours=23)
    await office.say("encore")
    office.later(hours=2)
    await office.handle()
    assert (await office.conversation()).owner is Owner.BOT, "the silence counts from the last message"
    office.later(hours=23)
    conversation = await office.conversation()
    due = await office.store.read(lambda unit: unit.conversations.due(office.clock.now(), limit=10))
    assert conversation.id in [found for _, found in due]
    await office.handle()
    assert (await office.conversation()).owner is Owner.CLOSED
    await office.say("de retour")
    assert (await office.conversation()).id != conversation.id


async def test_files_are_kept_and_their_absence_is_said(office: Office) -> None:
    office.channel.files["here"] = b"%PDF"
    here = Attachment(name="bon.pdf", media_type="application/pdf", size_bytes=4, remote_id="here")
    gone = Attachment(name="photo.jpg", media_type="image/jpeg", size_bytes=0, remote_id="gone")
    await office.say("voici", attachments=(here, gone))
    line = (await office.transcript())[0]
    assert [(name, size, kept is not None) for kept, name, _, size in line.attachments] == [
        ("bon.pdf", 4, True),
        ("photo.jpg", 0, False),
    ]
    kept = line.attachments[0][0]
    assert kept is not None
    assert (await office.store.read(lambda unit: unit.transcripts.attachment(kept)))[3] == b"%PDF"


async def test_opening_a_chat_is_no_line_of_the_transcript(office: Office) -> None:
    await office.say("", kind=InboundKind.COMMAND, value="start")
    assert [line.author for line in await office.transcript()] == [Author.BOT]


async def test_an_idempotency_key_counts_once(office: Office) -> None:
    now = office.clock.now()
    assert await office.store.write(lambda unit: unit.once("key", now))
    assert not await office.store.write(lambda unit: unit.once("key", now))


async def test_one_job_that_fails_in_a_group_does_not_take_the_others_along(office: Office) -> None:
    def fail(unit: object) -> None:
        raise ValueError("no")

    outcomes = await asyncio.gather(
        *(office.accept(f"m{number}") for number in range(5)),
        office.store.write(fail),
        *(office.accept(f"n{number}") for number in range(5)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(ValueError) == 1
    await office.handle()
    assert len(office.channel.texts()) == 10
