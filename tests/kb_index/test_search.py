"""Finding what answers a question."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kb_index.articles.documents import Document
from kb_index.build import build
from kb_index.retrieval import evidence
from kb_index.search import Hit, Searcher
from nlu.encoders.encoder import Encoder
from tests.support.effort import little_work


class Reader:
    """Asks the index, with the real encoder."""

    def __init__(self, searcher: Searcher, encoder: Encoder) -> None:
        self._searcher = searcher
        self._encoder = encoder

    def find(
        self, question: str, *, desk: str = "lecteurs", language: str = "fr", k: int = 5
    ) -> Sequence[Hit]:
        def vector() -> NDArray[np.float32]:
            row: NDArray[np.float32] = self._encoder.encode([question])[0]
            return row

        return self._searcher.search(question, vector, desk=desk, language=language, k=k).hits


@pytest.fixture(scope="module")
def reader(searcher: Searcher, encoder: Encoder) -> Reader:
    return Reader(searcher, encoder)


@pytest.mark.parametrize(
    ("question", "id"),
    [
        ("j'ai perdu ma carte", "carte-perdue"),
        ("jé perdu ma carte de biblio", "carte-perdue"),
        ("where can I get another card, mine is gone", "carte-perdue"),
        ("je voudrais garder mon roman une semaine de plus", "prolonger-pret"),
        ("can I keep this novel for another week", "prolonger-pret"),
        ("etes vous ouvert lundi", "horaires"),
        ("opening times", "horaires"),
        ("j'ai du retard, combien je dois", "amende"),
        ("how much do I owe for bringing it back late", "amende"),
        ("pas de wifi", "wifi-salle"),
        ("the internet is not working in here", "wifi-salle"),
        ("ma lizeuse ne charj plu", "liseuse-batterie"),
    ],
)
def test_the_right_document_comes_first(reader: Reader, question: str, id: str) -> None:
    assert reader.find(question)[0].id == id


def test_the_subject_of_a_title_counts_as_much_as_the_whole(reader: Reader) -> None:
    hit = reader.find("consulter les journaux anciens", desk="equipe")[0]
    assert (hit.id, hit.matched) == ("journaux", "Consulter les journaux anciens")
    assert hit.confidence > 0.9


def test_the_users_language_is_shown_whichever_matched(reader: Reader) -> None:
    for question in ("j'ai perdu ma carte de bibliothèque", "I lost my library card"):
        french, english = (reader.find(question, language=language)[0] for language in ("fr", "en"))
        assert (french.language, french.title) == ("fr", "Carte de lecteur perdue")
        assert (english.language, english.title) == ("en", "Lost reader card")
        assert french.confidence == english.confidence


def test_another_language_is_shown_when_the_users_is_missing(reader: Reader) -> None:
    hit = reader.find("where is the pump for the cargo bike", desk="equipe", language="en")[0]
    assert (hit.id, hit.language) == ("guide-long", "fr")


def test_each_document_is_found_once(reader: Reader) -> None:
    hits = reader.find("carte", k=50)
    assert len({(hit.kind, hit.id) for hit in hits}) == len(hits) == 7


def test_confidence_falls_and_is_a_probability(reader: Reader) -> None:
    for question in ("j'ai perdu ma carte", "liseuse", "une recette de crêpes", "?"):
        confidences = [hit.confidence for hit in reader.find(question)]
        assert confidences == sorted(confidences, reverse=True)
        assert all(0 <= confidence <= 1 for confidence in confidences)


def test_a_way_of_asking_is_all_but_certain(reader: Reader) -> None:
    hit = reader.find("Garder un livre plus longtemps ?")[0]
    assert (hit.id, hit.matched) == ("prolonger-pret", "garder un livre plus longtemps")
    assert hit.confidence > 0.9


@pytest.mark.parametrize(
    "question", ["le roi de France est-il chauve", "who painted the Mona Lisa", "2 + 2 ?"]
)
def test_confidence_is_low_when_nothing_answers(reader: Reader, question: str) -> None:
    sure = reader.find("j'ai perdu ma carte")[0]
    unsure = reader.find(question)[0]
    assert unsure.confidence < 0.3 < sure.confidence
    assert unsure.score < sure.score


def test_a_near_topic_scores_below_what_is_asked_for(reader: Reader) -> None:
    near, asked = (
        reader.find("quel temps fera-t-il demain à Lyon")[0],
        reader.find("etes vous ouvert lundi")[0],
    )
    assert near.confidence < asked.confidence
    assert near.score < asked.score / 2


def test_a_desk_sees_its_own_documents_only(reader: Reader) -> None:
    assert {hit.id for hit in reader.find("carte perdue", desk="equipe", k=50)} == {
        "conges",
        "chariot",
        "guide-long",
        "journaux",
    }
    assert reader.find("carte perdue", desk="direction") == ()


@pytest.mark.parametrize(
    ("question", "id"),
    [
        ("souci avec ma LX-200", "liseuse-batterie"),
        ("ma lx350", "liseuse-ecran"),
        ("lx 350 batterie", "liseuse-ecran"),
    ],
)
def test_a_product_reference_decides(reader: Reader, question: str, id: str) -> None:
    assert reader.find(question)[0].id == id


def test_the_very_words_of_a_way_of_asking_decide(tmp_path: Path, encoder: Encoder) -> None:
    room = Document(
        kind="article", id="salle", desk="d", language="fr", title="Salle Pompidou", body="À l'accueil.",
        ask=("le projecteur", "réserver la salle"),
    )  # fmt: skip
    lamp = Document(
        kind="article", id="lampe", desk="d", language="fr", title="Le projecteur ne s'allume pas",
        body="Appuyez sur le bouton du projecteur.", ask=("projecteur en panne", "lampe du projecteur"),
    )  # fmt: skip
    build([room, lamp], tmp_path, encode=encoder.encode, model_id=encoder.model_id)
    reader = Reader(Searcher.open(tmp_path, model_id=encoder.model_id), encoder)
    assert reader.find("Le projecteur ?", desk="d")[0].id == "salle"
    assert reader.find("Le vidéoprojecteur ?", desk="d")[0].id == "lampe"


def test_confidence_falls_whatever_was_learnt(searcher: Searcher, encoder: Encoder) -> None:
    odd = replace(searcher.manifest.calibration, weights=(-1.0, -1.0, 0.0, 0.0))
    reader = Reader(Searcher(searcher._index, replace(searcher.manifest, calibration=odd)), encoder)
    confidences = [hit.confidence for hit in reader.find("j'ai perdu ma carte")]
    assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize(
    "question", ["j'ai perdu ma carte", "pas de wifi", "lx 350 batterie", "closing days"]
)
def test_a_large_desk_is_searched_by_its_candidates(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    known = reader.find(question)[0]
    monkeypatch.setattr(evidence, "_ALL_ROWS_UP_TO", 8)
    monkeypatch.setattr(evidence, "_CANDIDATE_ROWS", 12)
    monkeypatch.setattr(evidence, "_CANDIDATE_TEXTS", 4)
    hits = reader.find(question, k=50)
    assert hits[0].id == known.id
    assert hits[0].cosine == pytest.approx(known.cosine, abs=1e-5)
    assert len(hits) < 7
    assert not {hit.id for hit in hits} & {"conges", "chariot", "guide-long", "journaux"}


def test_a_passage_deep_in_a_long_document_is_found(reader: Reader) -> None:
    hit = reader.find("à combien gonfler le vélo-cargo ?", desk="equipe")[0]
    assert hit.id == "guide-long"
    assert "quatre bars" in hit.matched


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_nothing_is_asked_of_the_encoder_for_an_empty_question(searcher: Searcher, question: str) -> None:
    def never() -> NDArray[np.float32]:
        raise AssertionError("must not be encoded")

    assert searcher.search(question, never, desk="lecteurs", language="fr").hits == ()


@pytest.mark.parametrize("question", ["?", "\x00", "\ud800", "😀", "0x", "le " * 400_000], ids=repr)
def test_odd_questions_are_quick_and_harmless(reader: Reader, question: str) -> None:
    with little_work():
        reader.find(question[:10_000] if len(question) > 10_000 else question)


def test_a_megabyte_is_cut(searcher: Searcher, encoder: Encoder) -> None:
    question = "carte perdue " * 80_000
    with little_work():
        hits = searcher.search(
            question, lambda: encoder.encode([question])[0], desk="lecteurs", language="fr"
        ).hits
    assert hits[0].id == "carte-perdue"


def test_searches_from_several_threads_agree(reader: Reader) -> None:
    questions = ["j'ai perdu ma carte", "opening times", "pas de wifi", "souci avec ma LX-200"]
    expected = [reader.find(question) for question in questions]
    found: list[list[Sequence[Hit]]] = []

    def work() -> None:
        for _ in range(10):
            found.append([reader.find(question) for question in questions])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert all(result == expected for result in found)
