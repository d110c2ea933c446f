"""What the console says, in the agent's language: phrases, counts and times."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request

from bot.http.shared.language import accepted_languages
from bot.i18n import formats
from bot.i18n.phrases import Phrases

LANGUAGE_COOKIE = "relais_console_language"

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def chosen_language(request: Request, agents_own: str | None, phrases: Phrases) -> str:
    """The language picked in this browser, else the agent's, else the browser's, else the first there is."""
    wishes = (request.cookies.get(LANGUAGE_COOKIE, ""), agents_own or "", *accepted_languages(request))
    for wish in wishes:
        if wish in phrases.by_language:
            return wish
    return next(iter(phrases.by_language))


class ConsoleWords:
    """The phrases under "console." in one language.

    Args:
        now: aware UTC; times are worded relative to it.
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
        """The plural form of a phrase that a number takes."""
        return self._phrases.count(self.language, f"console.{key}", number, **values)

    def number(self, number: int) -> str:
        """With thousands set apart as the language does."""
        return formats.number(number, self.language)

    def percent(self, share: float) -> str:
        """0.873 as "87 %"."""
        return formats.percent(share, self.language)

    def size(self, size_bytes: int) -> str:
        """Of a file: "640 ko", "1,2 Mo"."""
        return formats.size(size_bytes, self.language)

    def language_named(self, language: str) -> str:
        """What a language is called inside a sentence: "anglais"."""
        return formats.language_name(language, self.language)

    def language_title(self, language: str) -> str:
        """What a language is called, standing alone: "Anglais"."""
        return formats.capitalised(self.language_named(language))

    @property
    def other_languages(self) -> list[str]:
        """Those that the console speaks, but this one."""
        return [each for each in self._phrases.by_language if each != self.language]

    # Times ---------------------------------------------------------------------------------------

    def exact(self, moment: datetime, zone: ZoneInfo) -> str:
        """In full: "samedi 22 novembre 2025 à 14 h 05"."""
        local = moment.astimezone(zone)
        return self("time.exact", day=self._date(local, with_year=True), clock=self._clock(local))

    def clock(self, moment: datetime, zone: ZoneInfo) -> str:
        """ "à 14 h 05", "2:05 pm"."""
        return self("time.at", clock=self._clock(moment.astimezone(zone)))

    def day(self, moment: datetime, zone: ZoneInfo) -> str:
        """ "Aujourd'hui", "Hier", "lundi 17 novembre"."""
        local, today = moment.astimezone(zone), self.now.astimezone(zone)
        days = (today.date() - local.date()).days
        if days in (0, 1):
            return self("time.today" if days == 0 else "time.yesterday")
        return self._date(local, with_year=local.year != today.year)

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
            return self(key, clock=self._clock(local))
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
        clock = self._clock(local)
        if days in (-1, 0, 1):
            return self(("time.today_at", "time.tomorrow_at", "time.yesterday_at")[days], clock=clock)
        return self("time.date_at", day=self._date(local, with_year=False), clock=clock)

    def _clock(self, local: datetime) -> str:
        return formats.clock_in_text(local, self.language)

    def _date(self, local: datetime, *, with_year: bool) -> str:
        return formats.long_date(local.date(), self.language, with_year=with_year)
