"""Scores and probabilities."""

import numpy as np
import pytest

from kb_index.build import build
from kb_index.calibration.learning import _left_out, auroc, logistic
from kb_index.calibration.probability import DEFAULT_CALIBRATION, probabilities
from kb_index.index.manifest import Manifest
from kb_index.search import Searcher
from nlu.encoders.encoder import Encoder
from tests.kb_index.documents import DOCUMENTS


def test_the_logistic_finds_the_law_that_made_the_data() -> None:
    random = np.random.default_rng(7)
    matrix = random.normal(size=(20_000, 2)) * [1, 5]
    truth = random.random(20_000) < 1 / (1 + np.exp(-(2 * matrix[:, 0] - 0.3 * matrix[:, 1] + 0.5)))
    weights, bias = logistic(matrix, truth, np.ones(20_000))
    assert weights == pytest.approx((2, -0.3), abs=0.15)
    assert bias == pytest.approx(0.5, abs=0.1)


def test_the_logistic_bears_data_that_one_column_parts_wholly() -> None:
    matrix = np.array([[0.0, 1], [0, 1], [1, 1], [1, 1]])
    weights, bias = logistic(matrix, np.array([False, False, True, True]), np.ones(4))
    assert np.isfinite([*weights, bias]).all()
    assert weights[0] > 0


@pytest.mark.parametrize(
    ("scores", "truth", "area"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1),
        ([4, 3, 2, 1], [0, 0, 1, 1], 0),
        ([1, 1, 1, 1], [0, 1, 0, 1], 0.5),
        ([1], [1], 0.5),
    ],
)
def test_auroc(scores: list[float], truth: list[int], area: float) -> None:
    assert auroc(np.array(scores, dtype=np.float64), np.array(truth, dtype=np.bool_)) == area


def test_a_small_base_learns_from_its_own_ways_of_asking(searcher: Searcher) -> None:
    learnt = searcher.manifest.calibration
    assert learnt.positives > 50
    assert learnt.negatives > 50
    assert 0.8 < learnt.auroc < 0.99  # asked with itself in the index, each would be found with certainty
    assert learnt != DEFAULT_CALIBRATION


def test_without_negatives_the_built_in_one_is_used(
    tmp_path_factory: pytest.TempPathFactory, encoder: Encoder
) -> None:
    one_desk = [document for document in DOCUMENTS if document.desk == "lecteurs"]
    folder = tmp_path_factory.mktemp("default")
    build(one_desk, folder, encode=encoder.encode, model_id=encoder.model_id)
    assert Manifest.read(folder).calibration == DEFAULT_CALIBRATION


def test_a_way_of_asking_is_asked_without_itself_and_its_translation(searcher: Searcher) -> None:
    index, question = searcher._index, "j'ai perdu ma carte de bibliothèque"
    row = index.shown.index(question)
    number = next(n for n, entry in enumerate(index.documents) if entry.start <= row < entry.end)
    left_out = _left_out(index, number, row, index.row_vectors(row, row + 1)[0])
    assert [index.shown[n] for n in left_out] == [question, "I lost my library card"]


def test_more_evidence_is_never_less_probable() -> None:
    features = np.array(
        [[score, margin, 0.3, 0.5] for score in range(6) for margin in (0, 1)], dtype=np.float32
    )
    chances = probabilities(DEFAULT_CALIBRATION, features).reshape(6, 2)
    assert (np.diff(chances, axis=0) > 0).all()
    assert (np.diff(chances, axis=1) > 0).all()
