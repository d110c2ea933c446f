"""Examples of secrets are no secrets."""

import pytest

from bot.text.placeholders import holds_placeholder, is_placeholder


@pytest.mark.parametrize("secret", ["your-token", "VOTRE_JETON", "change-me", "bot-token", "xxxx"])
def test_a_placeholder_is_told_by_how_it_begins(secret: str) -> None:
    assert is_placeholder(secret)


@pytest.mark.parametrize("secret", ["a long phrase, here", "correct-horse", "tokens-of-love", "9f8e7d"])
def test_what_a_person_chose_is_no_placeholder(secret: str) -> None:
    assert not is_placeholder(secret)


@pytest.mark.parametrize("secret", ["123-your-token", "secret", "...", "<token>", "xxxx-xxxx", "put it here"])
def test_what_a_platform_issues_holds_no_words(secret: str) -> None:
    assert holds_placeholder(secret)
    assert not holds_placeholder("1234-5678-aBcDhere9")
