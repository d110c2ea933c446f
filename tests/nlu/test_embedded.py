"""The embedded interpreter: training, storing, and what it makes of odd input."""

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from nlu.encoders.encoder import Encoder
from nlu.intents.patterns import Patterns
from nlu.intents.training import TrainingDataError, read
from nlu.interpreter.embedded import EmbeddedInterpreter, StateError, negated, source_hash
from tests.support.effort import little_work

FILES = {
    "intents/a.yml": """
nlu:
  - intent: greet
    examples: |
      - bonjour
      - hello
  - intent: order_pizza
    examples: |
      - je veux une pizza
      - une pizza quatre fromages
      - I want a pizza
  - regex: order_pizza
    examples: |
      - \\bpizzas?\\b
  - regex: order_pizza_not
    examples: |
      - \\bfour a pizzas?\\b
  - intent: question
    examples: |
      - où est la gare
      - where is the station
      - quel temps fait-il
"""
}


def _never() -> NDArray[np.float32]:
    raise AssertionError("must not be encoded")


@pytest.fixture(scope="module")
def small(encoder: Encoder) -> EmbeddedInterpreter:
    return EmbeddedInterpreter.train(FILES, encoder.encode, model_id=encoder.model_id)


def test_a_pattern_rides_and_its_harmless_phrases_do_not() -> None:
    patterns = Patterns(read(FILES).patterns)
    assert patterns.search("pour ce soir des PIZZAS pour tout le monde") == {"order_pizza": "pizzas"}
    assert patterns.search("comment nettoyer le four à pizza de la cantine") == {}
    assert patterns.search("le four à pizza est libre, donc deux pizzas et vite") == {"order_pizza": "pizzas"}


def test_a_stored_interpreter_is_the_same_and_encodes_nothing(
    interpreter: EmbeddedInterpreter, encoder: Encoder
) -> None:
    stored = EmbeddedInterpreter.from_bytes(interpreter.to_bytes())
    assert stored.source_hash == interpreter.source_hash
    for text in ("je ne sais pas trop quoi répondre", "le vpn ne marche pas chez moi", "mon fer fume", "oui"):
        row: NDArray[np.float32] = encoder.encode([text])[0]
        again = stored.understand(text, language="fr", vector=partial(np.copy, row))
        assert again == interpreter.understand(text, language="fr", vector=partial(np.copy, row))


@pytest.mark.parametrize("cut", [0, 1, 100, 5000, -1])
def test_damaged_bytes_are_refused(small: EmbeddedInterpreter, cut: int) -> None:
    with pytest.raises(StateError):
        EmbeddedInterpreter.from_bytes(small.to_bytes()[:cut])


def test_flipped_bytes_are_refused(small: EmbeddedInterpreter) -> None:
    state = bytearray(small.to_bytes())
    state[len(state) // 2] ^= 0xFF
    with pytest.raises(StateError):
        EmbeddedInterpreter.from_bytes(bytes(state))


def test_the_source_hash_follows_all_that_training_depends_on() -> None:
    known = source_hash(FILES, negatives=["a"], model_id="m")
    assert known == source_hash(dict(FILES), negatives=["a"], model_id="m")
    assert known != source_hash(FILES, negatives=["b"], model_id="m")
    assert known != source_hash(FILES, negatives=["a"], model_id="n")
    assert known != source_hash({**FILES, "intents/b.yml": "nlu: []"}, negatives=["a"], model_id="m")


def test_questions_of_the_workspace_are_no_commands(base_intents: dict[str, str], encoder: Encoder) -> None:
    text = "annuler mon abonnement à la newsletter du magasin"
    taught = EmbeddedInterpreter.train(
        base_intents, encoder.encode, negatives=[text, "annuler ma newsletter"]
    )
    row = encoder.encode([text])[0]
    assert taught.understand(text, language="fr", vector=lambda: row).intent is None


def test_one_phrase_for_two_intents_is_refused_with_both_places(encoder: Encoder) -> None:
    more = "nlu:\n  - intent: farewell\n    examples: |\n      - Bonjour !\n"
    with pytest.raises(TrainingDataError) as caught:
        EmbeddedInterpreter.train({**FILES, "intents/b.yml": more}, encoder.encode)
    assert (caught.value.path, caught.value.line) == ("intents/b.yml", 4)
    assert "intents/a.yml:5" in caught.value.problem


def test_training_needs_two_intents(encoder: Encoder) -> None:
    with pytest.raises(TrainingDataError):
        EmbeddedInterpreter.train({"a.yml": "nlu: []"}, encoder.encode)


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "\ud800",
        "😀" * 5000,
        "a" * 1_000_000,
        "fumée " * 200_000,
        "((((" * 10_000,
        "\n" * 100_000,
        "é" * 4001,
    ],
    ids=["nul", "surrogate", "emoji", "letters", "words", "brackets", "lines", "cut"],
)
def test_odd_input_is_quick_and_harmless(
    interpreter: EmbeddedInterpreter, encoder: Encoder, text: str
) -> None:
    with little_work():
        heard = interpreter.understand(text, language="fr", vector=lambda: encoder.encode([text])[0])
    assert heard.language == "fr"


def test_the_vector_is_asked_for_at_most_once(interpreter: EmbeddedInterpreter, encoder: Encoder) -> None:
    text, asked = "comment nettoyer le bac de mon aspirateur", 0

    def vector() -> NDArray[np.float32]:
        nonlocal asked
        asked += 1
        row: NDArray[np.float32] = encoder.encode([text])[0]
        return row

    interpreter.understand(text, language="fr", vector=vector)
    assert asked == 1


def test_what_is_said_to_be_solved_is_not_unsolved_by_meaning() -> None:
    chances = {"resolved": 0.05, "not_resolved": 0.9, "question": 0.05}
    text = "ça marche, il n'y a plus d'erreur"
    assert not {"resolved", "not_resolved"} & negated(dict(chances), text, frozenset({"resolved"})).keys()
    assert negated(dict(chances), text, frozenset())["not_resolved"] == pytest.approx(0.95)
