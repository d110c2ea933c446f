"""Numbers of choices, product references and error codes."""

import pytest

from nlu.entities import choice, entities, identifiers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", "2"),
        (" 2. ", "2"),
        ("n°2", "2"),
        ("la 2", "2"),
        ("la deuxième", "2"),
        ("La DEUXIEME svp", "2"),
        ("option 3", "3"),
        ("choix 1 s'il vous plaît", "1"),
        ("je prends la première", "1"),
        ("plutôt la troisième", "3"),
        ("le premier choix", "1"),
        ("the second one", "2"),
        ("number three please", "3"),
        ("I'd say 2", "2"),
        ("la dernière", "-1"),
        ("the last one", "-1"),
        ("1er", "1"),
        ("3ème", "3"),
    ],
)
def test_a_choice(text: str, number: str) -> None:
    assert choice(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "22",
        "une seconde",
        "deux minutes",
        "2 fois par jour",
        "la deuxième imprimante du couloir",
        "no one",
        "premier étage",
        "un instant",
        "j'ai 2 écrans",
        "1" * 100,
        "one moment please",
    ],
)
def test_no_choice(text: str) -> None:
    assert choice(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ma CX-125 fuit", ("CX-125",)),
        ("ma cx-125 fuit", ("CX-125",)),
        ("erreur 0x80070005 à la mise à jour", ("0x80070005",)),
        ("Code 0X8007000E", ("0x8007000e",)),
        ("le four affiche E12", ("E12",)),
        ("erreur 691 sur le vpn", ("691",)),
        ("error code: 5", ("5",)),
        ("ERR_CONNECTION_RESET dans le navigateur", ("ERR_CONNECTION_RESET",)),
        ("INC-0012345 et CMD-998877", ("INC-0012345", "CMD-998877")),
        ("j'ai 2 imprimantes et 30 collègues", ()),
        ("rendez-vous à 14h30 le 12/03", ()),
        ("le covoiturage, c'est super", ()),
        ("", ()),
    ],
)
def test_identifiers(text: str, found: tuple[str, ...]) -> None:
    assert identifiers(text) == found


def test_entities_by_name() -> None:
    assert entities("la première") == {"choice": "1"}
    assert entities("panne E12 sur CX-125") == {"identifier": "CX-125", "identifiers": "CX-125 E12"}
    assert entities("bonjour") == {}
