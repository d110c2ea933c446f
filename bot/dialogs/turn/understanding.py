"""Interpreting the text of a turn: its intent, its entities, its language."""

from dataclasses import replace

from bot.dialogs.turn.context import TurnContext
from bot.telemetry import metrics
from nlu.interpreter.base import Understanding

_SHORT_WORDS = 2
"""A command or courtesy this short does not change the language."""


@metrics.stage("understand")
def understand(turn: TurnContext) -> TurnContext:
    """The same turn with its understanding, and with what it names and says in the state."""
    vector = turn.query.vector
    states = turn.reading.states
    understanding = turn.understander.understand(states, language=turn.language, vector=vector)
    turn = replace(turn, understanding=understanding, language=_language(turn, understanding))
    need = turn.state.need
    need = replace(
        need,
        urgent=not turn.has_intent("not_urgent") and (need.urgent or turn.has_intent("urgent")),
        grumbles=need.grumbles + turn.has_intent("frustration"),
    )
    return replace(turn, state=replace(turn.state.naming(understanding.entities), need=need))


def _language(turn: TurnContext, understanding: Understanding) -> str:
    """The person's language; "thanks" or "cancel" in a French conversation leaves it French."""
    short = turn.state.greeted and understanding.intent and len(turn.text.split()) <= _SHORT_WORDS
    if not understanding.language_sure or short or turn.conversation.language_chosen:
        return turn.language
    return understanding.language if understanding.language in turn.desk.languages else turn.language
