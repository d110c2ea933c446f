"""Repair, at any moment and in any flow: language, correction, back, cancel, repeat, wait, do not know, why.

What speaks of a language or of a mistake is no other command, even when its own rule does not apply.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from bot.dialogs.matching.matching import full_match
from bot.dialogs.matching.phrasing import admits_mistake, follows_up, without_cue
from bot.dialogs.reading.clauses import answers_by_clause
from bot.dialogs.replies import answering, asking, correcting, explain, flow_replies, open_question, searching
from bot.dialogs.turn.context import TurnContext
from bot.domain.messages import Reply
from bot.domain.turn import Decision, TurnResult

_LANGUAGE = "language_"
"""Intents of this prefix ask for the language whose code follows."""


def switch_language(turn: TurnContext) -> TurnResult | None:
    """Speaks another language of the desk from now on."""
    asked = (code for code in turn.desk.languages if turn.has_intent(_LANGUAGE + code))
    language = next(asked, None)
    if language is None:
        return None
    turn = replace(turn, language=language)
    reply = open_question.ask_again(turn, turn.say("repair.language"))
    result = turn.result(Decision.COMMAND, turn.why(_LANGUAGE + language), reply)
    return replace(result, language=language, language_chosen=True)


def correct(turn: TurnContext) -> TurnResult | None:
    """An earlier answer of the flow was wrong: changes it, and what followed from it."""
    wrong = admits_mistake(turn.text)
    if _asks_language(turn) or not (wrong or turn.intent == "correct"):
        return None
    words = without_cue(turn.text)
    if turn.flow is None:
        return searching.ask_if_sure(turn)
    if not wrong and words and _answers_step(turn, words):
        return None  # "En fait oui" answers the question that is open.
    if not words:
        return correcting.back(turn)
    return (
        correcting.correct_choice(turn, words)
        or correcting.correct_text(turn, words)
        or (correcting.correction_unclear(turn, words) if wrong else None)
    )


def _command(apply: Callable[[TurnContext], TurnResult | None]) -> Callable[[TurnContext], TurnResult | None]:
    """A rule that does not apply to messages about a language or a mistake."""

    @wraps(apply)
    def rule(turn: TurnContext) -> TurnResult | None:
        return None if _asks_language(turn) or admits_mistake(turn.text) else apply(turn)

    return rule


@_command
def back(turn: TurnContext) -> TurnResult | None:
    """The previous question again."""
    return correcting.back(turn)


@_command
def cancel(turn: TurnContext) -> TurnResult | None:
    """Leaves what is open; what was done in a flow stays in the brief."""
    if not open_question.is_open(turn):
        if follows_up(turn.text):
            return None  # "Et l'annuler ?" asks about what was spoken of.
        return correcting.not_applicable(turn, "repair.nothing_to_cancel")
    why = turn.why("cancelled")
    turn = flow_replies.leave(turn)
    turn = turn.with_state(need=replace(turn.state.need, question=""))
    reply = Reply(text=turn.say("repair.cancelled"), buttons=(flow_replies.person_button(turn),))
    return turn.result(Decision.COMMAND, why, reply)


@_command
def repeat(turn: TurnContext) -> TurnResult | None:
    """The open question with its instructions, or the latest answer, once more."""
    latest = turn.state.latest
    if turn.state.pending:
        reply = asking.ask(turn)
    elif turn.flow:
        reply = flow_replies.repeat_question(turn, whole=True)
    elif latest and turn.content.article(turn.desk.id, latest.topic.id, latest.language):
        reply = answering.shown(turn, latest)
    else:
        return correcting.not_applicable(turn, "repair.nothing_to_repeat")
    return turn.result(Decision.COMMAND, turn.why("repeated"), reply)


@_command
def wait(turn: TurnContext) -> TurnResult | None:
    """The bot waits; the open question stays open. "Pas encore, dans dix minutes" may be its answer."""
    if answers_by_clause(turn.text, flow_replies.offers(turn)) or _names_answer(turn):
        return None
    return turn.result(Decision.COMMAND, turn.why("waiting"), Reply(text=turn.say("repair.wait")))


@_command
def returned(turn: TurnContext) -> TurnResult | None:
    """They are back: the open question with its instructions, or what can be done."""
    if turn.flow and not turn.state.pending:
        reply = flow_replies.repeat_question(turn, turn.say("repair.returned"), whole=True)
    else:
        what = () if open_question.is_open(turn) else (turn.say("ask.what"),)
        reply = open_question.ask_again(turn, " ".join([turn.say("repair.returned"), *what]))
    return turn.result(Decision.COMMAND, turn.why("returned"), reply)


@_command
def dont_know(turn: TurnContext) -> TurnResult | None:
    """The author's way, else help and the question again, else a person."""
    return correcting.dont_know(turn)


@_command
def why(turn: TurnContext) -> TurnResult | None:
    """Why the latest answer was given, or what the bot is doing."""
    return explain.why(turn)


def _asks_language(turn: TurnContext) -> bool:
    understanding = turn.understanding
    if understanding is None:
        return False
    intents = (understanding.intent or "", *understanding.also)
    return any(intent.startswith(_LANGUAGE) for intent in intents)


def _answers_step(turn: TurnContext, words: str) -> bool:
    """Whether they answer the step that waits."""
    return full_match(words, flow_replies.offers(turn)) is not None or _names_answer(turn)


def _names_answer(turn: TurnContext) -> bool:
    """Whether the message names what the step that waits asks for."""
    return turn.step is not None and flow_replies.named_answer(turn, turn.step) is not None
