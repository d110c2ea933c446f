"""Dates, times, numbers, sizes and plurals of a language: CLDR's data (Babel) and `formats.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from bot.i18n.typography import NO_BREAK, typeset

PLURAL_FORMS = frozenset({"zero", "one", "two", "few", "many", "other"})
"""All that CLDR knows; no language has them all but Arabic and a few more."""
_FILE = Path(__file__).parent / "formats.toml"
_SPACE = re.compile(r"[ \u202f]")


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a language writes dates and times; CLDR patterns, and templates with names in braces.

    Args:
        date: without its year.
        first_of_month: written instead of "1"; empty when nothing else is.
        clock: beside a message.
        clock_in_text: inside a sentence, `hour_in_text` at the full hour.
        date_in_text: a date inside a sentence that says when something happens.
        days: words for near days, by their distance from today.
        units: templates of units that are not written as CLDR does, by CLDR's name of the unit.
    """

    locale: Locale
    date: str
    date_with_year: str
    clock: str
    clock_in_text: str
    hour_in_text: str
    date_and_clock: str
    date_in_text: str = "{date}"
    first_of_month: str = ""
    days: Mapping[int, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def clock(moment: datetime, language: str) -> str:
    """ "14:03" in French, "2:03 pm" in English; the moment is local already."""
    style = _format(language)
    return format_time(moment, style.clock, locale=style.locale)


def clock_in_text(moment: datetime, language: str) -> str:
    """ "9 h 05" and "9 h" in French, "9:05 am" in English; the moment is local already."""
    style = _format(language)
    pattern = style.clock_in_text if moment.minute else style.hour_in_text
    return format_time(moment, pattern, locale=style.locale)


def long_date(day: date, language: str, *, with_year: bool) -> str:
    """ "lundi 27 juillet" in French, "Monday 27 July" in English; with the year "lundi 27 juillet 2026"."""
    style = _format(language)
    pattern = style.date_with_year if with_year else style.date
    if day.day == 1 and style.first_of_month:
        pattern = pattern.replace("d", f"'{style.first_of_month}'")
    return format_date(day, pattern, locale=style.locale)


def day_heading(day: date, today: date, language: str) -> str:
    """ "Aujourd’hui", "Hier", "Lundi 27 juillet", and the year when it is another one."""
    distance = (day - today).days
    near = _format(language).days.get(distance) if distance <= 0 else None
    return capitalised(near or long_date(day, language, with_year=day.year != today.year))


def exact(moment: datetime, language: str) -> str:
    """The full date and time, for the hint over a time; the moment is local already."""
    full = capitalised(long_date(moment.date(), language, with_year=True))
    return _format(language).date_and_clock.format(date=full, clock=clock(moment, language))


def moment_in_text(moment: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    """A moment to come, as a sentence says it: "aujourd'hui à 13 h 30", "on Monday 23 November at 9:00 am".

    Args:
        moment: aware UTC.
        now: aware UTC; says which day is today.
        zone: the reader's.
        language: the reader's.
    """
    style = _format(language)
    local = moment.astimezone(zone)
    distance = (local.date() - now.astimezone(zone).date()).days
    near = style.days.get(distance) if distance >= 0 else None
    day = near or style.date_in_text.format(date=long_date(local.date(), language, with_year=False))
    return style.date_and_clock.format(date=day, clock=clock_in_text(local, language))


def number(value: float, language: str, *, decimals: int = 0) -> str:
    """ "4 000" in French, "4,000" in English; always that many decimals."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, format=pattern, locale=_format(language).locale)


def percent(share: float, language: str) -> str:
    """0.873 as "87 %" in French, "87%" in English."""
    return format_percent(share, locale=_format(language).locale)


def size(size_bytes: int, language: str) -> str:
    """ "1,4 Mo" in French, "1.4 MB" in English; nothing when it is unknown (0)."""
    if not size_bytes:
        return ""
    if size_bytes < 1000:
        return _unit(size_bytes, "digital-byte", language, length="long")
    if size_bytes < 999_500:
        return _unit(size_bytes / 1000, "digital-kilobyte", language)
    return _unit(size_bytes / 1_000_000, "digital-megabyte", language, pattern="#,##0.0")


def plural(count: float, language: str) -> str:
    """Which plural form a count takes, by CLDR's rules: "one", "other", "few" ..."""
    return _format(language).locale.plural_form(count)


def plural_forms(language: str) -> frozenset[str]:
    """The plural forms that a language has, by CLDR's rules; "other" alone when it is no language's."""
    try:
        rule = _format(language).locale.plural_form
    except (UnknownLocaleError, ValueError):
        return frozenset({"other"})
    return rule.tags | {"other"}


def language_name(language: str, within: str) -> str:
    """A language's name, "anglais" for "en" within French; the code itself when it is no language's."""
    try:
        named = Locale.parse(language).get_language_name(within)
    except (UnknownLocaleError, ValueError):
        return language
    return named or language


def capitalised(text: str) -> str:
    """With a capital at its beginning, well set."""
    return typeset(text[:1].upper() + text[1:])


def _unit(
    value: float,
    unit: str,
    language: str,
    *,
    length: Literal["short", "long"] = "short",
    pattern: str = "#,##0",
) -> str:
    style = _format(language)
    if template := style.units.get(unit):
        text = template.format(number=format_decimal(value, format=pattern, locale=style.locale))
    else:
        text = format_unit(value, unit, length, format=pattern, locale=style.locale)
    return _SPACE.sub(NO_BREAK, text)


@cache
def _format(language: str) -> Format:
    given = tomllib.loads(_FILE.read_text(encoding="utf-8")).get(language, {})
    locale = Locale.parse(given.pop("locale", language))
    full, short = locale.date_formats["full"].pattern, locale.time_formats["short"].pattern
    joined = str(locale.datetime_formats["full"])
    no_year = locale.datetime_skeletons.get("MMMMEd")
    found = {
        "date": no_year.pattern.replace("E", "EEEE") if no_year else full,
        "date_with_year": full,
        "clock": short,
        "clock_in_text": short,
        "hour_in_text": short,
        "date_and_clock": joined.replace("{1}", "{date}").replace("{0}", "{clock}"),
    }
    given["days"] = {int(distance): word for distance, word in given.get("days", {}).items()}
    return Format(locale=locale, **(found | given))
