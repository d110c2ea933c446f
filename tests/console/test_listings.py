"""The console's queries, on each kind of database."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from bot.domain.case import HandoffReason, HandoffRequest, Priority, Urgency
from bot.domain.messages import Author, InboundKind, InboundMessage, Reply
from bot.storage.migrate import upgrade
from bot.storage.stores import AnyStore, open_store
from bot.storage.unit_of_work import UnitOfWork
from handoff.desk.desk import AgentDesk
from tests.console.world import OPENING, demo_content

T = TypeVar("T")


class Shelf:
    """A store with cases in it."""

    def __init__(self, store: AnyStore) -> None:
        self.store = store
        self.desk = AgentDesk(demo_content())
        self.count = 0

    def write(self, job: Callable[[UnitOfWork], T]) -> T:
        return asyncio.run(self.store.write(job))

    def read(self, job: Callable[[UnitOfWork], T]) -> T:
        return asyncio.run(self.store.read(job))

    def case(self, text: str, *, desk: str = "it", urgency: Urgency = Urgency.NORMAL, user: str = "") -> int:
        self.count += 1
        now = OPENING + timedelta(minutes=self.count)
        user = user or f"u{self.count}"
        message = InboundMessage(
            account=f"web:{desk}",
            kind=InboundKind.TEXT,
            key=str(self.count),
            chat=f"{user}-{self.count}",
            user=user,
            text=text,
            sent_at=now,
        )
        request = HandoffRequest(reason=HandoffReason.ASKED, summary=text, tried=("a", "b"), urgency=urgency)

        def job(unit: UnitOfWork) -> int:
            conversation = unit.conversations.open(message, after=None, desk=desk, language="fr", now=now)
            assert unit.inbox.add(message, conversation.id, now) is not None
            queued = self.desk.receive(unit, conversation, request, now=now)
            assert unit.conversations.save(queued)
            assert queued.case_id is not None
            return queued.case_id

        return self.write(job)


@pytest.fixture
def shelf(database_url: str) -> Iterator[Shelf]:
    """Empty."""
    store = open_store(database_url)
    upgrade(store.engine)
    yield Shelf(store)
    store.close()


def listed(shelf: Shelf, *desks: str, resolved: bool = False, limit: int = 200) -> list[int]:
    items = shelf.read(lambda unit: unit.cases.listing(desks, resolved=resolved, limit=limit))
    return [item.case.id for item in items]


def test_open_cases_by_priority_then_waiting_time(shelf: Shelf) -> None:
    normal, low = shelf.case("un"), shelf.case("deux", urgency=Urgency.LOW)
    later, high = shelf.case("trois"), shelf.case("quatre", urgency=Urgency.HIGH)
    elsewhere = shelf.case("cinq", desk="sav")
    assert listed(shelf, "it") == [high, normal, later, low]
    assert listed(shelf, "it", limit=2) == [high, normal]
    assert listed(shelf, "sav") == [elsewhere]
    assert listed(shelf, "it", "sav") == [high, normal, later, elsewhere, low]
    assert listed(shelf) == []


def test_the_latest_resolved_first(shelf: Shelf) -> None:
    cases = [shelf.case("un"), shelf.case("deux"), shelf.case("trois")]
    agent = shelf.write(
        lambda unit: unit.agents.add(email="a@x", name="A", language="fr", desks=["it"], password_hash="h")
    )

    def resolve(unit: UnitOfWork, case_id: int, minutes: int) -> None:
        now = OPENING + timedelta(minutes=minutes)
        conversation_id = unit.cases.get(case_id).conversation_id
        shelf.desk.claim(unit, conversation_id, agent, now=now)
        shelf.desk.resolve(unit, conversation_id, agent, now=now)

    shelf.write(lambda unit: resolve(unit, cases[0], 50))
    shelf.write(lambda unit: resolve(unit, cases[2], 40))
    assert listed(shelf, "it", resolved=True) == [cases[0], cases[2]]
    assert listed(shelf, "it") == [cases[1]]
    history = shelf.read(lambda unit: unit.cases.history(cases[0]))
    assert [(event, name) for _, event, name in history] == [
        ("opened", None),
        ("claimed", "A"),
        ("resolved", "A"),
    ]
    assert history[-1][0] == OPENING + timedelta(minutes=50)


def test_an_item_has_the_last_line_that_somebody_said(shelf: Shelf) -> None:
    case_id = shelf.case("bonjour")
    agent = shelf.write(
        lambda unit: unit.agents.add(email="a@x", name="A", language="fr", desks=["it"], password_hash="h")
    )

    def item() -> tuple[str, Author, str | None, bool]:
        (found,) = shelf.read(lambda unit: unit.cases.listing(["it"]))
        return found.last_text, found.last_author, found.agent_name, found.undelivered

    assert item() == ("bonjour", Author.USER, None, False), "not the desk's acknowledgement"
    conversation_id = shelf.read(lambda unit: unit.cases.get(case_id)).conversation_id

    def answer(unit: UnitOfWork) -> None:
        shelf.desk.claim(unit, conversation_id, agent, now=OPENING)
        shelf.desk.reply(unit, conversation_id, agent, "voilà", now=OPENING)
        shelf.desk.note(unit, conversation_id, agent, "entre nous", now=OPENING)

    shelf.write(answer)
    assert item() == ("voilà", Author.AGENT, "A", False), "not the note"

    def fail(unit: UnitOfWork) -> None:
        leased = unit.outbox.lease(conversation_id, holder="h", now=OPENING + timedelta(hours=1))
        assert leased is not None
        unit.outbox.undeliverable(leased, problem="blocked")

    shelf.write(fail)
    assert item() == ("voilà", Author.AGENT, "A", True)


def test_the_bots_last_line_counts_as_said(shelf: Shelf) -> None:
    case_id = shelf.case("bonjour")

    def speak(unit: UnitOfWork) -> None:
        conversation = unit.conversations.get(unit.cases.get(case_id).conversation_id)
        unit.outbox.add(conversation, Reply(text="je cherche"), turn_no=1, now=OPENING)

    shelf.write(speak)
    (found,) = shelf.read(lambda unit: unit.cases.listing(["it"]))
    assert (found.last_text, found.last_author) == ("je cherche", Author.BOT)


def test_the_cases_of_a_person_are_the_newest_first_and_whole(shelf: Shelf) -> None:
    first, second = shelf.case("un", user="same"), shelf.case("deux", user="same", urgency=Urgency.HIGH)
    shelf.case("autre")
    person_id = shelf.read(lambda unit: unit.cases.get(first)).person_id
    found = shelf.read(lambda unit: unit.cases.of_person(person_id))
    assert [case.id for case in found] == [second, first]
    assert found[0] == shelf.read(lambda unit: unit.cases.get(second))
    assert found[0].priority is Priority.HIGH
    assert replace(found[0], tried=()).tried != found[0].tried == ("a", "b")
