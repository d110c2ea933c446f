"""`relais eval intents --engine rasa`: Rasa trained on foreign intents, and asked."""

import json
from pathlib import Path

import pytest

from bot.commands.evaluate_intents import Engine, intents
from bot.domain.errors import ConfigurationError
from bot.quality.evaluation.engines import LabelledSentence
from bot.quality.evaluation.rasa import RasaEngine
from nlu.rasa import process
from tests.evaluation.test_intents import OTHER, SAID

_NAMES = {"accuracy", "macro_f1", "auroc", "mcc_best", "accuracy_at", "oos_recall_at", "mcc_at"}


def _write(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("\n".join(json.dumps({"text": text, "intent": intent}) for text, intent in rows))
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Names of intents that Rasa would take for something else, and a sentence with markup."""
    rows = [(text, f"shop/{intent} 1") for intent, texts in SAID.items() for text in texts]
    test = rows[::4] + [(text, "oos") for text in OTHER]
    train = [row for index, row in enumerate(rows) if index % 4]
    return {
        "train": _write(tmp_path / "train.jsonl", [*train, ("[my] {badge} / ${HOME}", "shop/lost_badge 1")]),
        "val": _write(tmp_path / "val.jsonl", test[::-1]),
        "test": _write(tmp_path / "test.jsonl", test),
    }


@pytest.mark.rasa
def test_it_reports_what_the_embedded_engine_reports(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    if not process.is_installed():
        pytest.skip("Rasa is not installed: run ./scripts/rasa setup")
    intents(files["train"], files["test"], files["val"], Engine.RASA, as_json=True)
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {*_NAMES, "latency_ms_p50"}
    assert report["accuracy"]["value"] >= 0.5
    assert all(set(report[name]) == {"value", "low", "high"} for name in _NAMES)
    assert report["latency_ms_p50"] > 0


def test_without_rasa_it_says_how_to_set_it_up(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "ENVIRONMENT", tmp_path / "none")
    with pytest.raises(ConfigurationError, match=r"\./scripts/rasa setup"):
        intents(files["train"], files["test"], files["val"], Engine.RASA)


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(process, "ENVIRONMENT", tmp_path / "none")
    with pytest.raises(process.RasaMissingError), RasaEngine(lambda *_: None) as engine:
        engine.train([LabelledSentence("a", "b"), LabelledSentence("c", "d")])
    assert list(tmp_path.iterdir()) == []
