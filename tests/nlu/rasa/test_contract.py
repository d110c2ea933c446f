"""What the client promises, against the real server."""

from pathlib import Path

import httpx
import pytest

from nlu.encoders.encoder import Encoder
from nlu.intents.training import read
from nlu.interpreter.embedded import EmbeddedInterpreter
from nlu.rasa.client import THRESHOLD, Breaker, RasaInterpreter, RasaServer, RasaUnavailableError, is_guarded
from tests.nlu.rasa.conftest import Listener, Served
from tests.nlu.sentences import DANGER, INTENTS

pytestmark = pytest.mark.rasa

_OTHER_INTENTS = {
    "intents/a.yml": """
nlu:
  - intent: order_pizza
    examples: |
      - je veux une pizza
      - I want a pizza
  - intent: question
    examples: |
      - où est la gare
      - where is the station
"""
}


@pytest.fixture(scope="module")
def listener(interpreter: EmbeddedInterpreter, encoder: Encoder, server: RasaServer) -> Listener:
    return Listener(RasaInterpreter(interpreter, server, Breaker()), encoder)


def test_every_intent_gets_a_probability(server: RasaServer, interpreter: EmbeddedInterpreter) -> None:
    chances = server.parse("je voudrais revenir à la question précédente")
    assert set(chances) == set(interpreter.intents)
    assert sum(chances.values()) == pytest.approx(1.0, abs=0.01)
    assert next(iter(chances)) == "back"


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "/", "///", " / ", "\u200b", "\u00a0/"])
def test_nothing_is_asked_about_nothing(server: RasaServer, text: str) -> None:
    assert server.parse(text) == {}


@pytest.mark.parametrize("text", ["/nonsense", " /nonsense", "//nonsense", "\u200b/nonsense", '/x{"a":"b"}'])
def test_a_slash_names_no_intent(server: RasaServer, rasa: Served, text: str) -> None:
    chances = server.parse(text)
    assert not chances.keys() & {"nonsense", "x"}
    assert max(chances.values()) < 1.0
    raw = httpx.post(f"{rasa.url}/model/parse", params={"token": rasa.token}, json={"text": "/nonsense"})
    assert raw.json()["intent"] == {"name": "nonsense", "confidence": 1.0}, "why it is guarded"


@pytest.mark.parametrize("text", ["\x00", "\ud800", "😀" * 400, "((((", "é" * 100_000, "${HOME}", "[a](b)"])
def test_odd_input_is_answered(server: RasaServer, text: str) -> None:
    assert isinstance(server.parse(text), dict)


def test_the_token_is_required_and_shown_nowhere(rasa: Served) -> None:
    for token in ("", "wrong"):
        with rasa.client(token=token) as stranger, pytest.raises(RasaUnavailableError) as caught:
            stranger.parse("bonjour")
        assert caught.value.refused
    assert rasa.token not in Path(f"/proc/{rasa.process.pid}/cmdline").read_text()
    assert rasa.token not in (rasa.model.parent.parent / "server.log").read_text(errors="replace")


def test_no_webhook_is_open(rasa: Served) -> None:
    answer = httpx.post(f"{rasa.url}/webhooks/rest/webhook", json={"sender": "x", "message": "oui"})
    assert answer.status_code == httpx.codes.NOT_FOUND


def test_an_answer_of_another_form_is_refused(rasa: Served) -> None:
    with RasaServer(f"{rasa.url}/status?", rasa.token) as wrong, pytest.raises(RasaUnavailableError):
        wrong.parse("bonjour")


def test_rasa_is_believed_where_it_is_sure(listener: Listener, embedded: Listener) -> None:
    texts = [text for texts in INTENTS.values() for text in texts]
    believed = [text for text in texts if listener.hear(text) != embedded.hear(text)]
    assert len(believed) >= 10, "else the server is asked in vain"


@pytest.mark.parametrize("text", ["bonjour", "2", "", "annuler", "je veux parler à quelqu'un"])
def test_what_spelling_tells_is_not_asked(
    interpreter: EmbeddedInterpreter, encoder: Encoder, text: str
) -> None:
    with RasaServer("http://127.0.0.1:1", "x") as nowhere:
        breaker = Breaker()
        Listener(RasaInterpreter(interpreter, nowhere, breaker), encoder).hear(text)
        assert breaker.admits(), "an attempt would have failed"


def test_danger_and_a_person_stay_the_embedded_engines(listener: Listener, embedded: Listener) -> None:
    texts = [text for texts in DANGER.values() for text in texts] + list(INTENTS["human"])
    for text in texts:
        assert listener.hear(text).intent == embedded.hear(text).intent


def test_rasa_alone_never_raises_danger_or_calls_a_person(
    server: RasaServer, encoder: Encoder, base_intents: dict[str, str]
) -> None:
    intent = "danger_fire"
    known = [line.text for line in read(base_intents).examples if line.name == intent]
    sure = [text for text in known[:20] if server.parse(text)[intent] >= THRESHOLD]
    assert sure, "else there is nothing to guard"
    poor = f"nlu:\n  - intent: {intent}\n    examples: |\n      - tagada\n      - tsoin tsoin\n"
    other = EmbeddedInterpreter.train({**_OTHER_INTENTS, "intents/b.yml": poor}, encoder.encode)
    asked, alone = Listener(RasaInterpreter(other, server, Breaker()), encoder), Listener(other, encoder)
    missed = [text for text in sure if alone.hear(text).intent is None]
    assert missed, "else the embedded engine knows them itself"
    assert [asked.hear(text).intent for text in missed] == [None] * len(missed)
    assert is_guarded("human")


def test_intents_that_the_workspace_lacks_are_not_taken(server: RasaServer, encoder: Encoder) -> None:
    other = EmbeddedInterpreter.train(_OTHER_INTENTS, encoder.encode)
    asked = Listener(RasaInterpreter(other, server, Breaker()), encoder)
    alone = Listener(other, encoder)
    for texts in INTENTS.values():
        heard = asked.hear(texts[0])
        assert heard.intent in {None, "order_pizza"}
        assert heard.intent == alone.hear(texts[0]).intent
