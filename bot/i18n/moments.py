"""Times and sizes as a reader of each language writes them."""

from datetime import date, datetime

_DAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_NEAR = {"fr": {0: "Aujourd’hui", 1: "Hier"}, "en": {0: "Today", 1: "Yesterday"}}
_UNITS = {"fr": ("octets", "ko", "Mo"), "en": ("bytes", "KB", "MB")}


def clock(moment: datetime, language: str) -> str:
    """ "14:03" in French, "2:03 pm" in English; the moment is local already."""
    if language == "fr":
        return f"{moment:%H:%M}"
    return f"{moment.hour % 12 or 12}:{moment:%M}\u00a0{'am' if moment.hour < 12 else 'pm'}"


def day(moment: date, today: date, language: str) -> str:
    """ "Aujourd’hui", "Hier", "Lundi 27 juillet", and the year when it is another one."""
    words = _NEAR.get(language, _NEAR["en"])
    near = words.get((today - moment).days)
    if near is not None:
        return near
    days, months = _DAYS.get(language, _DAYS["en"]), _MONTHS.get(language, _MONTHS["en"])
    number = "1er" if language == "fr" and moment.day == 1 else str(moment.day)
    text = f"{days[moment.weekday()]} {number} {months[moment.month - 1]}"
    if moment.year != today.year:
        text += f" {moment.year}"
    return text[0].upper() + text[1:]


def exact(moment: datetime, language: str) -> str:
    """For the hint over a time: the full date and time."""
    full = day(moment.date(), date.min, language)
    return f"{full} {'à' if language == 'fr' else 'at'} {clock(moment, language)}"


def size(size_bytes: int, language: str) -> str:
    """ "1,4 Mo" in French, "1.4 MB" in English; nothing when it is unknown (0)."""
    small, kilo, mega = _UNITS.get(language, _UNITS["en"])
    if not size_bytes:
        return ""
    if size_bytes < 1000:
        return f"{size_bytes}\u00a0{small}"
    if size_bytes < 999_500:
        return f"{size_bytes / 1000:.0f}\u00a0{kilo}"
    text = f"{size_bytes / 1_000_000:.1f}"
    return f"{text.replace('.', ',') if language == 'fr' else text}\u00a0{mega}"
