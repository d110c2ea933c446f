"""The brief: what an agent reads first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.case import Case, CaseStatus, HandoffReason, Impact, Level, Priority, Urgency
from bot.domain.messages import Author
from bot.domain.transcript import TranscriptLine
from bot.i18n.phrases import Phrases
from handoff.console.words import ConsoleWords
from handoff.desk.brief import make_brief
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


def codes(text: str) -> Mapping[str, Sequence[str]]:
    """Finds words with a digit, and "oven"."""
    found = {"code": tuple(word for word in text.split() if any(map(str.isdigit, word)))}
    named = {"product": ("oven",)} if "oven" in text else {}
    return {name: values for name, values in (found | named).items() if values}


def entry(
    number: int, author: Author, text: str, *, title: str | None = None, files: int = 0
) -> TranscriptLine:
    return TranscriptLine(
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
    brief = make_brief(CASE, said, codes)
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
    assert make_brief(replace(CASE, tried=()), said, codes).tried == ("Le fer goutte",)


def test_what_the_person_named_is_told_once_and_in_order() -> None:
    said = [
        entry(1, Author.USER, "E3 on my oven"),
        entry(2, Author.BOT, "Is it E5?"),
        entry(3, Author.USER, "yes E5 then e3"),
        entry(4, Author.AGENT, "and E7?"),
        entry(5, Author.USER, "MB-1"),
    ]
    brief = make_brief(CASE, said, codes)
    assert dict(brief.mentioned) == {"code": ("E3", "E5", "MB-1"), "product": ("oven",)}
    assert dict(make_brief(CASE, [], codes).mentioned) == {}


def test_an_entity_without_a_phrase_is_called_by_its_name() -> None:
    words = ConsoleWords(Phrases({"fr": {"entity.product": "Produit"}}), "fr", OPENING)
    assert [words.entity(name) for name in ("product", "badge_number")] == ["Produit", "badge number"]


def test_the_last_words_are_those_before_an_agent_answered_and_no_repeat() -> None:
    said = [
        entry(1, Author.USER, "Mon fer fuit"),
        entry(2, Author.AGENT, "Bonjour"),
        entry(3, Author.USER, "Bonjour à vous"),
    ]
    assert make_brief(CASE, said, codes).last_words is None
    assert make_brief(CASE, [], codes).last_words is None
    long = make_brief(CASE, [entry(1, Author.USER, "mot " * 200)], codes).last_words
    assert long is not None
    assert len(long) <= 280
    assert long.endswith("…")
