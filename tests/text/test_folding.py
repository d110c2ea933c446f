"""Folding: what is compared, and what indexes and classifiers hold."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.folding import MAX_LABEL_CHARS, fold, fold_label, fold_letters

_TEXTS = st.text(st.characters(codec="utf-8", max_codepoint=0x24FF) | st.sampled_from("ÉéœŒæßøÅ’`´_-'\u200b"))
_PLAIN = str.maketrans({"œ": "oe", "æ": "ae"})


def _bare(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


@pytest.mark.parametrize(
    ("text", "by_words", "by_label", "by_letters"),
    [
        (
            "L’Œuvre : déjà  VU_ici !",
            "l oeuvre deja vu ici",
            "l oeuvre deja vu ici",
            "l'oeuvre : deja  vu_ici !",
        ),
        ("Straße", "straße", "strasse", "strasse"),
        ("Smørrebrød", "smørrebrød", "smørrebrød", "smorrebrod"),
        ("c`est ´ça", "c est ca", "c est ca", "c'est 'ca"),
        ("an\u00adnu\u200bler 👍🏽", "an nu ler", "an nu ler", "annuler 👍"),
        ("\ufb01che\u00a0n\u00ba\u202f2", "fiche no 2", "fiche no 2", "fiche no 2"),
        ("", "", "", ""),
    ],
)
def test_foldings(text: str, by_words: str, by_label: str, by_letters: str) -> None:
    assert (fold(text), fold_label(text), fold_letters(text)) == (by_words, by_label, by_letters)


@given(_TEXTS)
def test_fold_is_lower_case_words_without_accents(text: str) -> None:
    expected = re.sub(r"[\W_]+", " ", _bare(text.lower().translate(_PLAIN)).replace("\u034f", "")).strip()
    assert fold(text) == expected


@given(_TEXTS)
def test_a_label_folds_to_its_letters_and_digits_by_full_case_folding(text: str) -> None:
    bare = _bare(text.casefold().lower().translate(_PLAIN)).replace("\u034f", "")
    assert fold_label(text) == " ".join("".join(c if c.isalnum() else " " for c in bare).split())


def test_a_label_is_read_to_its_limit() -> None:
    assert fold_label("a" * MAX_LABEL_CHARS + "b") == "a" * MAX_LABEL_CHARS
