"""The trained head: its probabilities, and the threshold it learns."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nlu.encoder import Encoder
from nlu.head import NONE, _threshold, features, softmax, train

YES = (
    "oui volontiers",
    "avec grand plaisir",
    "je suis d'accord",
    "cela me convient bien",
    "entendu, allons-y",
)
NO = (
    "je refuse tout net",
    "surtout pas cela",
    "il n'en est pas question",
    "je m'y oppose",
    "certainement pas",
)
ELSE = (
    "le train part à midi",
    "il pleut sur la ville",
    "la soupe est chaude",
    "mon vélo est bleu",
    "le chat dort",
)


@pytest.mark.parametrize(
    ("text", "label"),
    [("volontiers, avec plaisir", "yes"), ("non, je refuse", "no"), ("la ville est bleue", "question")],
)
def test_it_learns_and_its_chances_add_up(encoder: Encoder, text: str, label: str) -> None:
    texts = [*YES, *NO, *ELSE]
    head = train(texts, ["yes"] * 5 + ["no"] * 5 + ["question"] * 5, encoder.encode(texts))
    chances = head.probabilities(text, encoder.encode([text])[0])
    assert max(chances, key=lambda name: chances[name]) == label
    assert sum(chances.values()) == pytest.approx(1)


def test_the_threshold_lets_two_in_a_hundred_others_pass() -> None:
    chances = np.linspace(0.3, 0.8, 1001)
    probabilities = np.stack([chances, 1 - chances], axis=1)
    truth = np.ones(1001, dtype=np.int64)
    threshold = _threshold(probabilities, truth, np.array([False, True]))
    assert (chances > threshold).mean() == pytest.approx(0.02, abs=0.002)


def test_without_others_the_threshold_is_even_odds() -> None:
    nobody: NDArray[np.float64] = np.array([[0.9, 0.1]])
    assert _threshold(nobody, np.array([0]), np.array([False, False])) == 0.5


def test_spelling_tells_what_vectors_do_not() -> None:
    same = np.ones((3, 4), dtype=np.float32)
    rows = features(["annuler", "anuler", "bonjour"], same)
    near, far = rows[0] @ rows[1], rows[0] @ rows[2]
    assert near > far


def test_softmax_bears_large_scores() -> None:
    assert softmax(np.array([1000.0, 0.0])).tolist() == [1.0, 0.0]


def test_ordinary_questions_and_talk_are_no_intents() -> None:
    assert {"question", "out_of_scope"} == NONE
