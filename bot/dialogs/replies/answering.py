"""Giving an article: what it says, where it comes from, and the small offers under it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.dialogs.replies import stepping
from bot.dialogs.state.state import MAX_ANSWERS, Given, Need, Tried
from bot.dialogs.turn.content import Topic
from bot.dialogs.turn.scene import Scene
from bot.domain.messages import Button, ButtonStyle, Reply, Source
from bot.domain.turn import Decision, TurnResult, Why


@dataclass(frozen=True, kw_only=True)
class Chosen:
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


def give(scene: Scene, chosen: Chosen, why: Why, *, lead: Sequence[str] = ()) -> TurnResult:
    """Answers with an article; a question that waits is put again after it."""
    document = scene.content.article(scene.desk.id, chosen.topic.id, scene.language)
    assert document
    given = Given(
        topic=chosen.topic,
        language=document.language,
        question=chosen.question,
        matched=chosen.matched,
        rule=why.rule,
        others=chosen.others,
        turn_no=scene.turn_no,
    )
    line = Tried(text=scene.say("brief.article", title=document.title), turn_no=scene.turn_no)
    scene = scene.remember(
        given=(*scene.state.given, given)[-MAX_ANSWERS:], need=chosen.need.and_tried(line), pending=None
    )
    why = replace(
        why,
        article=document.id,
        article_language=document.language,
        article_version=scene.content.versions.get((scene.desk.id, document.id, document.language)),
    )
    if document.language != scene.language:
        lead = (*lead, scene.say("answer.other_language"))
    elif lead:
        lead = (*lead, scene.say("answer.here"))
    before = [Reply(text=" ".join(lead))] if lead else []
    after = [stepping.again(scene, scene.say("flow.back_to"))] if scene.flow else []
    return scene.result(Decision.ANSWER, why, *before, shown(scene, given), *after)


def shown(scene: Scene, given: Given) -> Reply:
    """The article as it is sent."""
    document = scene.content.article(scene.desk.id, given.topic.id, given.language)
    assert document
    url = scene.content.article_url(scene.desk.id, document.id, scene.language)
    return Reply(
        title=document.title,
        text=document.body,
        source=Source(title=document.title, url=url),
        buttons=_offers(scene, given.turn_no),
    )


def _offers(scene: Scene, turn_no: int) -> tuple[Button, ...]:
    quiet = (("helped", f"helped:{turn_no}"), ("unhelped", f"unhelped:{turn_no}"), ("human", "human"))
    return tuple(
        Button(label=scene.say(f"button.{name}"), value=value, style=ButtonStyle.QUIET)
        for name, value in (*quiet, ("why", f"why:{turn_no}"))
    )
