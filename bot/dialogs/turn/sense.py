"""Yes or no: what a message says to a question that waits."""

from bot.dialogs.turn.context import TurnContext


def sense(turn: TurnContext, *, asked_if_solved: bool) -> str | None:
    """ "yes", "no", or None when the message says neither in as many words.

    What follows the first word counts more: "non c'est bon, ça marche" is a yes to "is it solved?", and "oui
    mais ..." is one only where the rest does not say what is still wrong.

    Args:
        turn: its text is understood.
        asked_if_solved: the question is whether it works now, to which "it works" says yes.
    """
    if turn.intent == "affirm" or (asked_if_solved and turn.intent == "resolved"):
        return "yes"
    if turn.intent == "deny" or (asked_if_solved and turn.intent == "not_resolved"):
        return "no"
    reading = turn.reading
    return "no" if asked_if_solved and reading.contrast and reading.sense == "yes" else reading.sense
