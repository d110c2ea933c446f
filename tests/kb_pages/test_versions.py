"""`relais kb history` and `relais kb rollback`, on a real folder and a real database."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.commands.content import STARTER
from bot.content.files import read_folder
from bot.content.library import store_release
from bot.content.workspace import parse
from bot.pipeline.clock import SystemClock
from bot.storage.migrate import upgrade
from bot.storage.stores import open_store
from tests.support.served import RELAIS

ARTICLE = "knowledge/support/mot-de-passe-oublie.fr.md"
Run = Callable[..., subprocess.CompletedProcess[str]]


class Office:
    """A workspace that is edited, stored and looked at."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.workspace = folder / "ours"
        self._database_url = database_url
        shutil.copytree(STARTER, self.workspace)
        self.article = self.workspace / ARTICLE

    def edit(self, old: str, new: str) -> str:
        """Changes the article and returns its text."""
        text = self.article.read_text(encoding="utf-8")
        assert old in text
        self.article.write_text(text.replace(old, new), encoding="utf-8")
        return self.article.read_text(encoding="utf-8")

    def store(self) -> None:
        """What `relais serve` does with the folder when it starts."""
        files = read_folder(self.workspace)
        store = open_store(self._database_url)
        try:
            upgrade(store.engine)
            asyncio.run(store.write(lambda unit: store_release(unit, files, parse(files), SystemClock())))
        finally:
            store.close()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`relais kb …`."""
        return subprocess.run(
            [RELAIS, "kb", *arguments],
            env=os.environ
            | {
                "RELAIS_WORKSPACE": str(self.workspace),
                "RELAIS_DATABASE_URL": self._database_url,
                "COLUMNS": "120",
            },
            cwd=self.workspace.parent,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Two versions of an article are stored."""
    made = Office(tmp_path, f"sqlite:///{tmp_path / 'relais.db'}")
    made.store()
    made.edit("dans les cinq minutes", "dans les dix minutes")
    made.store()
    return made


def test_history_lists_the_versions_and_what_changed(office: Office) -> None:
    office.edit('title: "Mot de passe oublié', 'title: "Mot de passe perdu')
    office.store()
    done = office.run("history", "mot-de-passe-oublie", "--lang", "fr", "--diff")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [(row[0], row[3], row[4]) for row in rows if len(row) > 4 and row[0] in "123"] == [
        ("1", "1", "first"),
        ("2", "2", "text"),
        ("3", "3", "title"),
    ]
    assert "-2. Saisissez votre adresse e-mail : vous recevez un lien dans les cinq minutes." in done.stdout
    assert "+2. Saisissez votre adresse e-mail : vous recevez un lien dans les dix minutes." in done.stdout
    assert "has the text of version 3" in done.stdout
    assert ".en" not in done.stdout


def test_rollback_writes_the_older_text_and_it_becomes_a_version(office: Office) -> None:
    done = office.run("rollback", "support/mot-de-passe-oublie", "--lang", "fr", "--to", "1")
    assert done.returncode == 0, done.stderr
    assert "it becomes version 3" in done.stdout
    assert office.article.read_text(encoding="utf-8") == (STARTER / ARTICLE).read_text(encoding="utf-8")
    office.store()
    assert "has the text of version 3" in office.run("history", "mot-de-passe-oublie", "--lang", "fr").stdout


def test_rollback_never_loses_a_text_that_no_release_holds(office: Office) -> None:
    edited = office.edit("dans les dix minutes", "tout de suite")
    done = office.run("rollback", "mot-de-passe-oublie", "--lang", "fr", "--to", "1")
    assert done.returncode == 1
    assert f"{ARTICLE}: its text is in no release yet and would be lost." in done.stderr
    assert office.article.read_text(encoding="utf-8") == edited
    office.store()
    assert office.run("rollback", "mot-de-passe-oublie", "--lang", "fr", "--to", "1").returncode == 0


def test_rollback_brings_a_removed_article_back(office: Office) -> None:
    office.article.unlink()
    office.store()
    assert office.run("rollback", "mot-de-passe-oublie", "--lang", "fr", "--to", "2").returncode == 0
    assert "dans les dix minutes" in office.article.read_text(encoding="utf-8")


def test_rollback_writes_over_nothing_else(office: Office) -> None:
    elsewhere = office.workspace / "elsewhere.md"
    elsewhere.write_text("mine", encoding="utf-8")
    office.article.unlink()
    office.article.symlink_to(elsewhere)
    done = office.run("rollback", "mot-de-passe-oublie", "--lang", "fr", "--to", "1")
    assert done.returncode == 1
    assert elsewhere.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("history", "mot-de-passe-oubli"), "Did you mean mot-de-passe-oublie?"),
        (("history", "it/mot-de-passe-oublie"), "Did you mean mot-de-passe-oublie?"),
        (("history", "mot-de-passe-oublie", "--lang", "de"), "is in en, fr only"),
        (("rollback", "mot-de-passe-oublie", "--lang", "fr", "--to", "7"), "there are 1, 2"),
    ],
)
def test_what_is_not_there_is_named(office: Office, arguments: tuple[str, ...], told: str) -> None:
    done = office.run(*arguments)
    assert done.returncode == 1
    assert told in done.stderr


def test_before_anything_is_stored_the_commands_say_how(tmp_path: Path) -> None:
    office = Office(tmp_path, "")
    done = office.run("history", "mot-de-passe-oublie")
    assert done.returncode == 1
    assert "`relais serve` stores" in done.stderr
    assert not (tmp_path / ".relais").exists()
