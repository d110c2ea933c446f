"""Numbers of choices, product references and error codes."""

import pytest

from bot.text.identifiers import find_identifiers
from bot.text.normalization import words
from nlu.encoders.encoder import Encoder
from nlu.entities.extraction import EntityExtractor, choice
from nlu.intents.training import read
from nlu.interpreter.embedded import EmbeddedInterpreter
from tests.support.effort import little_work


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
    assert find_identifiers(text) == found


FILES = {
    "intents/entities.yml": """
nlu:
  - intent: order
    examples: |
      - où est ma commande
  - regex: order
    examples: |
      - ma commande
  - regex: order_number
    examples: |
      - \\bMB[- ]?\\d{6}\\b
  - lookup: product
    examples: |
      - Caféa X1
      - Vaporéa S3
      - Vaporéa S5
  - synonym: Caféa X1
    examples: |
      - CX-125
  - lookup: application
    examples: |
      - OneDrive
      - Teams
      - SAP
      - Outlook
  - synonym: OneDrive
    examples: |
      - le drive
  - lookup: room
    examples: |
      - Vercors
"""
}


@pytest.fixture(scope="module")
def known() -> EntityExtractor:
    return EntityExtractor(read(FILES))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ma CX-125 fuit", {"product": ("Caféa X1",)}),
        ("ma cx 125 fuit", {"product": ("Caféa X1",)}),
        ("la CAFEA X1 et la cafea-x1", {"product": ("Caféa X1",)}),
        ("ma vaporea s3 et ma Vaporéa S5", {"product": ("Vaporéa S3", "Vaporéa S5")}),
        ("ma vaporra s3 goutte", {"product": ("Vaporéa S3",)}),
        ("ma vaporéa s4 goutte", {}),
        ("impossible d'ouvrir one drive", {"application": ("OneDrive",)}),
        ("j'ai tout mis sur le drive, et onedrvie plante", {"application": ("OneDrive",)}),
        ("outlok et taems ne marchent plus", {"application": ("Outlook", "Teams")}),
        ("conditions and terms of my team", {}),
        ("sa va pas", {}),
        ("je suis en salle vercors", {"room": ("Vercors",)}),
        ("commande mb 123456 et MB123456", {"order_number": ("mb 123456", "MB123456")}),
        ("l'erreur 0x80070005 sur ma CX-125", {"product": ("Caféa X1",), "identifier": ("0x80070005",)}),
        ("panne E12 sur XY-400", {"identifier": ("XY-400", "E12")}),
        ("bonjour", {}),
        ("", {}),
    ],
)
def test_entities_of_a_workspace(
    known: EntityExtractor, text: str, found: dict[str, tuple[str, ...]]
) -> None:
    assert known.find(text, words(text)) == found


def test_a_message_of_any_length_is_searched_quickly(known: EntityExtractor) -> None:
    for text in ("vaporéa " * 50_000, "x" * 1_000_000, "onedriv " * 50_000):
        with little_work():
            known.find(text, words(text[:4000]))


def test_entities_are_kept_with_the_interpreter(encoder: Encoder) -> None:
    more = {"intents/a.yml": "nlu:\n  - intent: greet\n    examples: |\n      - bonjour\n"}
    trained = EmbeddedInterpreter.train(FILES | more, encoder.encode, model_id=encoder.model_id)
    stored = EmbeddedInterpreter.from_bytes(trained.to_bytes())
    text = "one drive ne s'ouvre plus sur ma cx125"
    row = encoder.encode([text])[0]
    for each in (trained, stored):
        heard = each.understand(text, language="fr", vector=lambda: row)
        assert heard.entities == {"application": ("OneDrive",), "product": ("Caféa X1",)}
        assert each.entities(text) == heard.entities
        assert each.entities("\ud83d") == {}
    ordered = stored.understand("ma commande MB-123456 svp", language="fr", vector=lambda: row)
    assert ordered.entities == {"order_number": ("MB-123456",)}, "a pattern named like an intent is none"
    assert "order" in {ordered.intent, *ordered.also}
