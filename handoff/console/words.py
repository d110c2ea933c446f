"""What the console says, in the agent's language: phrases, counts and times."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request

from bot.i18n.dates import clock_time
from bot.i18n.phrases import Phrases

LANGUAGE_COOKIE = "relais_console_language"
LANGUAGES = ("fr", "en")

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def chosen_language(request: Request, agents_own: str | None, phrases: Phrases) -> str:
    """The language picked in this browser, else the agent's, else the browser's, else the first there is."""
    accepted = [
        part.split(";")[0].strip()[:2].lower()
        for part in request.headers.get("accept-language", "").split(",")
    ]
    there = [language for language in LANGUAGES if language in phrases.by_language]
    for wish in (request.cookies.get(LANGUAGE_COOKIE), agents_own, *accepted):
        if wish in there:
            return wish
    return there[0]


class Words:
    """The phrases under "console." in one language.

    Args:
        now: against which times are told.
    """

    def __init__(self, phrases: Phrases, language: str, now: datetime) -> None:
        self._phrases = phrases
        self.language = language
        self.now = now

    def __call__(self, key: str, /, **values: object) -> str:
        return self._phrases.say(self.language, f"console.{key}", **values)

    def has(self, key: str) -> bool:
        """Whether there is such a phrase."""
        return self._phrases.has(self.language, f"console.{key}")

    def entity(self, name: str) -> str:
        """What an entity is called: by a phrase, else by its name."""
        key = f"entity.{name}"
        known = self._phrases.has(self.language, key)
        return self._phrases.say(self.language, key) if known else name.replace("_", " ")

    def count(self, key: str, number: int, /, **values: object) -> str:
        """The singular or the plural of a phrase; in French, zero is singular."""
        is_one = number < 2 if self.language == "fr" else number == 1
        return self(f"{key}.{'one' if is_one else 'other'}", n=self.number(number), **values)

    def number(self, number: int) -> str:
        """With thousands set apart as the language does."""
        return f"{number:,}".replace(",", "\u202f" if self.language == "fr" else ",")

    def percent(self, share: float) -> str:
        """0.873 as "87 %"."""
        return self("percent", n=round(share * 100))

    def size(self, size_bytes: int) -> str:
        """Of a file: "640 Ko", "1,2 Mo"."""
        if size_bytes < 1000:
            return self("size.bytes", n=size_bytes)
        if size_bytes < 1_000_000:
            return self("size.kilo", n=round(size_bytes / 1000))
        decimal = f"{size_bytes / 1_000_000:.1f}"
        return self("size.mega", n=decimal.replace(".", "," if self.language == "fr" else "."))

    # Times ---------------------------------------------------------------------------------------

    def exact(self, moment: datetime, zone: ZoneInfo) -> str:
        """In full: "samedi 22 novembre 2025 à 14 h 05"."""
        local = moment.astimezone(zone)
        return self("time.exact", day=self._date(local, year=True), clock=clock_time(local, self.language))

    def clock(self, moment: datetime, zone: ZoneInfo) -> str:
        """ "à 14 h 05", "2:05 pm"."""
        return self("time.at", clock=clock_time(moment.astimezone(zone), self.language))

    def day(self, moment: datetime, zone: ZoneInfo) -> str:
        """ "Aujourd'hui", "Hier", "lundi 17 novembre"."""
        local, today = moment.astimezone(zone), self.now.astimezone(zone)
        days = (today.date() - local.date()).days
        if days in (0, 1):
            return self("time.today" if days == 0 else "time.yesterday")
        return self._date(local, year=local.year != today.year)

    def ago(self, moment: datetime, zone: ZoneInfo) -> str:
        """ "à l'instant", "il y a 5 min", "hier à 14 h 05", "lundi 17 novembre"."""
        passed = self.now - moment
        if passed < _MINUTE:
            return self("time.now")
        if passed < 12 * _HOUR:
            return self("time.ago", span=self.span(passed))
        local = moment.astimezone(zone)
        days = (self.now.astimezone(zone).date() - local.date()).days
        if days <= 1:
            key = "time.today_at" if days == 0 else "time.yesterday_at"
            return self(key, clock=clock_time(local, self.language))
        return self.day(moment, zone)

    def span(self, duration: timedelta) -> str:
        """In at most two units: "45 min", "2 h 05", "3 j"."""
        duration = max(abs(duration), _MINUTE)
        if duration < _HOUR:
            return self("time.minutes", n=duration // _MINUTE)
        if duration < _DAY:
            hours, rest = divmod(duration, _HOUR)
            minutes = rest // _MINUTE
            if minutes and hours < 5:
                return self("time.hours_minutes", n=hours, m=f"{minutes:02d}")
            return self("time.hours", n=hours)
        return self("time.days", n=duration // _DAY)

    def when(self, moment: datetime, zone: ZoneInfo) -> str:
        """A near moment, past or to come: "aujourd'hui à 13 h 30", "demain à 9 h", "le 23 nov. à 9 h"."""
        local = moment.astimezone(zone)
        days = (local.date() - self.now.astimezone(zone).date()).days
        clock = clock_time(local, self.language)
        if days in (-1, 0, 1):
            return self(("time.today_at", "time.tomorrow_at", "time.yesterday_at")[days], clock=clock)
        return self("time.date_at", day=self._date(local, year=False), clock=clock)

    def _date(self, local: datetime, *, year: bool) -> str:
        day = "1er" if local.day == 1 and self.language == "fr" else str(local.day)
        weekday, month = self(f"weekday.d{local.weekday()}"), self(f"month.m{local.month}")
        text = f"{weekday} {day} {month}"
        return f"{text} {local.year}" if year else text
