"""Which turns are looked at again, on each database."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.domain.messages import InboundKind
from bot.domain.turn import Decision, Feedback, PastTurn
from tests.pipeline.office import MONDAY_MORNING, Office, open_office


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    """On an empty database."""
    opened = open_office(database_url)
    yield opened
    opened.store.close()


async def _in_trouble(office: Office, **ago: float) -> list[PastTurn]:
    since = office.clock.now() - timedelta(**ago)
    return list(await office.store.read(lambda unit: unit.turns.in_trouble(since)))


@pytest.mark.asyncio
async def test_turns_of_conversations_that_went_wrong_come_in_order(office: Office) -> None:
    for chat, lines in {
        "a": ["une question", "personne", "allô"],
        "b": ["bonjour"],
        "c": ["et ça ?"],
    }.items():
        for line in lines:
            await office.say(line, chat=chat)
    complained = await office.conversation("c")
    word = Feedback(turn_no=1, helped=False)
    await office.store.write(lambda unit: unit.turns.feedback(complained.id, word, MONDAY_MORNING))

    turns = await _in_trouble(office, days=1)

    assert [(turn.text, turn.decision, turn.helped) for turn in turns] == [
        ("une question", Decision.ANSWER, None),
        ("personne", Decision.HANDOFF, None),
        ("allô", Decision.NONE, None),
        ("et ça ?", Decision.ANSWER, False),
    ]
    assert {(turn.desk, turn.language, turn.kind) for turn in turns} == {("it", "fr", InboundKind.TEXT)}
    assert turns[0].why == {"rule": "echo"}
    assert turns[0].created_at == MONDAY_MORNING

    office.later(days=2)
    assert await _in_trouble(office, days=1) == []


@pytest.mark.asyncio
async def test_the_last_word_counts(office: Office) -> None:
    await office.say("et ça ?")
    complaint, praise = Feedback(turn_no=1, helped=False), Feedback(turn_no=1, helped=True)
    conversation = await office.conversation()
    await office.store.write(lambda unit: unit.turns.feedback(conversation.id, complaint, MONDAY_MORNING))
    await office.store.write(lambda unit: unit.turns.feedback(conversation.id, praise, MONDAY_MORNING))
    assert await _in_trouble(office, days=1) == []
