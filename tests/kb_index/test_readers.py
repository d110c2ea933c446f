"""What a search finds depends on who asks, and on the day."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from kb_index.articles.documents import Document, Reader
from kb_index.build import build
from kb_index.search import Hit, Searcher
from nlu.encoders.encoder import Encoder

Find = Callable[..., Sequence[Hit]]

TODAY = date(2026, 12, 10)


def _article(id: str, language: str, title: str, body: str, **terms: Any) -> Document:
    return Document(kind="article", id=id, desk="maison", language=language, title=title, body=body, **terms)


DOCUMENTS = (
    _article(
        "chaudiere", "fr", "Vider la chaudière", "Ouvrez la purge.", valid_from=TODAY, valid_until=TODAY
    ),
    _article("chaudiere", "en", "Empty the boiler", "Open the drain."),
    _article("geste", "fr", "Accorder un geste commercial", "Jusqu'à 30 €.", audience="agents"),
    _article("horaires", "fr", "Horaires d'ouverture", "De 9 à 17 h."),
)


@pytest.fixture(scope="module")
def find(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Find:
    """Asks an index of `DOCUMENTS`."""
    folder = tmp_path_factory.mktemp("readers")
    build(DOCUMENTS, folder, encode=encoder.encode, model_id=encoder.model_id)
    searcher = Searcher.open(folder, model_id=encoder.model_id)

    def found(question: str, reader: Reader | None, *, language: str = "fr", k: int = 9) -> Sequence[Hit]:
        row = encoder.encode([question])[0]
        return searcher.search(
            question, lambda: row, desk="maison", language=language, k=k, reader=reader
        ).hits

    return found


@pytest.mark.parametrize(("days", "language"), [(-1, "en"), (0, "fr"), (1, "en")])
def test_a_version_is_shown_on_its_days_and_the_other_language_on_others(
    find: Find, days: int, language: str
) -> None:
    hits = find("vider la chaudière", Reader(day=TODAY + timedelta(days)))
    assert (hits[0].id, hits[0].language) == ("chaudiere", language)
    assert hits[0].matched == ("Vider la chaudière" if language == "fr" else "Empty the boiler")


def test_agents_alone_find_what_is_for_agents(find: Find) -> None:
    question = "accorder un geste commercial"
    assert find(question, Reader(day=TODAY, is_agent=True))[0].id == "geste"
    assert {hit.id for hit in find(question, Reader(day=TODAY))} == {"chaudiere", "horaires"}


def test_what_is_withheld_takes_no_place_among_the_hits(find: Find) -> None:
    (hit,) = find("accorder un geste commercial", Reader(day=TODAY), k=1)
    assert hit.id != "geste"


def test_without_a_reader_everything_is_found(find: Find) -> None:
    assert {hit.id for hit in find("horaires", None)} == {"chaudiere", "geste", "horaires"}
