"""Moments as people say them."""

from datetime import datetime
from zoneinfo import ZoneInfo

_DAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "fr": (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}


def clock_time(moment: datetime, language: str) -> str:
    """ "9 h 05" in French, "9:05 am" in English."""
    if language == "fr":
        return f"{moment.hour}\u00a0h" + (f"\u00a0{moment.minute:02d}" if moment.minute else "")
    hour = moment.hour % 12 or 12
    return f"{hour}:{moment.minute:02d} {'am' if moment.hour < 12 else 'pm'}"


def moment_in_words(moment: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    """As one says it: "aujourd'hui à 13 h 30", "demain à 9 h", "lundi 23 novembre à 9 h".

    Args:
        moment: aware UTC.
        now: aware UTC, against which today and tomorrow are told.
        zone: the desk's.
        language: "fr" or "en".
    """
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    at = clock_time(local, language)
    days = (local.date() - today).days
    if language == "fr":
        day = {0: "aujourd'hui", 1: "demain"}.get(days)
        return f"{day or _french_date(local)} à {at}"
    day = {0: "today", 1: "tomorrow"}.get(days)
    return f"{day or _english_date(local)} at {at}"


def _french_date(local: datetime) -> str:
    number = "1er" if local.day == 1 else str(local.day)
    return f"{_DAYS['fr'][local.weekday()]} {number} {_MONTHS['fr'][local.month - 1]}"


def _english_date(local: datetime) -> str:
    return f"on {_DAYS['en'][local.weekday()]} {local.day} {_MONTHS['en'][local.month - 1]}"
