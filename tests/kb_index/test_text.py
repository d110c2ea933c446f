"""Text as the index sees it."""

import numpy as np
import pytest

from kb_index.articles.text import passages, plain
from kb_index.index import lexicon as lexicon_module
from kb_index.index.lexicon import Lexicon


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("Ouvrez **Mon compte**.", "Ouvrez Mon compte."),
        ("1. Un\n2. Deux", "Un\nDeux"),
        ("- un\n* deux", "un\ndeux"),
        ("# Titre\n> cité", "Titre\ncité"),
        ("[le site](https://example.org/a_b)", "le site"),
        ("`code` et ~~barré~~", "code et barré"),
        ("a_b_c et _penché_", "a_b_c et penché"),
        ("", ""),
    ],
)
def test_markdown_is_made_plain(markdown: str, words: str) -> None:
    assert plain(markdown) == words


def test_passages_hold_all_the_words_and_keep_their_length() -> None:
    text = "\n".join(f"ligne {number} " + "mot " * (number % 60) for number in range(80)) + "x" * 2000
    parts = passages(text, max_chars=500)
    assert all(len(part) <= 500 for part in parts)
    assert "".join(parts).replace("\n", "").replace(" ", "") == text.replace("\n", "").replace(" ", "")


def test_spelling_finds_through_typos_and_accents() -> None:
    lexicon = Lexicon.build(
        ["détartrer la centrale vapeur", "changer le sac de l'aspirateur", "régler le four"]
    )
    assert lexicon.scores("detartré ma sentrale").argmax() == 0
    assert lexicon.scores("ASPIRATEUR").argmax() == 1
    assert lexicon.scores("détartrer la centrale vapeur")[0] == pytest.approx(1, abs=1e-5)
    assert lexicon.scores("zzz xyx").max() < 0.05
    assert lexicon.scores("").tolist() == [0, 0, 0]


def test_a_lexicon_without_texts() -> None:
    assert Lexicon.build([]).scores("a").tolist() == []
    assert Lexicon.build(["", ""]).scores("a").tolist() == [0, 0]


def test_a_part_of_a_lexicon_scores_like_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [("facture", "perdue"), ("carte", "égarée")] * 40
    texts = [f"{a} {b} numéro {n}" for n, (a, b) in enumerate(pairs)]
    lexicon = Lexicon.build(texts)
    whole = lexicon.scores("facture egaree numero 12")
    assert lexicon.scores("facture egaree numero 12", 10, 50).tolist() == whole[10:50].tolist()
    monkeypatch.setattr(lexicon_module, "_PRUNED_FROM", 10)
    assert lexicon.scores("facture egaree numero 12", 10, 50) == pytest.approx(whole[10:50])
    monkeypatch.setattr(lexicon_module, "_MOST_POSTINGS", 300)
    pruned = lexicon.scores("facture egaree numero 12", 10, 50)
    assert pruned.sum() < whole[10:50].sum() / 2
    assert pruned.argmax() == whole[10:50].argmax() == 2


def test_texts_are_indexed_alike_in_one_go_and_in_many(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["Où est ma facture ?", "", "a", "café crème", "la facture, la facture"] * 3
    whole = Lexicon.build(texts)
    monkeypatch.setattr(lexicon_module, "_CHUNK_CHARS", 1)
    monkeypatch.setattr(lexicon_module, "_BLOCK", 3)
    pieces = Lexicon.build(texts)
    for name, array in whole.arrays().items():
        np.testing.assert_allclose(pieces.arrays()[name], array, rtol=1e-6)
