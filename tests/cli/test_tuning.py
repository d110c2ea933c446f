"""`relais kb tune` and `relais eval faq --tune`, with real training on small workspaces."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bot.commands.staging import stage
from bot.content.files import read_folder
from bot.content.knowledge import build_knowledge
from bot.content.workspace import parse
from bot.quality.evaluation.bootstrap import Estimate
from bot.quality.tuning import TuningResult
from config.settings import Settings
from nlu.encoders.encoder import Encoder
from nlu.encoders.errors import EncoderError
from nlu.encoders.serving import serving_encoder
from tests.support.models import share_models
from tests.support.served import RELAIS

SUBJECTS = {
    "Badge perdu": ("je ne retrouve plus mon badge", "ma carte d'entrée a disparu"),
    "Réserver une salle": ("il nous faut une pièce pour dix", "où tenir ma réunion"),
    "Imprimante en panne": ("rien ne sort sur papier", "feuille coincée dans la machine"),
    "Mot de passe oublié": ("connexion refusée", "je ne sais plus mon code secret"),
    "Commander un casque": ("je voudrais des écouteurs", "mon micro est mort"),
    "Note de frais": ("être remboursé du taxi", "facture d'hôtel à rendre"),
    "Poser des congés": ("partir en vacances en juillet", "jours de repos"),
    "Télétravail": ("travailler de chez moi", "deux jours à la maison"),
    "Parking": ("où garer ma voiture", "la barrière reste fermée"),
    "Cantine": ("que mange-t-on demain", "le prix du déjeuner"),
    "Écran supplémentaire": ("un deuxième moniteur", "brancher deux affichages"),
    "Messagerie pleine": ("ma boîte mail est saturée", "plus de place pour mes courriels"),
    "Accueillir un visiteur": ("un client vient demain", "annoncer un invité"),
    "Cours d'anglais": ("apprendre une langue", "progresser à l'oral"),
    "Médecin du travail": ("rendez-vous de santé", "visite médicale"),
    "Bulletin de paie": ("où est mon salaire", "ma fiche de rémunération"),
    "Chauffage": ("il fait froid au bureau", "le radiateur est glacé"),
    "Ménage": ("ma corbeille déborde", "le sol est sale"),
    "Chaise de bureau": ("j'ai mal au dos assis", "un siège réglable"),
    "Démission": ("je quitte l'entreprise", "mon préavis de départ"),
}
HOUSES = ("Galvane Tesmic", "Ostrel Pidax")
"""Two houses of one group: a title begins with the one that wrote it, a question with the asker's own."""
LOST = "Ostrel Pidax : j'ai égaré ma carte pour ouvrir la porte"
"""Asks for `a0`, which the encoder as it comes does not put first."""

