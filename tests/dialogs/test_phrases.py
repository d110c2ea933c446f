"""What the bot says: the same in both languages, all of it used, set as French is set."""

import re
from pathlib import Path
from string import Formatter

import pytest

import bot.dialogs
from tests.dialogs.world import phrases

SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted(Path(bot.dialogs.__path__[0]).rglob("*.py"))
)
FAMILIES = ("button.", "danger.", "clarify.", "not_helped.")
"""Groups whose keys the code puts together."""
FRENCH, ENGLISH = (phrases().by_language[language] for language in ("fr", "en"))


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_phrases_with_the_same_blanks() -> None:
    assert {key: fields(text) for key, text in FRENCH.items()} == {
        key: fields(text) for key, text in ENGLISH.items()
    }


def test_every_phrase_is_used_and_every_one_used_is_there() -> None:
    used = set(
        re.findall(r'(?:say|in_all_languages|not_applicable)\(\s*(?:turn, )?"([a-z_]+\.[a-z_]+)"', SOURCE)
    )
    named = {key for key in FRENCH if f'"{key}"' in SOURCE}

    assert used <= FRENCH.keys()
    assert {key for key in FRENCH.keys() - named if not key.startswith(FAMILIES)} == set()


@pytest.mark.parametrize("key", sorted(FRENCH))
def test_french_typography(key: str) -> None:
    text = FRENCH[key]

    assert not re.search(r"[^\u202f][;!?]", text)
    assert not re.search(r"[^\u00a0:]:(?!//)", text)
    assert not re.search(r"«[^\u202f]|[^\u202f]»", text)


@pytest.mark.parametrize("texts", [FRENCH, ENGLISH], ids=["fr", "en"])
def test_buttons_are_short(texts: dict[str, str]) -> None:
    assert all(len(text) <= 60 for key, text in texts.items() if key.startswith("button."))
