"""`relais kb review`, on a starter workspace in which something is wrong."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.commands.content import STARTER
from tests.support.models import share_models
from tests.support.served import RELAIS


@pytest.fixture
def ours(tmp_path: Path, models: Path) -> Path:
    """A workspace that nothing is wrong with."""
    share_models(models, tmp_path / "data")
    return Path(shutil.copytree(STARTER, tmp_path / "ours"))


def _relais(folder: Path, *arguments: str) -> str:
    env = {"RELAIS_DATA_DIR": str(folder.parent / "data"), "RELAIS_WORKSPACE": str(folder)}
    command = [str(RELAIS), "kb", *arguments]
    done = subprocess.run(
        command, env=os.environ | env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _edit(path: Path, old: str, new: str) -> str:
    text = path.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


def test_near_duplicates_and_contradictions_are_listed(ours: Path) -> None:
    knowledge = ours / "knowledge" / "support"
    _relais(ours, "build")
    assert "Nothing found." in _relais(ours, "review")

    copied = _edit(
        knowledge / "mot-de-passe-oublie.fr.md", "d'au moins 12 caractères", "d'au moins 8 caractères"
    )
    (knowledge / "mdp-perdu.fr.md").write_text(
        copied.replace('"Mot de passe oublié', '"MDP perdu'), encoding="utf-8"
    )
    english = knowledge / "mot-de-passe-oublie.en.md"
    english.write_text(_edit(english, "within five minutes", "within ten minutes"), encoding="utf-8")
    _relais(ours, "build")

    found = json.loads(_relais(ours, "review", "--json"))["findings"]
    by_kind = {kind: [each for each in found if each["kind"] == kind] for kind in {f["kind"] for f in found}}
    both = [f"knowledge/support/{name}.fr.md" for name in ("mdp-perdu", "mot-de-passe-oublie")]

    assert ["mdp oublié", "mdp oublié"] in [each["details"] for each in by_kind["same_ask"]]
    assert [sorted(each["files"]) for each in by_kind["duplicate"]] == [both]
    (contradiction,) = by_kind["contradiction"]
    assert sorted(contradiction["files"]) == both
    assert all("caractères" in line for line in contradiction["details"])
    (translation,) = by_kind["translation"]
    assert dict(zip(translation["files"], translation["details"], strict=True)) == {
        "knowledge/support/mot-de-passe-oublie.en.md": "ten minutes",
        "knowledge/support/mot-de-passe-oublie.fr.md": "cinq minutes",
    }
    assert "Languages of an article that differ" in _relais(ours, "review")
