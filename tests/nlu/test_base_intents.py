"""What the product's own training data makes of sentences that it does not hold."""

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from nlu.encoders.encoder import Encoder
from nlu.intents.patterns import Patterns
from nlu.intents.training import read
from nlu.interpreter.base import Understanding
from nlu.interpreter.embedded import EmbeddedInterpreter
from tests.nlu.sentences import DANGER, INTENTS, NO_INTENT, RIDING


class Listener:
    """Understands texts with the real encoder."""

    def __init__(self, interpreter: EmbeddedInterpreter, encoder: Encoder) -> None:
        self._interpreter = interpreter
        self._encoder = encoder

    def hear(self, text: str, language: str = "fr") -> Understanding:
        def vector() -> NDArray[np.float32]:
            row: NDArray[np.float32] = self._encoder.encode([text])[0]
            return row

        return self._interpreter.understand(text, language=language, vector=vector)


@pytest.fixture(scope="module")
def listener(interpreter: EmbeddedInterpreter, encoder: Encoder) -> Listener:
    return Listener(interpreter, encoder)


def _pairs(sentences: dict[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    return [(intent, text) for intent, texts in sentences.items() for text in texts]


@pytest.mark.parametrize(("intent", "text"), _pairs(DANGER))
def test_danger_is_always_recognised(listener: Listener, intent: str, text: str) -> None:
    assert listener.hear(text).intent == intent


@pytest.mark.parametrize("text", NO_INTENT)
def test_an_ordinary_question_is_never_danger_or_a_call_for_a_person(listener: Listener, text: str) -> None:
    heard = listener.hear(text)
    assert heard.intent is None or not heard.intent.startswith(("danger", "human"))
    assert not any(name.startswith(("danger", "human")) for name in heard.also)


def test_ordinary_questions_are_hardly_ever_taken_for_an_intent(listener: Listener) -> None:
    taken = [(text, listener.hear(text).intent) for text in NO_INTENT if listener.hear(text).intent]
    assert len(taken) <= 0.03 * len(NO_INTENT), taken


def test_intents_are_recognised(listener: Listener) -> None:
    pairs = _pairs(INTENTS)
    missed = [(text, intent, listener.hear(text).intent) for intent, text in pairs]
    missed = [miss for miss in missed if miss[1] != miss[2]]
    assert len(missed) <= 0.05 * len(list(pairs)), missed


@pytest.mark.parametrize(("intent", "text"), RIDING)
def test_an_intent_rides_along_with_a_question(listener: Listener, intent: str, text: str) -> None:
    heard = listener.hear(text)
    assert heard.intent is None
    assert intent in heard.also


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("OUI", "affirm"),
        ("ouiiiii", "affirm"),
        ("Oui !!!", "affirm"),
        ("👍🏽", "affirm"),
        ("anuler", "cancel"),
        ("annulller", "cancel"),
        ("repetez", "repeat"),
        ("jsp", "dont_know"),
        ("jesaispas", "dont_know"),
        ("stp un humain", "human"),
        ("mrc bcp", "thank"),
        ("bjr", "greet"),
        ("canecl", "cancel"),
        ("thnaks", "thank"),
    ],
)
def test_spelling_does_not_matter(interpreter: EmbeddedInterpreter, text: str, intent: str) -> None:
    assert interpreter.understand(text, language="fr", vector=_never).intent == intent


def _never() -> NDArray[np.float32]:
    raise AssertionError("a short command must not be encoded")


@pytest.mark.parametrize(
    "text", ["oui", "2", "annuler", "", "   ", "?!", "la deuxième", "je veux parler à quelqu'un"]
)
def test_short_messages_are_not_encoded(interpreter: EmbeddedInterpreter, text: str) -> None:
    interpreter.understand(text, language="fr", vector=_never)


@pytest.mark.parametrize(
    ("one", "other"), [("back", "hack"), ("non", "nom"), ("wait", "what"), ("oui", "ouie")]
)
def test_another_word_is_not_a_typo(interpreter: EmbeddedInterpreter, one: str, other: str) -> None:
    zero = np.zeros(512, dtype=np.float32)
    known = interpreter.understand(one, language="en", vector=_never)
    heard = interpreter.understand(other, language="en", vector=lambda: zero)
    assert heard.matched is None or heard.matched != known.matched


@pytest.mark.parametrize(
    ("text", "first", "also"),
    [
        ("Bonjour, je voudrais parler à un conseiller, c'est urgent", "human", {"greet", "urgent"}),
        ("merci, ça marche !", "resolved", {"thank"}),
        ("Bonjour. Mon fer fume ! Vite !", "danger_fire", {"greet", "urgent"}),
        ("j'en ai marre, passez-moi un humain", "human", {"frustration"}),
    ],
)
def test_a_message_of_several_parts(listener: Listener, text: str, first: str, also: set[str]) -> None:
    heard = listener.hear(text)
    assert heard.intent == first
    assert heard.also >= also - {first}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("rien ne fonctionne maintenant", "not_resolved"),
        ("it never worked", "not_resolved"),
        ("none of it worked", "not_resolved"),
        ("pas exactement", "deny"),
    ],
)
def test_a_negation_turns_yes_into_no(listener: Listener, text: str, intent: str) -> None:
    assert listener.hear(text).intent == intent


def test_a_negation_beside_a_solution_turns_nothing(listener: Listener) -> None:
    heard = listener.hear("ça marche, il n'y a plus d'erreur")
    assert heard.intent != "not_resolved"
    assert "resolved" in heard.also | {heard.intent}


def test_danger_names_the_words_that_told_it(listener: Listener) -> None:
    assert listener.hear("Bonjour, il y a de la fumée blanche dans le salon").matched == "de la fumee"


def test_danger_is_found_late_in_a_long_message(listener: Listener) -> None:
    text = "J'ai acheté cet appareil il y a deux ans et il marchait bien. " * 60 + "Et là il a pris feu."
    assert listener.hear(text).intent == "danger_fire"


def test_the_language_of_the_message_wins_over_the_conversations(listener: Listener) -> None:
    heard = listener.hear("I forgot my password", language="fr")
    assert (heard.language, heard.language_sure) == ("en", True)
    heard = listener.hear("VPN", language="en")
    assert (heard.language, heard.language_sure) == ("en", False)


def test_a_known_question_is_known_by_its_words(interpreter: EmbeddedInterpreter) -> None:
    heard = interpreter.understand("Le VPN ne marche pas !", language="fr", vector=_never)
    assert (heard.intent, heard.matched) == (None, "le vpn ne marche pas")


def test_scores_are_probabilities(listener: Listener) -> None:
    heard = listener.hear("vous pourriez me redire la question d'avant s'il vous plaît")
    assert 0 <= heard.score <= 1
    assert all(0 <= chance <= 1 for _, chance in heard.ranking)
    assert [chance for _, chance in heard.ranking] == sorted((c for _, c in heard.ranking), reverse=True)


def test_every_intent_has_enough_examples_in_both_languages(base_intents: dict[str, str]) -> None:
    data = read(base_intents)
    counts = {intent: sum(line.name == intent for line in data.examples) for intent in data.intents}
    assert min(counts.values()) >= 28, counts


def test_no_danger_pattern_is_raised_by_an_example_of_something_else(
    base_intents: dict[str, str], interpreter: EmbeddedInterpreter
) -> None:
    data = read(base_intents)
    patterns = Patterns(data.patterns)
    wrong = [
        (line.text, name)
        for line in data.examples
        for name in patterns.search(line.text)
        if name.startswith(("danger", "human")) and name != line.name and not line.name.startswith("danger")
    ]
    assert wrong == []
