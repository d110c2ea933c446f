"""From the bot to people and back."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.domain.agent import Agent
from bot.domain.case import CaseStatus
from bot.domain.conversation import Owner
from bot.domain.errors import ConflictError, RetryLaterError
from tests.pipeline.office import Office

pytestmark = pytest.mark.asyncio


async def act(office: Office, action: str, agent: Agent, *text: str) -> None:
    """An agent does something in the console, and what follows is sent."""
    conversation = await office.conversation()
    now = office.clock.now()
    method = getattr(office.desk, action)
    await office.store.write(lambda unit: method(unit, conversation.id, agent, *text, now=now))
    await office.handle()


async def test_a_person_is_fetched_answers_and_resolves(office: Office) -> None:
    camille = await office.agent("Camille")
    await office.say("personne")
    queued = await office.conversation()
    assert (queued.owner, queued.epoch) == (Owner.QUEUE, 1)
    assert office.channel.texts()[0] == "écho personne", "what the bot said in that turn is sent too"
    assert "N1-000001" in office.channel.texts()[1]
    await office.say("vous êtes là ?")
    assert len(office.channel.texts()) == 2, "the bot is silent while a person has it"
    await act(office, "claim", camille)
    await act(office, "reply", camille, "Bonjour, je regarde.")
    await act(office, "resolve", camille)
    assert office.channel.texts()[3] == "Bonjour, je regarde."
    assert "N1-000001" in office.channel.texts()[4]
    closed = await office.conversation()
    assert closed.owner is Owner.CLOSED
    case = await office.store.read(lambda unit: unit.cases.get(queued.case_id or 0))
    assert case.status is CaseStatus.RESOLVED
    assert case.first_reply_at is not None


async def test_out_of_hours_one_is_told_when_somebody_is_back(office: Office) -> None:
    office.clock.at = datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
    await office.say("personne")
    assert "lundi 23 novembre à 8\u00a0h\u00a030" in office.channel.texts()[1]


async def test_the_bot_cannot_speak_over_a_person(office: Office) -> None:
    camille = await office.agent("Camille")
    office.channel.failures = [RetryLaterError(30)]
    await office.say("bonjour")
    await office.say("personne")
    await act(office, "claim", camille)
    await act(office, "reply", camille, "Je suis là.")
    office.later(seconds=40)
    await office.handle()
    said = office.channel.texts()
    assert not {"écho bonjour", "écho personne"} & set(said), "made before the claim, not sent after it"
    assert said[-1] == "Je suis là."
    assert "superseded" in {line.delivery for line in await office.transcript()}


async def test_the_bots_own_handover_drops_none_of_its_answers(office: Office) -> None:
    office.channel.failures = [RetryLaterError(30)]
    for number in range(5):
        await office.say(f"m{number}")
    await office.say("personne")
    office.later(seconds=40)
    await office.handle()
    said = office.channel.texts()
    assert said[:6] == [*(f"écho m{number}" for number in range(5)), "écho personne"]
    assert "N1-000001" in said[6]


async def test_safety_advice_is_sent_whoever_has_the_conversation_and_before_what_they_write(
    office: Office,
) -> None:
    camille = await office.agent("Camille")
    office.channel.failures = [RetryLaterError(30)]
    await office.say("bonjour")
    await office.say("feu")
    await act(office, "claim", camille)
    await act(office, "reply", camille, "Êtes-vous en sécurité ?")
    assert office.channel.texts() == [], "all wait behind what the platform asked to wait for"
    office.later(seconds=40)
    await office.handle()
    said = office.channel.texts()
    assert said[0] == "sortez", "an answer made before the claim is dropped, safety advice is not"
    assert said[-1] == "Êtes-vous en sécurité ?"


async def test_two_agents_claim_at_once_and_one_has_it(office: Office) -> None:
    one, two = await office.agent("Un"), await office.agent("Deux")
    await office.say("personne")
    outcomes = await asyncio.gather(
        act(office, "claim", one), act(office, "claim", two), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], ConflictError)
    assert refused[0].code == "already_claimed"
    holder = (await office.conversation()).agent_id
    assert refused[0].holder == ("Un" if holder == one.id else "Deux")
    with pytest.raises(ConflictError, match="not_yours"):
        await act(office, "reply", two if holder == one.id else one, "moi aussi")


async def test_coming_back_in_time_reopens_the_same_case_and_later_begins_anew(office: Office) -> None:
    camille = await office.agent("Camille")
    await office.say("personne")
    await act(office, "claim", camille)
    await act(office, "resolve", camille)
    first = await office.conversation()
    await office.say("merci")
    assert (await office.conversation()).owner is Owner.CLOSED, "a thank-you does not reopen"
    office.later(hours=70)
    await office.say("c'est revenu")
    again = await office.conversation()
    assert (again.id, again.case_id, again.owner) == (first.id, first.case_id, Owner.QUEUE)
    await act(office, "claim", camille)
    await act(office, "resolve", camille)
    office.later(hours=73)
    await office.say("autre chose")
    assert (await office.conversation()).id != first.id


async def test_given_back_then_handed_over_again_it_is_the_same_case(office: Office) -> None:
    camille = await office.agent("Camille")
    await office.say("personne")
    await act(office, "claim", camille)
    await act(office, "give_back", camille)
    assert (await office.conversation()).owner is Owner.BOT
    await office.say("personne")
    conversation = await office.conversation()
    assert conversation.case_id == 1
    assert "N1-000001" in office.channel.texts()[-1]


async def test_a_note_stays_inside(office: Office) -> None:
    camille = await office.agent("Camille")
    await office.say("personne")
    await act(office, "note", camille, "client pressé")
    assert "client pressé" not in office.channel.texts()
    seen = await office.store.read(lambda unit: unit.transcripts.read_chat("echo:1", "chat", "chat"))
    assert "client pressé" not in {line.text for line in seen}
