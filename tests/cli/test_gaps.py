"""`relais kb gaps`, on conversations that went through the real pipeline."""

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from bot.commands.content import STARTER
from bot.commands.staging import stage
from bot.quality.rehearsal import RehearsalStage
from config.settings import Settings
from tests.support.served import RELAIS

TALKS: Sequence[Sequence[str]] = (
    ("bonjour, où se garer avec une voiture électrique sur le site ?", "je veux parler à quelqu'un"),
    ("y a-t-il des bornes de recharge pour voiture électrique au parking ?", "un conseiller svp"),
    (
        "je cherche une borne de recharge pour ma voiture électrique, écrivez à leo@bellac.example",
        "au parking du site, une borne pour voiture électrique",
        "j'attends, joignable au 06 12 34 56 78",
    ),
    ("le vpn ne se connecte pas", "une personne svp"),
    # None of these lost a question.
    ("bonjour", "merci", "une personne svp"),
    ("mon ordinateur est en feu",),
    ("j'ai oublié mon mot de passe", "[Cela m'a aidé]", "une personne svp"),
    ("comment recharger ma carte de cantine ?",),
)
PARKING = "y a-t-il des bornes de recharge pour voiture électrique au parking ?"


@pytest_asyncio.fixture
async def played(built_demo: Settings) -> AsyncIterator[RehearsalStage]:
    """A store in which all of them were said."""
    async with stage(built_demo) as made:
        for number, lines in enumerate(TALKS):
            rehearsal = made.rehearse(desk="it", person=f"person {number}")
            for line in lines:
                await (rehearsal.press(line[1:-1]) if line.startswith("[") else rehearsal.say(line))
        yield made


def _gaps(played: RehearsalStage, settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {
        "RELAIS_DATABASE_URL": played.database,
        "RELAIS_DATA_DIR": str(settings.data_dir),
        "COLUMNS": "120",
    }
    return _relais("kb", "gaps", *arguments, env=env)


def _relais(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [str(RELAIS), *arguments]
    return subprocess.run(
        command, env=os.environ | env, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.mark.asyncio
async def test_lost_questions_become_proposals(
    played: RehearsalStage, built_demo: Settings, tmp_path: Path
) -> None:
    drafts = tmp_path / "drafts"
    done = _gaps(played, built_demo, "--json", "--write", str(drafts))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    parking, vpn = found["gaps"]

    assert (parking["desk"], parking["languages"], parking["proposal"]) == ("it", ["fr"], "article")
    assert (parking["questions"], len(parking["conversations"])) == (3, 3)
    assert PARKING in parking["texts"]
    assert "bonjour" not in done.stdout
    assert "leo@" not in done.stdout
    assert "06 12" not in done.stdout
    assert (vpn["proposal"], vpn["nearest"]) == ("answer", {"kind": "flow", "id": "vpn-connexion"})

    shown = _gaps(played, built_demo, "--write", str(drafts))
    assert "it: 3 questions in 3 conversations, fr" in shown.stdout
    assert "-> a new article" in shown.stdout
    assert "0 drafts written" in shown.stderr
    assert "1 were there already" in shown.stderr
    (draft,) = drafts.rglob("*.fr.md")

    ours = tmp_path / "ours"
    shutil.copytree(STARTER, ours)
    shutil.copy(draft, ours / "knowledge" / "support" / "parking.fr.md")
    checked = _relais("check", str(ours), env={})
    assert checked.returncode == 1
    assert "The article has no text." in checked.stderr

    inside = _relais("kb", "gaps", str(ours), "--write", str(ours / "knowledge"), env={})
    assert "is inside the workspace" in inside.stderr


def test_before_anybody_has_asked_it_says_so(tmp_path: Path) -> None:
    done = _relais("kb", "gaps", env={"RELAIS_DATA_DIR": str(tmp_path)})
    assert done.returncode == 1
    assert "nobody has asked anything yet" in done.stderr
