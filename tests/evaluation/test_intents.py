"""`relais eval intents`: its figures, its intervals, and what it says of bad files."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from bot.commands.evaluate_intents import intents
from bot.domain.errors import ContentError
from bot.quality.evaluation.bootstrap import auroc, mean
from bot.quality.evaluation.intents import _Answers, _mcc, read_examples
from tests.support.models import share_models

SAID = {
    "opening_hours": (
        "when do you open",
        "what are your hours",
        "are you open on sunday",
        "until when is the shop open",
    ),
    "refund": (
        "I want my money back",
        "how do I get a refund",
        "please refund my order",
        "reimburse what I paid",
    ),
    "lost_badge": (
        "I lost my badge",
        "my badge is gone",
        "somebody stole my badge",
        "I cannot find my badge any more",
    ),
    "printer": (
        "the printer is jammed",
        "nothing comes out of the printer",
        "printing does not work",
        "paper is stuck in the printer",
    ),
}
OTHER = ("who won the race in 1912", "the moon is made of rock", "a recipe for onion soup")


def _write(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("\n".join(json.dumps({"text": text, "intent": intent}) for text, intent in rows))
    return path


def test_the_json_has_each_figure_with_its_interval(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    share_models(models, tmp_path / ".relais")
    rows = [(text, intent) for intent, texts in SAID.items() for text in texts]
    train = _write(tmp_path / "train.jsonl", [row for index, row in enumerate(rows) if index % 4])
    test = _write(tmp_path / "test.jsonl", rows[::4] + [(text, "oos") for text in OTHER])
    intents(train=train, test=test, as_json=True)
    report = json.loads(capsys.readouterr().out)
    names = {"accuracy", "macro_f1", "auroc", "mcc_best", "accuracy_at", "oos_recall_at", "mcc_at"}
    assert set(report) == {*names, "latency_ms_p50"}
    assert all(set(report[name]) == {"value", "low", "high"} for name in names)
    assert report["accuracy"]["value"] >= 0.75
    assert report["auroc"]["value"] >= 0.8
    assert report["latency_ms_p50"] > 0


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "a"}', '{"text": 3, "intent": "b"}', "[" * 100_000])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"text": "hello", "intent": "greet"}\n' + line + "\n")
    with pytest.raises(ContentError, match=r"train\.jsonl:2: "):
        read_examples(path)


def test_an_empty_or_missing_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    for name in ("empty.jsonl", "missing.jsonl"):
        with pytest.raises(ContentError, match=name):
            read_examples(tmp_path / name)


def test_mcc_and_auroc_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    truth, taken = rng.integers(-1, 4, 300), rng.integers(0, 4, 300)
    taken = np.where((truth >= 0) & (rng.random(300) < 0.7), truth, taken)
    certainty = np.round(rng.normal(size=300) + (truth == taken), 1)
    thresholds = np.array([-1.0, 0.0, 0.5, 9.0])
    ours = _mcc(_Answers(truth, taken, certainty), thresholds, np.ones(300), 4)
    theirs = [matthews_corrcoef(truth, np.where(certainty >= at, taken, -1)) for at in thresholds]
    assert ours == pytest.approx(theirs)
    assert auroc(certainty, truth >= 0).value == pytest.approx(roc_auc_score(truth >= 0, certainty))


def test_an_interval_holds_its_value_and_narrows_with_more_questions() -> None:
    few, many = mean(np.tile([0.0, 1.0], 20)), mean(np.tile([0.0, 1.0], 500))
    assert few.value == many.value == 0.5
    assert few.low is not None
    assert many.low is not None
    assert 0.3 < few.low < many.low < 0.5
    assert mean(np.ones(3), where=np.zeros(3, dtype=np.bool_)).value is None
