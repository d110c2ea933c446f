"""`relais eval faq --tune`, with real training."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.served import RELAIS

Run = Callable[..., subprocess.CompletedProcess[str]]

SUBJECTS = {
    "Badge d'accès perdu": ("je ne retrouve plus mon badge", "badge égaré ce matin", "carte d'accès volée"),
    "Réserver une salle de réunion": ("il me faut une salle", "salle libre jeudi", "où réunir dix personnes"),
    "Imprimante en panne": ("rien ne s'imprime", "l'imprimante clignote", "feuille coincée dans la machine"),
    "Mot de passe oublié": ("je ne sais plus mon mot de passe", "mdp perdu", "connexion refusée au réveil"),
    "Commander un casque": (
        "je voudrais un casque audio",
        "mon micro est mort",
        "des écouteurs en visio",
    ),
    "Note de frais": ("comment être remboursé du taxi", "ticket de restaurant", "facture d'hôtel à rendre"),
    "Poser des congés": ("partir en vacances en juillet", "jours de repos", "prendre mon vendredi"),
    "Télétravail": ("travailler de chez moi", "deux jours à la maison", "mon contrat de travail à distance"),
    "Accès au parking": ("où garer ma voiture", "la barrière reste fermée", "une place pour mon vélo"),
    "Cantine et repas": ("que mange-t-on demain", "prix du déjeuner", "repas sans gluten"),
    "Écran supplémentaire": ("un deuxième moniteur", "mon écran est trop petit", "brancher deux écrans"),
    "Messagerie pleine": ("ma boîte mail est saturée", "plus de place pour mes courriels", "quota de mails"),
    "Visiteur à l'accueil": ("un client vient demain", "annoncer un invité", "badge pour un fournisseur"),
    "Formation en anglais": ("apprendre l'anglais", "un cours de langue", "progresser à l'oral"),
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `relais` in an empty folder with a data folder of its own."""

    def call(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RELAIS, *arguments],
            env=os.environ
            | {"RELAIS_DATA_DIR": "data", "RELAIS_WORKSPACE": "mine", "COLUMNS": "120"}
            | dict(env or {}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return call


def test_the_evaluation_adapts_to_the_documents_first(run: Run, tmp_path: Path) -> None:
    docs = [
        {"id": str(number), "title": title, "text": " ".join(questions)}
        for number, (title, questions) in enumerate(SUBJECTS.items())
    ]
    queries = [{"text": "mon badge a disparu", "doc_ids": ["0"]}, {"text": "une salle svp", "doc_ids": ["1"]}]
    for name, rows in (("d", docs), ("q", queries)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    plain = run("eval", "faq", "--docs", "d", "--queries", "q", "--json")
    tuned = run("eval", "faq", "--docs", "d", "--queries", "q", "--json", "--tune")
    assert tuned.returncode == 0, tuned.stderr
    assert json.loads(tuned.stdout).keys() == json.loads(plain.stdout).keys()
    assert json.loads(tuned.stdout)["recall@1"]["value"] == 1
    assert not (tmp_path / "data" / "models" / "tuned.npz").exists(), "only for this evaluation"
