"""A small knowledge base, with the real encoder and the real FAISS."""

from pathlib import Path

import pytest

from kb_index.articles.documents import Document
from kb_index.build import build
from kb_index.search import Searcher
from nlu.encoders.encoder import Encoder
from tests.kb_index.documents import DOCUMENTS, OFF_TOPIC
from tests.support.once import made_once


@pytest.fixture(scope="session")
def small_index(shared_folder: Path, encoder: Encoder) -> Path:
    """Folder of an index of `DOCUMENTS`; not to be changed."""

    def make(folder: Path) -> None:
        encode, model_id = encoder.encode, encoder.model_id
        build(DOCUMENTS, folder / "index", encode=encode, model_id=model_id, negatives=OFF_TOPIC)

    return made_once(shared_folder / "kb", make) / "index"


@pytest.fixture(scope="session")
def searcher(small_index: Path, encoder: Encoder) -> Searcher:
    """Opened on it."""
    return Searcher.open(small_index, model_id=encoder.model_id)


@pytest.fixture
def article() -> Document:
    """One article by itself."""
    return DOCUMENTS[0]
