"""A small knowledge base, with the real encoder and the real FAISS."""

from pathlib import Path

import pytest

from kb_index.articles.documents import Document
from kb_index.build import build
from kb_index.search import Searcher
from nlu.encoders.encoder import Encoder
from tests.kb_index.documents import DOCUMENTS, OFF_TOPIC


@pytest.fixture(scope="session")
def small_index(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """Folder of an index of `DOCUMENTS`; not to be changed."""
    folder = tmp_path_factory.mktemp("kb") / "index"
    build(DOCUMENTS, folder, encode=encoder.encode, model_id=encoder.model_id, negatives=OFF_TOPIC)
    return folder


@pytest.fixture(scope="session")
def searcher(small_index: Path, encoder: Encoder) -> Searcher:
    """Opened on it."""
    return Searcher.open(small_index, model_id=encoder.model_id)


@pytest.fixture
def article() -> Document:
    """One article by itself."""
    return DOCUMENTS[0]
