"""Facts of a text, and what the versions of an article must share."""

import pytest

from kb_index.review.facts import claims, facts, masked


def sizes(text: str) -> list[float]:
    return [fact.size for fact in facts(text)]


@pytest.mark.parametrize(
    ("french", "english"),
    [
        ("Ouvert de 8 h 30 à 18 h", "open 8:30 am to 6 pm"),
        ("de 12h30 à 14 h 30", "12.30 pm-2.30 pm"),
        ("sous 24 h", "within 24 hours"),
        ("pendant deux ans", "for 24 months"),
        ("sous quinze jours", "within two weeks"),
        ("1 000 € ou 2,5 L", "1,000 euros or 2.5 L"),
    ],
)
def test_both_languages_state_the_same(french: str, english: str) -> None:
    assert sizes(french) == sizes(english) != []


def test_names_with_digits_are_no_numbers() -> None:
    assert sizes("VS-310, E3, 0x80070005, 5.3.4, #21#, mfa2@bellac.example") == []


def test_links_and_steps_are_counted_whatever_their_language() -> None:
    french = claims("1. Ouvrez [Mon compte](https://bellac.example/fr/compte).\n2. Validez.")
    english = claims("1. Open [My account](https://bellac.example/en/compte).\n2. Confirm.")
    assert (french.links, french.steps) == (english.links, english.steps)
    assert french.steps == 2


def test_a_masked_sentence_has_no_numbers() -> None:
    assert masked("Le compte se rouvre après 15 minutes") == masked("Le compte se rouvre après 30 jours")
