"""The brief: what an agent reads first."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.case import Case, CaseStatus, HandoffReason, Impact, Level, Priority, Urgency
from bot.domain.messages import Author
from bot.domain.transcript import Entry
from handoff.brief import make_brief
from tests.console.world import OPENING

CASE = Case(
    id=1,
    conversation_id=1,
    person_id=1,
    desk="sav",
    level=Level.N1,
    status=CaseStatus.WAITING,
    reason=HandoffReason.NOT_HELPED,
    summary=" Mon fer fuit ",
    tried=("Autonettoyage",),
    category=None,
    impact=Impact.PERSON,
    urgency=Urgency.NORMAL,
    priority=Priority.NORMAL,
    opened_at=OPENING,
    first_response_due=None,
    resolution_due=None,
)


def entry(number: int, author: Author, text: str, *, title: str | None = None, files: int = 0) -> Entry:
    return Entry(
        id=number,
        conversation_id=1,
        author=author,
        author_name=None,
        text=text,
        title=title,
        buttons=(),
        source_title=None,
        source_url=None,
        created_at=OPENING + timedelta(seconds=number),
        turn_no=None,
        delivery=None,
        delivery_problem=None,
        why=None,
        attachments=tuple((n, "a.png", "image/png", 1) for n in range(files)),
    )


def test_it_says_what_is_wanted_what_was_tried_and_what_came_of_it() -> None:
    said = [
        entry(1, Author.USER, "Mon fer fuit"),
        entry(2, Author.BOT, "Autonettoyez", title="Le fer goutte"),
        entry(3, Author.USER, "ça coule\n encore", files=2),
        entry(4, Author.SYSTEM, "C'est noté"),
    ]
    brief = make_brief(CASE, said)
    assert brief.wanted == "Mon fer fuit"
    assert brief.tried == ("Autonettoyage",)
    assert brief.last_words == "ça coule encore"
    assert brief.reason is HandoffReason.NOT_HELPED
    assert brief.files == 2


def test_without_an_account_of_the_dialogue_the_answers_given_are_what_was_tried() -> None:
    said = [
        entry(1, Author.USER, "Mon fer fuit"),
        entry(2, Author.BOT, "…", title="Le fer goutte"),
        entry(3, Author.BOT, "autre chose"),
        entry(4, Author.BOT, "…", title="Le fer goutte"),
    ]
    assert make_brief(replace(CASE, tried=()), said).tried == ("Le fer goutte",)


def test_the_last_words_are_those_before_an_agent_answered_and_no_repeat() -> None:
    said = [
        entry(1, Author.USER, "Mon fer fuit"),
        entry(2, Author.AGENT, "Bonjour"),
        entry(3, Author.USER, "Bonjour à vous"),
    ]
    assert make_brief(CASE, said).last_words is None
    assert make_brief(CASE, []).last_words is None
    long = make_brief(CASE, [entry(1, Author.USER, "mot " * 200)]).last_words
    assert long is not None
    assert len(long) <= 280
    assert long.endswith("…")
