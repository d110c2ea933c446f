"""Answering with an article: its text, its source, and the quiet buttons under it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.dialogs.replies import flow_replies
from bot.dialogs.state.state import MAX_ANSWERS, GivenAnswer, Need, TriedLine
from bot.dialogs.state.topic import Topic
from bot.dialogs.turn.context import TurnContext
from bot.domain.messages import Button, ButtonStyle, Reply, Source
from bot.domain.turn import Decision, TurnResult, Why


@dataclass(frozen=True, kw_only=True)
class ChosenArticle:
    """An article that was chosen.

    Args:
        question: that it answers.
        matched: the title or way of asking that was nearest.
        others: the next candidates worth naming, best first.
        need: what the person came for, from now on.
    """

    topic: Topic
    question: str
    matched: str
    others: tuple[Topic, ...] = ()
    need: Need


def give(turn: TurnContext, chosen: ChosenArticle, why: Why, *, lead: Sequence[str] = ()) -> TurnResult:
    """Answers with an article; a question that waits is put again after it."""
    document = turn.content.article(turn.desk.id, chosen.topic.id, turn.language)
    assert document
    given = GivenAnswer(
        topic=chosen.topic,
        language=document.language,
        question=chosen.question,
        matched=chosen.matched,
        rule=why.rule,
        others=chosen.others,
        turn_no=turn.turn_no,
    )
    line = TriedLine(text=turn.say("brief.article", title=document.title), turn_no=turn.turn_no)
    turn = turn.with_state(
        given=(*turn.state.given, given)[-MAX_ANSWERS:], need=chosen.need.and_tried(line), pending=None
    )
    why = replace(
        why,
        article=document.id,
        article_language=document.language,
        article_version=turn.content.versions.get((turn.desk.id, document.id, document.language)),
    )
    if document.language != turn.language:
        lead = (*lead, turn.say("answer.other_language"))
    elif lead:
        lead = (*lead, turn.say("answer.here"))
    before = [Reply(text=" ".join(lead))] if lead else []
    after = [flow_replies.repeat_question(turn, turn.say("flow.back_to"))] if turn.flow else []
    return turn.result(Decision.ANSWER, why, *before, shown(turn, given), *after)


def shown(turn: TurnContext, given: GivenAnswer) -> Reply:
    """The article as it is sent."""
    document = turn.content.article(turn.desk.id, given.topic.id, given.language)
    assert document
    url = turn.content.article_url(turn.desk.id, document.id, turn.language)
    return Reply(
        title=document.title,
        text=document.body,
        source=Source(title=document.title, url=url),
        buttons=_offers(turn, given.turn_no),
    )


def _offers(turn: TurnContext, turn_no: int) -> tuple[Button, ...]:
    quiet = (("helped", f"helped:{turn_no}"), ("unhelped", f"unhelped:{turn_no}"), ("human", "human"))
    return tuple(
        Button(label=turn.say(f"button.{name}"), value=value, style=ButtonStyle.QUIET)
        for name, value in (*quiet, ("why", f"why:{turn_no}"))
    )