pytestmark = pytest.mark.torch

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Office:
    """A folder with a workspace in `mine` and a data folder beside it."""

    folder: Path

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> Done:
        """Runs `relais` there."""
        ours = {"RELAIS_DATA_DIR": "data", "RELAIS_WORKSPACE": "mine", "COLUMNS": "160"}
        return subprocess.run(
            [RELAIS, *arguments],
            env=os.environ | ours | (env or {}),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )

    @property
    def tuned(self) -> Path:
        """What is kept."""
        return self.folder / "data" / "models" / "tuned.npz"

    def write(self, articles: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Writes the workspace: articles `a0`, `a1` and so on, by title and ways of asking."""
        mine = self.folder / "mine"
        shutil.rmtree(mine, ignore_errors=True)
        (mine / "knowledge" / "it").mkdir(parents=True)
        (mine / "relais.toml").write_text(MANIFEST, encoding="utf-8")
        for number, (title, asks) in enumerate(articles):
            head = json.dumps({"title": title, "ask": list(asks)}, ensure_ascii=False)
            path = mine / "knowledge" / "it" / f"a{number}.fr.md"
            path.write_text(f"---\n{head}\n---\nVoyez avec le guichet.\n", encoding="utf-8")


MANIFEST = """
name = "Maison"
languages = ["fr"]
[desks.it]
name = { fr = "Support" }
bot_name = "Relais"
timezone = "Europe/Paris"
hours = { mon = ["08:30-18:00"] }
emergency = { fr = "appelez le 15" }
first_response_minutes = { critical = 1, high = 1, normal = 1, low = 1 }
resolution_minutes = { critical = 1, high = 1, normal = 1, low = 1 }
"""


@pytest.fixture
def office(tmp_path: Path, models: Path) -> Office:
    """An empty one, whose data folder has the models."""
    share_models(models, tmp_path / "data")
    return Office(tmp_path)


def of_two_houses() -> Sequence[tuple[str, Sequence[str]]]:
    """Whoever asks is always of the other house, whose name draws them to the wrong articles."""
    return [
        (f"{HOUSES[place % 2]} : {title}", [f"{HOUSES[1 - place % 2]} : {text}" for text in texts])
        for place, (title, texts) in enumerate(SUBJECTS.items())
    ]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory, models: Path) -> tuple[Office, Done]:
    """An office whose index was built, and which was tuned then."""
    office = Office(tmp_path_factory.mktemp("tuned"))
    share_models(models, office.folder / "data")
    office.write(of_two_houses())
    assert office.run("kb", "build").returncode == 0
    return office, office.run("kb", "tune")


@pytest.fixture
def copy(tuned: tuple[Office, Done], tmp_path: Path) -> Office:
    """A copy of the tuned office, to change."""
    return Office(shutil.copytree(tuned[0].folder, tmp_path / "copy", symlinks=True))


def test_what_helps_with_unseen_articles_is_kept(tuned: tuple[Office, Done]) -> None:
    office, done = tuned
    assert done.returncode == 0, done.stderr
    assert "40 questions to learn from, and 40 that ask for what was held out:\n" in done.stdout
    (difference,) = (line for line in done.stdout.splitlines() if "difference" in line)
    assert difference.count("+") == 3, "the value and both bounds are above zero"
    assert "Kept in data/models/tuned.npz." in done.stdout
    assert office.tuned.exists()


def test_the_old_index_is_refused_and_the_new_one_finds_more(copy: Office) -> None:
    assert "*tuned@" in copy.run("doctor").stdout
    assert_says(copy.run("kb", "search", LOST), "relais kb build")
    assert "*tuned@" in copy.run("kb", "build").stdout
    assert first_hit(copy) == "a0.fr"


def test_undo_goes_back_to_what_was(copy: Office) -> None:
    done = copy.run("kb", "tune", "--undo")
    assert done.returncode == 0
    assert not copy.tuned.exists()
    assert first_hit(copy) != "a0.fr", "the index made before tuning fits again"
    assert "Nothing is tuned" in copy.run("kb", "tune", "--undo").stdout


def test_a_damaged_or_foreign_file_is_refused(copy: Office) -> None:
    whole = copy.tuned.read_bytes()
    central = whole.rindex(b"PK\x01\x02")
    locked = whole[: central + 8] + b"\x01" + whole[central + 9 :]
    for damaged in (b"", whole[:-100], locked, whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]):
        copy.tuned.write_bytes(damaged)
        with pytest.raises(EncoderError, match="cannot be read"):
            serving_encoder(models=copy.tuned.parent)
    assert_says(copy.run("kb", "search", LOST), "tuned.npz", "cannot be read", "relais kb tune --undo")

    np.savez(copy.tuned, behind=np.array("another@1234"), adapter=np.stack([np.eye(896)] * 2))
    foreign = copy.run("kb", "search", LOST)
    assert_says(foreign, "tuned.npz", "tuned behind another@1234", "relais kb tune --undo")


def test_what_does_not_help_changes_nothing(copy: Office) -> None:
    copy.write(list(SUBJECTS.items()))
    before = files(copy.folder / "data")
    done = copy.run("kb", "tune")
    assert done.returncode == 0, done.stderr
    assert "Not kept" in done.stdout
    assert "What was tuned before stays in use" in done.stdout
    assert files(copy.folder / "data") == before


def test_too_little_says_how_much_more(office: Office) -> None:
    office.write([(title, texts[:2]) for title, texts in list(SUBJECTS.items())[:7]])
    assert_says(office.run("kb", "tune"), "write about 26 more ways of asking, on 3 more articles", "ask:")
    assert not (office.folder / "data" / "index").exists()


@pytest.mark.asyncio
async def test_answers_that_people_said_helped_are_learnt_from(office: Office, encoder: Encoder) -> None:
    titles = list(SUBJECTS)
    office.write([(title, [f"aide : {title}"]) for title in titles])
    (office.folder / "mine" / "questions").mkdir()
    labels = {"articles": {f"a{number}": SUBJECTS[title] for number, title in enumerate(titles)}}
    (office.folder / "mine" / "questions" / "it.yml").write_text(json.dumps(labels), encoding="utf-8")
    settings = Settings(workspace=office.folder / "mine", data_dir=office.folder / "data")
    build_knowledge(parse(read_folder(settings.workspace)), settings.data_dir, encoder)
    async with stage(settings, encoder=encoder) as played:
        database = {"RELAIS_DATABASE_URL": played.database}
        for number, text in enumerate(("note de frais svp", "Aide : note de frais", "NOTE DE FRAIS SVP")):
            person = played.rehearse(desk="it", person=str(number))
            heard = await person.say(text)
            assert heard.decision == "answer"
            if number == 0:
                assert_says(office.run("kb", "tune", env=database), "write about 20 more ways of asking")
            await person.press("Cela m'a aidé")
        assert_says(office.run("kb", "tune", env=database), "write about 19 more ways of asking")


def test_what_is_missing_is_at_least_one_question() -> None:
    figure = Estimate(value=0.5, low=0.4, high=0.6)
    at_zero = Estimate(value=0.025, low=0.0, high=0.075)
    verdict = TuningResult(before=figure, after=figure, difference=at_zero, judges=42)
    assert (verdict.helps, verdict.missing) == (False, 1)
    unsure = replace(verdict, difference=Estimate(value=0.1, low=-0.1, high=0.3))
    assert (unsure.helps, unsure.missing) == (False, 126), "twice as wide: four times as many are needed"


def test_serving_loads_nothing_for_tuning(tuned: tuple[Office, Done]) -> None:
    code = (
        "import sys, pathlib, bot.cli, bot.commands.serve, bot.http.server\n"
        "from bot.content import knowledge\n"
        "encoder = knowledge.open_encoder(knowledge.DEFAULT_MODEL, pathlib.Path('data'))\n"
        "encoder.encode(['bonjour'])\n"
        "heavy = {'torch', 'sentence_transformers', 'datasets', 'concurrent.futures.process'}\n"
        "ours = {'bot.quality.tuning', 'kb_index.calibration.ranking',"
        " 'nlu.encoders.precomputed', 'nlu.encoders.adapter_training'}\n"
        "print('tuned' in encoder.model_id, *sorted((heavy | ours) & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tuned[0].folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_the_evaluation_adapts_to_the_documents_first(office: Office) -> None:
    docs = [
        {"id": str(number), "title": title, "text": " ".join(questions)}
        for number, (title, questions) in enumerate(SUBJECTS.items())
    ]
    queries = [{"text": "mon badge a disparu", "doc_ids": ["0"]}, {"text": "une salle svp", "doc_ids": ["1"]}]
    for name, rows in (("d", docs), ("q", queries)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (office.folder / name).write_text(text, encoding="utf-8")
    plain = office.run("eval", "faq", "--docs", "d", "--queries", "q", "--json")
    tuned = office.run("eval", "faq", "--docs", "d", "--queries", "q", "--json", "--tune")
    assert tuned.returncode == 0, tuned.stderr
    assert json.loads(tuned.stdout).keys() == json.loads(plain.stdout).keys()
    assert json.loads(tuned.stdout)["recall@1"]["value"] == 1
    assert not office.tuned.exists(), "only for this evaluation"


def first_hit(office: Office) -> str:
    """Name of the article that the lost question finds first."""
    done = office.run("kb", "search", LOST)
    assert done.returncode == 0, done.stderr
    return next(line.split()[4] for line in done.stdout.splitlines() if " article " in line)


def assert_says(refused: Done, *parts: str) -> None:
    """That a command was refused with words that contain these."""
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    for part in parts:
        assert part in refused.stderr


def files(folder: Path) -> dict[str, bytes]:
    """All files of a folder, by name."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
