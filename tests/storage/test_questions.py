"""What people asked, read back from both databases."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.messages import InboundKind, InboundMessage
from bot.domain.turn import AskedQuestion, Decision, Feedback, TurnResult, Why
from bot.storage.migrate import upgrade
from bot.storage.stores import AnyStore, open_store
from bot.storage.unit_of_work import UnitOfWork

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RULES = ("sure", "unsure")


@pytest.fixture
def store(database_url: str) -> Iterator[AnyStore]:
    """An empty database."""
    opened = open_store(database_url)
    upgrade(opened.engine)
    yield opened
    opened.close()


def _talk(
    unit: UnitOfWork, person: str, *turns: tuple[InboundKind, str, Decision, Why], helped: int = 0
) -> None:
    """Stores a conversation.

    Args:
        helped: number of the turn that the person said helped.
    """
    messages = [
        InboundMessage(
            account="web:it",
            kind=kind,
            key=f"{person}-{number}",
            chat=person,
            user=person,
            text=text,
            sent_at=NOW,
        )
        for number, (kind, text, _, _) in enumerate(turns)
    ]
    conversation = unit.conversations.open(messages[0], after=None, desk="it", language="fr", now=NOW)
    for message, (_, _, decision, why) in zip(messages, turns, strict=True):
        inbound_id = unit.inbox.add(message, conversation.id, NOW)
        conversation = replace(conversation, turn_no=conversation.turn_no + 1)
        unit.turns.add(conversation, inbound_id, TurnResult(decision=decision, why=why), NOW)
    if helped:
        later = NOW + timedelta(minutes=1)
        unit.turns.feedback(conversation.id, Feedback(turn_no=helped, helped=True), later)


def test_questions_come_back_newest_first_with_what_solved_them(store: AnyStore) -> None:
    def job(unit: UnitOfWork) -> None:
        text, press = InboundKind.TEXT, InboundKind.PRESS
        _talk(
            unit,
            "ada",
            (text, "bonjour", Decision.SMALLTALK, Why(rule="welcome")),
            (text, "le mot de passe", Decision.CLARIFY, Why(rule="unsure")),
            (press, "Mot de passe oublié", Decision.ANSWER, Why(rule="choice_picked", article="mdp")),
            helped=3,
        )
        _talk(
            unit,
            "bob",
            (text, "le vpn ne marche pas", Decision.FLOW, Why(rule="sure", flow="vpn", step="voyant")),
            (text, "mdp oublié", Decision.ANSWER, Why(rule="sure", flow="vpn", article="mdp")),
            (press, "Oui", Decision.FLOW, Why(rule="step_chosen", flow="vpn", step="fin")),
            helped=2,
        )
        _talk(
            unit,
            "eve",
            (text, "une question", Decision.CLARIFY, Why(rule="unsure")),
            (text, "autrement dit", Decision.ANSWER, Why(rule="sure", article="autre")),
        )

    asyncio.run(store.write(job))
    asked = asyncio.run(store.read(lambda unit: list(unit.questions.asked(RULES))))
    assert [question.text for question in asked] == [
        "une question",
        "mdp oublié",
        "le vpn ne marche pas",
        "le mot de passe",
    ]
    solved = asyncio.run(store.read(lambda unit: list(unit.questions.solved(RULES))))
    assert solved == [
        AskedQuestion(text="mdp oublié", desk="it", language="fr", solved_by=("article", "mdp")),
        AskedQuestion(text="le mot de passe", desk="it", language="fr", solved_by=("article", "mdp")),
    ]


def test_they_are_read_only_as_far_as_they_are_taken(store: AnyStore) -> None:
    def job(unit: UnitOfWork) -> None:
        for number in range(3):
            _talk(unit, str(number), (InboundKind.TEXT, str(number), Decision.ANSWER, Why(rule="sure")))

    asyncio.run(store.write(job))
    first = asyncio.run(store.read(lambda unit: next(unit.questions.asked(RULES))))
    assert first.text == "2"
    assert asyncio.run(store.read(lambda unit: len(list(unit.questions.asked(RULES))))) == 3
