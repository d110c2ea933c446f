"""`relais eval faq`, on a small library of our own."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.domain.errors import ContentError
from bot.quality.evaluation.faq import read_documents, read_questions
from tests.support.models import share_models

RELAIS = Path(sys.executable).with_name("relais")
DOCS = [
    {"id": "carte", "title": "Carte de lecteur perdue", "text": "Passez à l'accueil : elle est refaite."},
    {"id": "horaires", "title": "Horaires d'ouverture", "text": "Du mardi au samedi, de 10 h à 18 h."},
    {"id": "wifi", "title": "Le wifi de la salle de lecture", "text": "Choisissez le réseau Salle."},
]
QUERIES = [
    {"text": "je ne retrouve plus ma carte", "doc_ids": ["carte"]},
    {"text": "when are you open", "doc_ids": ["horaires"]},
    {"text": "pas d'internet ici", "doc_ids": ["wifi"]},
    {"text": "", "doc_ids": ["wifi"]},
]
OOS = [{"text": "qui a peint la Joconde"}, {"text": "2 + 2 ?"}]


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_ranks_and_scope_are_measured(tmp_path: Path, models: Path) -> None:
    share_models(models, tmp_path)
    sets: dict[str, Sequence[Mapping[str, object]]] = {"d": DOCS, "q": QUERIES, "o": OOS}
    files = {name: write(tmp_path / f"{name}.jsonl", rows) for name, rows in sets.items()}
    done = subprocess.run(
        [RELAIS, "eval", "faq", "--docs", files["d"], "--queries", files["q"], "--oos", files["o"], "--json"],
            check=True, capture_output=True, text=True,
            env={"RELAIS_DATA_DIR": str(tmp_path), "PATH": "/usr/bin"},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["recall@1"]["value"] == 0.75, "the empty question is a miss"
    assert found["recall@10"]["value"] == 0.75
    assert found["auroc"]["value"] == 0.75
    assert found["recall@1"]["low"] <= 0.75 <= found["recall@1"]["high"]
    assert found["latency_ms_p50"] > 0


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "not such an object"),
        ('{"text": "a"}', "not such an object"),
        ('{"text": "a", "doc_ids": ["nobody"]}', "there is no document 'nobody'"),
        ('{"text": 3, "doc_ids": ["carte"]}', "`text` is no text"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    known = {document.id: document for document in read_documents(write(tmp_path / "d", DOCS))}
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(QUERIES[0])}\n{line}\n", encoding="utf-8")
    with pytest.raises(ContentError, match=problem) as raised:
        read_questions(path, known)
    assert raised.value.line == 2
