"""Priority, from urgency and impact (the matrix of ITIL's incident management, in four steps)."""

from bot.domain.case import Impact, Priority, Urgency

_MATRIX = {
    (Urgency.HIGH, Impact.ORGANISATION): Priority.CRITICAL,
    (Urgency.HIGH, Impact.TEAM): Priority.CRITICAL,
    (Urgency.HIGH, Impact.PERSON): Priority.HIGH,
    (Urgency.NORMAL, Impact.ORGANISATION): Priority.CRITICAL,
    (Urgency.NORMAL, Impact.TEAM): Priority.HIGH,
    (Urgency.NORMAL, Impact.PERSON): Priority.NORMAL,
    (Urgency.LOW, Impact.ORGANISATION): Priority.HIGH,
    (Urgency.LOW, Impact.TEAM): Priority.NORMAL,
    (Urgency.LOW, Impact.PERSON): Priority.LOW,
}


def priority_of(urgency: Urgency, impact: Impact, *, danger: bool = False) -> Priority:
    """What to do first; danger to people or data comes before everything."""
    return Priority.CRITICAL if danger else _MATRIX[urgency, impact]
