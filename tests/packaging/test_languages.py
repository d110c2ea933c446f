"""No code of the product asks which language it is: French and English are data, as a third one is."""

import ast
from collections.abc import Iterator

import pytest

from tests.packaging.test_dependencies import PACKAGES, ROOT

LANGUAGES = {"fr", "en"}
SEVERAL = ast.Tuple | ast.List | ast.Set


def _decisions(tree: ast.AST) -> Iterator[ast.expr | None]:
    """What is compared, matched, looked up, or stands as the key of a mapping."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                yield from (left, *others)
            case ast.MatchValue(value=value):
                yield value
            case ast.Dict(keys=keys):
                yield from keys
            case ast.Subscript(slice=key):
                yield key
            case ast.BoolOp(values=values):
                yield from values
            case ast.IfExp(body=body, orelse=other):
                yield from (body, other)
            case _:
                pass


def _languages(source: str) -> list[int]:
    """Lines on which code decides by the name of a language."""
    return sorted(
        {
            part.lineno
            for decision in _decisions(ast.parse(source))
            if decision is not None
            for part in (decision.elts if isinstance(decision, SEVERAL) else [decision])
            if isinstance(part, ast.Constant) and part.value in LANGUAGES
        }
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_no_code_decides_by_the_name_of_a_language(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in _languages(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "x = 1 if language == 'fr' else 2",
        "if language in ('en', 'de'): pass",
        "match language:\n    case 'fr': pass",
        "TEXTS = {'en': 'Hello'}",
        "text = TEXTS['fr']",
        "language = given or 'fr'",
        "language = 'fr' if known else other",
    ],
)
def test_a_decision_is_seen(source: str) -> None:
    assert _languages(source)


def test_a_language_that_is_passed_on_is_no_decision() -> None:
    assert not _languages("texts = Texts.read(folder, otherwise='en')")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("nlu/language/evidence", ""),
        ("nlu/language/vocabulary", ""),
        ("bot/channels/slack", "texts."),
        ("bot/channels/telegram", "texts."),
        ("bot/channels/telegram", "commands."),
        ("bot/channels/terminal", "texts."),
    ],
)
def test_each_language_has_its_file(folder: str, name: str) -> None:
    assert all((ROOT / folder / f"{name}{language}.yml").is_file() for language in LANGUAGES)
