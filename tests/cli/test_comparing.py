"""`relais kb diff` and `relais check --gate`, on small workspaces and with what users really said."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from bot.app import Runtime
from bot.commands.content import STARTER
from bot.content.files import read_folder
from bot.content.knowledge import build_knowledge
from bot.content.workspace import parse
from bot.pipeline.channels import ChannelState
from bot.quality.rehearsal import Rehearsal, RehearsalChannel
from config.settings import Settings
from nlu.encoders.encoder import Encoder
from tests.support.models import share_models
from tests.support.served import RELAIS

LABELS = """
articles:
  mot-de-passe-oublie:
    - "Je ne sais plus quel mot de passe taper"
flows:
  internet-panne:
    - "plus aucun accès à internet ce matin"
out_of_scope:
  - "quel temps fera-t-il demain ?"
"""
PRINTER = """---
title: "Imprimante : relancer l'impression"
ask: [l'imprimante n'imprime plus, mon impression reste bloquée]
---
Éteignez-la, attendez dix secondes, rallumez-la.
"""
TEST = """- test: Le mot de passe
  desk: support
  turns:
    - user: je me souviens plus de mon mdp
      decision: answer
      article: mot-de-passe-oublie
"""
SAID = "mon mot de passe est refusé\x1b[31m depuis hier"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, models: Path) -> Settings:
    """A workspace whose index is built, and that nobody has served yet."""
    folder = tmp_path_factory.mktemp("comparing")
    workspace = folder / "ours"
    shutil.copytree(STARTER, workspace)
    (workspace / "questions").mkdir()
    (workspace / "questions" / "support.yml").write_text(LABELS, encoding="utf-8")
    (workspace / "tests" / "support.yml").write_text(TEST, encoding="utf-8")
    made = Settings(workspace=workspace, data_dir=folder / "data")
    share_models(models, made.data_dir)
    build_knowledge(parse(read_folder(workspace)), made.data_dir, encoder)
    return made


@pytest.fixture(scope="module")
def served(settings: Settings, encoder: Encoder) -> Settings:
    """Served for a while: users have asked, and said what helped."""
    asyncio.run(_talk(settings, encoder))
    return settings


async def _talk(settings: Settings, encoder: Encoder) -> None:
    runtime = Runtime(settings, encoder=encoder)
    async with runtime.prepared():
        channel = RehearsalChannel("support")
        runtime.channels.append(ChannelState(channel, "support", is_open=True))

        def somebody(name: str) -> Rehearsal:
            return Rehearsal(runtime, channel, desk="support", language="fr", person=name)

        ada, bob, eve = somebody("ada"), somebody("bob"), somebody("eve")
        await ada.say(SAID)
        await ada.press("Cela m'a aidé")
        await bob.say("internet ne marche pas du tout")
        await bob.press("Non, aucun")
        await bob.press("Il clignote")
        await bob.press("Oui")
        await eve.say("l'imprimante du couloir est bloquée")


@pytest.fixture
def changed(settings: Settings, tmp_path: Path) -> Path:
    """A copy of the workspace, to change."""
    return shutil.copytree(settings.workspace, tmp_path / "changed")


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Iterator[Run]:
    """Runs `relais` beside the settings' index and database; leaves both as they are."""

    def call(
        *arguments: str | Path, workspace: Path = settings.workspace
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RELAIS, *arguments],
            env=os.environ
            | {
                "RELAIS_DATA_DIR": str(settings.data_dir),
                "RELAIS_WORKSPACE": str(workspace),
                "COLUMNS": "200",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    before = _files(settings.data_dir / "index")
    yield call
    assert _files(settings.data_dir / "index") == before


def _files(folder: Path) -> Sequence[tuple[str, bytes]]:
    return [
        (str(path.relative_to(folder)), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def _remove_password_article(workspace: Path) -> None:
    for language in ("fr", "en"):
        (workspace / "knowledge" / "support" / f"mot-de-passe-oublie.{language}.md").unlink()


def test_without_a_release_both_say_so(run: Run, settings: Settings) -> None:
    assert not (settings.data_dir / "relais.db").exists()
    gate = run("check", "--gate")
    assert gate.returncode == 0, gate.stderr
    assert "No release to compare with: nothing has been served yet" in gate.stdout
    diff = run("kb", "diff")
    assert diff.returncode == 1
    assert "nothing has been served yet" in diff.stderr
    assert "Traceback" not in diff.stderr


def test_diff_lists_what_became_better_and_worse(run: Run, settings: Settings, changed: Path) -> None:
    _remove_password_article(changed)
    (changed / "knowledge" / "support" / "imprimante.fr.md").write_text(PRINTER, encoding="utf-8")
    labels = LABELS.replace("mot-de-passe-oublie", "imprimante").replace(
        "Je ne sais plus quel mot de passe taper", "l'imprimante n'imprime plus rien"
    )
    (changed / "questions" / "support.yml").write_text(labels, encoding="utf-8")
    done = run("kb", "diff", settings.workspace, changed)
    assert done.returncode == 0, done.stderr
    better, worse = done.stdout.split("worse ", 1)
    assert "better  support  l'imprimante n'imprime plus rien  (labelled)" in better
    assert f"{changed}: answers with imprimante.fr" in better
    assert "Je ne sais plus quel mot de passe taper  (labelled)" in worse
    assert f"{settings.workspace}: answers with mot-de-passe-oublie.fr" in worse
    assert "mot-de-passe-oublie, which answers it, is no longer there" in worse
    assert "tests/support.yml:1  Le mot de passe  (conversation test)" in worse
    assert "plus aucun accès à internet" not in done.stdout
    summary = done.stdout.splitlines()[-1]
    assert summary.startswith("4 labelled questions, 0 of users (0 confirmed), 1 tests")
    assert summary.endswith("2 worse, 1 better, 0 changed")


def test_a_release_that_is_not_there_is_told_with_those_that_are(run: Run, served: Settings) -> None:
    done = run("kb", "diff", "7")
    assert done.returncode == 1
    assert "there is no release 7; the newest is 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_gate_refuses_to_lose_what_users_confirmed(run: Run, served: Settings, changed: Path) -> None:
    _remove_password_article(changed)
    (changed / "questions" / "support.yml").unlink()
    shutil.rmtree(changed / "flows")
    done = run("check", changed, "--gate")
    assert done.returncode == 1, done.stdout
    assert f"lost  support  {SAID.replace(chr(27), ' ')}  (confirmed by a user)" in done.stderr
    assert "release 1: answers with mot-de-passe-oublie.fr" in done.stderr
    assert "mot-de-passe-oublie, which answers it, is no longer there" in done.stderr
    assert "lost  support  internet ne marche pas du tout  (confirmed by a user)" in done.stderr
    assert "release 1: begins the flow internet-panne" in done.stderr
    assert "lost  tests/support.yml:1  Le mot de passe" in done.stderr
    assert "l'imprimante du couloir" not in done.stderr
    assert "5 confirmed answers of release 1 would be lost" in done.stderr


def test_the_gate_lets_a_change_of_labels_through(run: Run, served: Settings, changed: Path) -> None:
    _remove_password_article(changed)
    (changed / "tests" / "support.yml").unlink()
    moved = LABELS.replace("articles:\n  mot-de-passe-oublie:\n", "").replace(
        '    - "Je ne sais plus quel mot de passe taper"\n', ""
    )
    moved += f'  - "Je ne sais plus quel mot de passe taper"\n  - "{SAID.replace(chr(27), chr(92) + "e")}"\n'
    (changed / "questions" / "support.yml").write_text(moved, encoding="utf-8")
    done = run("check", changed, "--gate")
    assert done.returncode == 0, done.stderr
    assert "No confirmed answer of release 1 is lost" in done.stdout
    assert "(1 confirmed)" in done.stdout


def test_what_is_served_still_answers_as_it_did(run: Run, served: Settings) -> None:
    done = run("kb", "diff")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"3 labelled questions, 3 of users (2 confirmed), 1 tests, release 1 to {served.workspace}: "
        "0 worse, 0 better, 0 changed"
    ]
