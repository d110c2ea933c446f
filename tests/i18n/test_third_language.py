"""A language that the product does not come with needs data only: CLDR's formats and phrases of its own."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.i18n import formats
from bot.i18n.phrases import Phrases

GERMAN = {"one": "{n} Artikel liegt vor", "other": "{n} Artikel liegen vor"}
POLISH = {"one": "{n} plik", "few": "{n} pliki", "many": "{n} plików", "other": "{n} pliku"}
MOMENT = datetime(2026, 7, 27, 14, 3, tzinfo=UTC)


def test_formats_of_german() -> None:
    assert formats.number(4000, "de") == "4.000"
    assert formats.number(0.5, "de", decimals=2) == "0,50"
    assert formats.percent(0.873, "de") == "87\u00a0%"
    assert formats.size(1_400_000, "de") == "1,4\u00a0MB"
    assert formats.clock(MOMENT, "de") == "14:03"
    assert formats.long_date(MOMENT.date(), "de", with_year=True) == "Montag, 27. Juli 2026"
    assert formats.long_date(MOMENT.date(), "de", with_year=False) == "Montag, 27. Juli"
    assert formats.day_heading(date(2026, 7, 27), date(2026, 7, 27), "de") == "Montag, 27. Juli"
    assert formats.language_name("en", within="de") == "Englisch"
    in_text = formats.moment_in_text(MOMENT, MOMENT, ZoneInfo("Europe/Berlin"), "de")
    assert "27. Juli" in in_text
    assert "16:03" in in_text


@pytest.mark.parametrize(
    ("language", "forms", "count", "said"),
    [
        ("de", GERMAN, 1, "1 Artikel liegt vor"),
        ("de", GERMAN, 0, "0 Artikel liegen vor"),
        ("de", GERMAN, 1000, "1.000 Artikel liegen vor"),
        ("pl", POLISH, 3, "3 pliki"),
        ("ja", {"other": "{n}件"}, 1, "1件"),
    ],
)
def test_counts_take_the_plural_form_of_their_language(
    language: str, forms: dict[str, str], count: int, said: str
) -> None:
    phrases = Phrases({language: {f"found.{form}": text for form, text in forms.items()}})
    assert phrases.count(language, "found", count) == said


def test_the_plural_forms_that_a_language_has() -> None:
    assert formats.plural_forms("de") == {"one", "other"}
    assert formats.plural_forms("pl") == {"one", "few", "many", "other"}
    assert formats.plural_forms("ja") == {"other"}
    assert formats.plural_forms("no language") == {"other"}
