"""`relais kb import`, as one types it."""

import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from bot.commands.content import STARTER
from tests.support.served import RELAIS

Run = Callable[..., subprocess.CompletedProcess[str]]

PAGE = "<html lang=fr><body><main><h1>{title}</h1><p>Pour l'imprimante, voyez <b>ici</b>.</main>"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `relais` beside a new workspace `w` with a desk `support`."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RELAIS, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
        )

    shutil.copytree(STARTER, tmp_path / "w")
    return call


def _import(run: Run, source: str, *more: str) -> subprocess.CompletedProcess[str]:
    return run("kb", "import", source, "--desk", "support", "--workspace", "w", *more)


def _knowledge(tmp_path: Path) -> set[str]:
    own = {"horaires-support", "mot-de-passe-oublie"}
    folder = tmp_path / "w" / "knowledge" / "support"
    return {path.name for path in folder.glob("*.md") if path.name.partition(".")[0] not in own}


def test_every_kind_is_imported_and_passes_the_check(run: Run, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "wifi.md").write_text("---\ntitle: Le wifi\n---\nOuvrez les **réglages** de votre ordinateur.\n")
    (docs / "page.html").write_text(PAGE.format(title="Imprimer"))
    (docs / "faq.csv").write_text(
        "question;réponse;langue\nOù est l'écran ?;Sur votre bureau.;fr\n", "cp1252"
    )
    (docs / "docs.jsonl").write_text(
        json.dumps({"id": "son", "title": "No sound", "text": "Turn the volume up."})
    )
    (docs / "guide.json").write_text(
        json.dumps({"articles": [{"id": 3, "title": "Badge", "body": "<p>Voir</p>", "locale": "fr"}]})
    )
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (["id", "title", "text", "lang"], ["clavier", "Clavier", "Branchez-le.", "fr"]):
        sheet.append(row)
    workbook.save(docs / "faq.xlsx")
    done = _import(run, "docs")
    assert done.returncode == 0, done.stderr
    assert "6 added, 0 changed, 0 unchanged, 0 skipped" in done.stdout
    assert "faq.csv: Not UTF-8" in done.stderr
    assert _knowledge(tmp_path) == {
        *("wifi.fr.md", "page.fr.md", "ou-est-l-ecran.fr.md", "son.en.md", "badge.fr.md", "clavier.fr.md")
    }
    checked = run("check", "w")
    assert checked.returncode == 0, checked.stderr
    assert "0 added, 0 changed, 6 unchanged" in _import(run, "docs/").stdout


def test_what_is_wrong_is_told_and_with_strict_nothing_is_written(run: Run, tmp_path: Path) -> None:
    lines = ["title,text,lang", "Un,Texte.,fr", ",Texte.,fr", "Trois,,fr"]
    (tmp_path / "faq.csv").write_text("\n".join(lines))
    strict = _import(run, "faq.csv", "--strict")
    assert strict.returncode == 1
    assert "relais: faq.csv:3: The title is empty." in strict.stderr
    assert "relais: faq.csv:4: The article has no text." in strict.stderr
    assert "nothing was written" in strict.stderr
    assert _knowledge(tmp_path) == set()
    loose = _import(run, "faq.csv")
    assert loose.returncode == 0
    assert "1 added, 0 changed, 0 unchanged, 2 skipped" in loose.stdout
    assert "faq.csv:3: The title is empty." in loose.stderr
    assert _knowledge(tmp_path) == {"un.fr.md"}


def test_a_hostile_archive_leaves_the_workspace_alone(run: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../up.html", PAGE.format(title="x"))
        archive.writestr("bomb.html", b"<" * 9_000_000)
    done = _import(run, "a.zip")
    assert done.returncode == 1
    assert "like a bomb" in done.stderr
    assert "Traceback" not in done.stderr
    assert _knowledge(tmp_path) == set()
    assert list(tmp_path.parent.glob("up*")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.md", "--desk", "support", "--workspace", "w"), "missing.md: does not exist."),
        (("a.md", "--desk", "moon", "--workspace", "w"), "no desk 'moon'; it has support"),
        (("a.md", "--desk", "support", "--workspace", "."), "there is no relais.toml"),
        (("a.md", "--desk", "support"), "Name the folder to import into"),
        (("a.md", "--desk", "support", "--workspace", "w", "--lang", "de"), "speaks fr, en, not 'de'"),
        (("w", "--desk", "support", "--workspace", "w"), "holds the articles of the workspace itself"),
        (("w/knowledge/support", "--desk", "support", "--workspace", "w"), "is among them"),
    ],
)
def test_a_wrong_argument_is_told_in_a_sentence(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "a.md").write_text("# x\n\ny")
    done = run("kb", "import", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_watched_folder_is_imported_again_as_it_changes(run: Run, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "wifi.md").write_text("# Le wifi\n\nOuvrez les réglages de votre ordinateur.\n")
    command = ["kb", "import", "docs", "--desk", "support", "--workspace", "w", "--watch"]
    with subprocess.Popen(
        [RELAIS, *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background may have them ignore it, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as watching:
        assert watching.stdout is not None
        try:
            for line in watching.stdout:
                if line.startswith("Watching"):
                    break
            wifi = tmp_path / "w" / "knowledge" / "support" / "wifi.fr.md"
            assert "Ouvrez" in wifi.read_text("utf-8")
            (docs / "wifi.md").write_text("# Le wifi\n\nFermez les réglages de votre ordinateur.\n")
            (docs / "broken.md").write_text("---\ntitle: [\n---\n")
            _until(lambda: "Fermez" in wifi.read_text("utf-8"))
            (docs / "son.md").write_text("# Le son\n\nMontez le volume de votre ordinateur.\n")
            _until(wifi.with_name("son.fr.md").exists)
        finally:
            watching.send_signal(signal.SIGINT)
            _, said = watching.communicate(timeout=600)
    assert watching.returncode == 130
    assert "broken.md:3: The head is not YAML" in said
    assert "Traceback" not in said


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
