"""Reading Rasa's training data format, and refusing what is wrong with it by file and line."""

import pytest

from nlu.intents.training import TrainingDataError, read
from tests.support.effort import little_work

GOOD = """version: "3.1"
nlu:
  - intent: order
    examples: |
      - je veux le [CX-125](product)
      - the [iron]{"entity": "product", "value": "fer"} please

      # a remark
      - où est ma commande
  - regex: serial
    examples: |
      - \\bSN\\d{6}\\b
  - synonym: fer
    examples: |
      - fer à repasser
      - iron
  - lookup: product
    examples:
      - CX-125
      - V300
"""


def test_all_kinds_are_read_with_their_lines() -> None:
    data = read({"a.yml": GOOD})
    assert [(line.name, line.text, line.line) for line in data.examples] == [
        ("order", "je veux le CX-125", 5),
        ("order", "the iron please", 6),
        ("order", "où est ma commande", 9),
    ]
    assert [(line.name, line.text) for line in data.patterns] == [("serial", r"\bSN\d{6}\b")]
    assert data.synonyms == {"fer à repasser": "fer", "iron": "fer"}
    assert [line.text for line in data.lookups] == ["CX-125", "V300"]
    assert data.intents == ("order",)


def test_files_are_joined() -> None:
    more = "nlu:\n  - intent: order\n    examples: |\n      - ma commande\n"
    assert [line.path for line in read({"a.yml": GOOD, "b.yml": more}).examples] == ["a.yml"] * 3 + ["b.yml"]


@pytest.mark.parametrize("text", ["", "nlu: []", "# nothing yet\n", 'version: "3.1"\nnlu: []'])
def test_an_empty_file_holds_nothing(text: str) -> None:
    assert read({"a.yml": text}).examples == ()


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("- intent: a", 1, "begins with"),
        ("nlu: 3", 1, "is a list"),
        ("version: '3.1'", 1, "`nlu:` is missing"),
        ("version: '2.0'\nnlu: []", 1, "the version is"),
        ("nlu: []\nrules: []", 2, "`rules` is not known"),
        ("nlu: []\nnlu: []", 2, "twice"),
        ("nlu:\n  - hello", 2, "has a name"),
        ("nlu:\n  - examples: |\n      - a", 2, "is one of intent"),
        ("nlu:\n  - intent: a", 2, "has no `examples`"),
        ("nlu:\n  - intent: ''\n    examples: |\n      - a", 2, "no name"),
        ("nlu:\n  - intent: a\n    example: |\n      - a", 3, "`example` is not known"),
        ("nlu:\n  - intent: a\n    examples: b", 3, "followed by lines"),
        ("nlu:\n  - intent: a\n    examples: |\n      - b\n      c", 5, "begins with `- `"),
        ("nlu:\n  - intent: a\n    examples:\n      - [b]", 4, "line of text"),
        ("nlu:\n  - regex: a\n    examples: |\n      - (b", 4, "regular expression"),
        ("nlu:\n  - regex: a\n    examples: |\n      - (?=b)c", 4, "look-around and back-references"),
        (
            "nlu:\n  - regex: a\n    examples: |\n      - a\n      - (b)\\1",
            5,
            "look-around and back-references",
        ),
        ("nlu:\n  - regex: a\n    examples: |\n      - b*", 4, "fits an empty text"),
        ("nlu:\n  - lookup: a\n    examples: |\n      - b\n      - '!'", 5, "1 to 8 words"),
        ("nlu:\n  - lookup: a\n    examples: |\n      - a b c d e f g h i", 4, "1 to 8 words"),
        ("nlu:\n  - synonym: a\n    examples: |\n      - ...", 4, "1 to 8 words"),
        ("nlu:\n  - intent: &x a\n    examples: *x", 3, "aliases"),
        ("nlu:\n  - [unclosed", 2, "not YAML"),
        ("nlu:\n\t- intent: a", 2, "not YAML"),
        ("nlu: \x00", 1, "not text"),
        ("a: &a [x]\nb: *a\nnlu: []", 2, "aliases"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(TrainingDataError, match=problem) as caught:
        read({"intents/a.yml": text})
    assert (caught.value.path, caught.value.line) == ("intents/a.yml", line)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, GOOD + "#" * 1_000_000],
    ids=["lists", "maps", "dashes", "size"],
)
def test_what_could_blow_up_is_refused_quickly(text: str) -> None:
    with little_work(), pytest.raises(TrainingDataError, match=r"nested too deeply|larger than"):
        read({"a.yml": text})


def test_a_catastrophic_expression_is_linear() -> None:
    import re2

    line = read({"a.yml": "nlu:\n  - regex: a\n    examples: |\n      - (a+)+$\n"}).patterns[0]
    with little_work():
        re2.search(line.text, "a" * 50_000 + "b")
