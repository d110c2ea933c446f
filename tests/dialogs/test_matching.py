"""Which of the offered answers somebody means."""

from dataclasses import fields

import pytest

from bot.dialogs.matching.lexicon import lexicon
from bot.dialogs.matching.matching import Offer, full_match, partial_match
from bot.dialogs.reading.reading import read
from bot.text.folding import fold_label

BLINKS = (
    Offer(("Oui, il clignote", "Yes, it blinks", "ça clignote", "oui")),
    Offer(("Non, il est fixe", "No, it is steady", "non")),
)
PLACES = (
    Offer(("Chez moi", "At home", "maison", "en télétravail")),
    Offer(("Au bureau", "At the office", "bureau")),
    Offer(("Hôtel, train, café", "Hotel, train, café", "ailleurs")),
)
SCREEN = (
    Offer(("Écran noir ou figé", "eteint")),
    Offer(("Rien dans la liste",)),
    Offer(("Tout semble normal",)),
)


@pytest.mark.parametrize(
    ("text", "offers", "expected"),
    [
        ("1", PLACES, 0),
        ("3.", PLACES, 2),
        ("4", PLACES, None),
        ("0", PLACES, None),
        ("99999999999999", PLACES, None),
        ("²", PLACES, 1),
        ("CHEZ MOI !", PLACES, 0),
        ("teletravail", PLACES, 0),
        ("en teletravial", PLACES, 0),
        ("at the ofice", PLACES, 1),
        ("Oui", BLINKS, 0),
        ("no", BLINKS, 1),
        ("ouii", BLINKS, 0),
        ("oui", (Offer(("Oui il marche",)), Offer(("Autre chose",))), 0),
        ("ça ne clignote pas", BLINKS, None),
        ("oui non", BLINKS, None),
        ("", PLACES, None),
        ("x" * 400, PLACES, None),
        ("il est pas allumé", (Offer(("Il est allumé",)), Offer(("Autre chose",))), None),
        ("voyant roue", (Offer(("Voyant rouge",)), Offer(("Voyant rose",))), None),
        ("2", (Offer(("3",)), Offer(("2",))), 1),
    ],
)
def test_a_plain_answer(text: str, offers: tuple[Offer, ...], expected: int | None) -> None:
    assert full_match(text, offers) == expected


@pytest.mark.parametrize(
    ("text", "offers", "expected"),
    [
        ("je suis à la maison", PLACES, 0),
        ("aujourd'hui je travaille au bureau", PLACES, 1),
        ("dans le train", PLACES, 2),
        ("à l'hôtel ce soir", PLACES, 2),
        ("je suis en train de regarder", PLACES, None),
        ("à la maison ou au bureau", PLACES, None),
        ("ça ne clignote pas", BLINKS, 1),
        ("le voyant clignote", BLINKS, 0),
        ("non c'est fixe", BLINKS, 1),
        ("non il clignote", BLINKS, None),
        ("je crois que non", BLINKS, 1),
        ("oui et non", BLINKS, None),
        ("l'écran est noir", SCREEN, 0),
        ("il y a une liste", SCREEN, None),
        ("rien ne s'affiche", SCREEN, None),
        ("comment réserver une salle au bureau de Lyon pour vendredi prochain ?", PLACES, None),
        ("je ne comprends pas la question", PLACES, None),
    ],
)
def test_an_answer_among_other_words(text: str, offers: tuple[Offer, ...], expected: int | None) -> None:
    assert partial_match(text, offers) == expected


def test_yes_and_numbers_are_taken_from_what_was_understood() -> None:
    assert partial_match("carrément", BLINKS, sense="yes") == 0
    assert partial_match("carrément", PLACES, sense="yes") is None
    assert partial_match("la dernière", PLACES, number="-1") == 2
    assert partial_match("la neuvième", PLACES, number="9") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bonjour, mon vpn ne marche pas. Merci d'avance !", "mon vpn ne marche pas"),
        ("bonjour à tous, bonsoir, au fait : comment imprimer svp", "comment imprimer"),
        ("bonjour", "bonjour"),
        ("merci de me rappeler", "merci de me rappeler"),
        ("Hi there, my iron leaks, thanks", "my iron leaks"),
        ("  deux\n\nlignes ", "deux lignes"),
        ("bonjour merci", "merci"),
        ("", ""),
    ],
)
def test_courtesies_are_taken_off(text: str, expected: str) -> None:
    assert read(text).question == expected


def test_a_lexicon_is_folded_but_for_what_is_matched_as_written() -> None:
    names = [each.name for each in fields(lexicon())]
    as_written = set(names[names.index("greetings") :])
    folded = {
        each.name: getattr(lexicon(), each.name) for each in fields(lexicon()) if each.name not in as_written
    }

    for words in folded.values():
        assert [fold_label(word) for word in words] == [word.removesuffix("*") for word in words]
