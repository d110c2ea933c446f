"""What happens after the handover: the demo's content, the real pipeline and a throwaway store."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from bot.commands.staging import stage
from bot.domain.case import Case, CaseStatus, HandoffReason, Priority
from bot.domain.conversation import Owner
from bot.quality.rehearsal import Rehearsal, RehearsalStage, StepResult
from config.settings import Settings
from nlu.encoders.encoder import Encoder

MORNING = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 21, 30, tzinfo=UTC)

Play = Callable[[Rehearsal, RehearsalStage], Coroutine[Any, Any, None]]
Run = Callable[..., None]


@pytest.fixture(scope="module")
def run(built_demo: Settings, encoder: Encoder) -> Iterator[Run]:
    """Plays one conversation of a customer, who is another one each time, on a stage that all tests share."""
    people = count(1)
    with asyncio.Runner() as runner:
        context = stage(built_demo, encoder=encoder)
        prepared = runner.run(context.__aenter__())

        def play(steps: Play, *, language: str = "fr", at: datetime = MORNING) -> None:
            prepared.clock.at = at
            talk = prepared.rehearse(desk="sav", language=language, person=f"person {next(people)}")
            runner.run(steps(talk, prepared))

        yield play
        runner.run(context.__aexit__(None, None, None))


def said(result: StepResult) -> str:
    return "\n".join(f"{message.reply.title or ''}\n{message.reply.text}" for message in result.sent)


async def case_of(prepared: RehearsalStage, result: StepResult) -> Case:
    case_id = result.conversation.case_id
    assert case_id is not None
    return await prepared.runtime.store.read(lambda unit: unit.cases.get(case_id))


def test_danger_is_heard_in_the_queue_and_raises_the_case(run: Run) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        before = await case_of(prepared, await talk.say("je veux parler à quelqu'un"))
        result = await talk.say("de la fumée sort du four")

        assert "Votre sécurité d'abord" in said(result)
        case = await case_of(prepared, result)
        assert (case.priority, case.reason) == (Priority.CRITICAL, HandoffReason.DANGER)
        assert case.first_response_due is not None
        assert before.first_response_due is not None
        assert case.first_response_due < before.first_response_due
        assert result.conversation.owner is Owner.QUEUE

    run(steps)


def test_danger_is_heard_while_an_agent_has_it_and_nothing_else_is(run: Run) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        await talk.say("je veux parler à quelqu'un")
        await talk.act("claim")

        assert not (await talk.say("comment obtenir ma facture ?")).sent
        result = await talk.say("mon four prend feu !")
        assert "Votre sécurité d'abord" in said(result)
        assert (await case_of(prepared, result)).priority is Priority.CRITICAL
        assert result.conversation.owner is Owner.AGENT

    run(steps)


def test_danger_after_giving_back_makes_the_same_case_critical(run: Run) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        before = await case_of(prepared, await talk.say("je veux parler à quelqu'un"))
        await talk.act("claim")
        await talk.act("return")
        case = await case_of(prepared, await talk.say("mon four prend feu"))

        assert (case.number, case.priority) == (before.number, Priority.CRITICAL)

    run(steps)


def test_a_second_handover_keeps_what_was_wanted(run: Run) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        await talk.say("mon aspirateur fait un bruit de sirène depuis hier, je veux une personne")
        await talk.act("claim")
        await talk.act("return")
        case = await case_of(prepared, await talk.say("une personne svp"))

        assert "sirène" in case.summary

    run(steps)


def test_what_is_added_is_acknowledged_and_the_place_told(run: Run) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        case = await case_of(prepared, await talk.say("je veux parler à quelqu'un"))
        later = prepared.rehearse(desk="sav", language="fr", person="somebody later")
        await later.say("un conseiller svp")

        added = await talk.say("c'est pour la machine bleue")
        assert f"C'est ajouté à votre demande **{case.number}**" in said(added)
        assert (
            place(said(await later.say("alors ??"))) == place(said(await talk.say("toujours personne ?"))) + 1
        )

    def place(text: str) -> int:
        found = re.search(r"à la place (\d+)", text)
        assert found or "la prochaine dans la file" in text, text
        return int(found[1]) if found else 1

    run(steps)


def test_at_night_the_bot_goes_on_answering_and_says_when_the_team_is_back(run: Run) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        await talk.say("je veux parler à quelqu'un")
        answered = await talk.say("comment obtenir ma facture ?")

        assert "Votre demande reste dans la file" in said(answered)
        assert "Obtenir votre facture" in said(answered)
        assert answered.conversation.owner is Owner.QUEUE
        assert "de retour demain" in said(await talk.say("alors ?"))

    run(steps, at=NIGHT)


@pytest.mark.parametrize(
    ("no_longer", "yes"), [("c bon finalement laissez tomber", "oui"), ("annuler", "oui merci")]
)
def test_the_request_is_withdrawn_once_confirmed(run: Run, no_longer: str, yes: str) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        await talk.say("je veux parler à quelqu'un")
        asked = await talk.say(no_longer)
        assert "annuler votre demande" in said(asked)
        assert asked.conversation.owner is Owner.QUEUE

        done = await talk.say(yes)
        assert "est annulée" in said(done)
        assert done.conversation.owner is Owner.CLOSED
        assert (await case_of(prepared, done)).status is CaseStatus.RESOLVED

    run(steps)


def test_the_request_stays_when_it_is_not_to_be_withdrawn(run: Run) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        await talk.say("I want to talk to a person")
        await talk.say("never mind")
        kept = await talk.press("No, I am waiting for a person")

        assert "in the queue" in said(kept)
        assert kept.conversation.owner is Owner.QUEUE

    run(steps, language="en")


def test_an_agent_who_claims_meanwhile_ends_the_question(run: Run) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        await talk.say("je veux parler à quelqu'un")
        await talk.say("laissez tomber")
        await talk.act("claim")

        late = await talk.press("Oui, annuler ma demande")
        assert not late.sent
        assert late.conversation.owner is Owner.AGENT

    run(steps)


def test_the_bot_takes_over_again_when_asked(run: Run) -> None:
    async def steps(talk: Rehearsal, prepared: RehearsalStage) -> None:
        before = await case_of(prepared, await talk.say("je veux parler à quelqu'un"))
        back = await talk.say("je veux reparler au robot")
        assert back.conversation.owner is Owner.BOT
        assert (await case_of(prepared, back)).status is CaseStatus.RETURNED

        assert "Obtenir votre facture" in said(await talk.say("comment obtenir ma facture ?"))
        again = await talk.say("une personne svp")
        assert (await case_of(prepared, again)).number == before.number

    run(steps)
