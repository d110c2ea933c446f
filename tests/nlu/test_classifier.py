"""The classifier of intents: what it learns, how it reads spelling, and what is for no intent."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from nlu.encoders.encoder import Encoder
from nlu.intents.background import NONE, bare_words, threshold
from nlu.intents.classifier import BUCKETS, softmax, spelling
from nlu.intents.fitting import train

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
def test_it_learns_from_a_few_sentences(encoder: Encoder, text: str, label: str) -> None:
    texts = [*YES, *NO, *ELSE]
    fitted = train(texts, ["yes"] * 5 + ["no"] * 5 + ["question"] * 5, encoder.encode(texts))
    scores = fitted.classifier.scores([text], encoder.encode([text]))
    assert fitted.classifier.labels[int(scores.argmax())] == label
    assert fitted.left_out.sum(axis=1) == pytest.approx(1)
    assert len(fitted.left_out) == len(fitted.truth) == 15


def test_scores_do_not_depend_on_what_is_asked_beside(encoder: Encoder) -> None:
    texts = [*YES, *NO]
    vectors = encoder.encode(texts)
    classifier = train(texts, ["yes"] * 5 + ["no"] * 5, vectors).classifier
    together = classifier.scores(texts, vectors)
    alone = [classifier.scores([text], row[np.newaxis])[0] for text, row in zip(texts, vectors, strict=True)]
    assert together == pytest.approx(np.array(alone), abs=1e-4)


def test_the_threshold_lets_one_in_a_hundred_others_pass() -> None:
    chances = np.linspace(0.3, 0.8, 1001)
    probabilities = np.stack([chances, 1 - chances], axis=1)
    truth = np.ones(1001, dtype=np.int64)
    least = threshold(probabilities, truth, np.array([False, True]))
    assert (chances > least).mean() == pytest.approx(0.01, abs=0.002)


def test_without_others_the_threshold_is_even_odds() -> None:
    nobody: NDArray[np.float64] = np.array([[0.9, 0.1]])
    assert threshold(nobody, np.array([0]), np.array([False, False])) == 0.5


def test_spelling_tells_what_vectors_do_not() -> None:
    def row(text: str) -> NDArray[np.float64]:
        whole = np.zeros(BUCKETS)
        buckets, values = spelling(text)
        whole[buckets] = values
        return whole

    first, typo, other = row("annuler"), row("anuler"), row("bonjour")
    assert first @ typo > 2 * (first @ other)
    assert np.linalg.norm(first) == pytest.approx(np.linalg.norm(row("un texte plus long, plus long")))
    assert np.array_equal(first, row("ANNULER !"))


@pytest.mark.parametrize("text", ["", "?!", "a", "\ud800", "😀" * 500, "é" * 5000])
def test_odd_spelling_is_bounded(text: str) -> None:
    buckets, values = spelling(text)
    assert 0 < len(buckets) == len(values) <= 600
    assert np.isfinite(values).all()


def test_softmax_bears_large_scores() -> None:
    assert softmax(np.array([1000.0, 0.0])).tolist() == [1.0, 0.0]


def test_ordinary_questions_and_talk_are_no_intents() -> None:
    assert {"question", "out_of_scope"} == NONE


def test_bare_words_are_those_that_no_intent_says() -> None:
    background = ["Annuler le détartrage", "le DÉTARTRAGE du four à 200°"]
    assert bare_words(background, ["annuler tout"]) == ["détartrage", "four"]
    many = ["".join(chr(97 + index // 26**place % 26) for place in range(4)) for index in range(2500)]
    assert 800 <= len(bare_words(many, [])) <= 1000


def test_serving_imports_no_training_code() -> None:
    code = "import sys, nlu.interpreter.embedded; print({'scipy', 'sklearn', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
