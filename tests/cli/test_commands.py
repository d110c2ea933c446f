"""The commands, as one types them."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.models import share_models
from tests.support.served import RELAIS

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(data_dir: Path, tmp_path: Path) -> Run:
    """Runs `relais` in an empty folder, the demo's index built."""

    def call(
        *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RELAIS, *arguments],
            input=stdin,
            env=os.environ | {"RELAIS_DATA_DIR": str(data_dir), "COLUMNS": "120"} | dict(env or {}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return call


def test_a_script_is_answered_as_json(run: Run) -> None:
    done = run(
        "chat",
        "--desk",
        "it",
        "--json",
        stdin="bonjour\n\nj'ai oublié mon mot de passe\nune personne svp\nmerci\n",
    )
    assert done.returncode == 0, done.stderr
    turns = [json.loads(line) for line in done.stdout.splitlines()]
    assert [set(turn) for turn in turns] == [{"user", "replies", "decision", "owner", "why"}] * 4
    assert [turn["decision"] for turn in turns] == ["smalltalk", "answer", "handoff", "none"]
    assert [turn["owner"] for turn in turns] == ["bot", "bot", "queue", "queue"]
    assert turns[1]["why"]["article"] == "mot-de-passe-oublie"
    assert all(
        isinstance(label, str) for turn in turns for reply in turn["replies"] for label in reply["buttons"]
    )


def test_a_script_reads_like_a_messenger_without_json(run: Run) -> None:
    done = run("chat", "--desk", "sav", "--lang", "en", "--why", stdin="where is my parcel?\n")
    assert done.returncode == 0, done.stderr
    assert "> where is my parcel?" in done.stdout
    assert "Relais" in done.stdout


def test_a_script_is_shown_as_it_is_and_answered_in_its_language(run: Run) -> None:
    done = run("chat", "--desk", "sav", stdin="I have not received my parcel [bold]\n")
    assert done.returncode == 0, done.stderr
    assert "> I have not received my parcel [bold]" in done.stdout
    assert "You can answer" in done.stdout
    assert "Vous pouvez" not in done.stdout


def test_a_command_that_is_nearly_right_is_guessed(run: Run) -> None:
    done = run("srve")
    assert done.returncode != 0
    assert "Did you mean 'serve'?" in done.stderr


def test_a_new_workspace_passes_its_own_checks_and_tests(run: Run, data_dir: Path, tmp_path: Path) -> None:
    assert run("init", "mine").returncode == 0
    assert (tmp_path / "mine" / "relais.toml").is_file()
    checked = run("check", "mine")
    assert checked.returncode == 0, checked.stderr
    assert "nothing wrong" in checked.stdout
    share_models(data_dir / "models", tmp_path / "own")
    played = run("test", "mine", env={"RELAIS_DATA_DIR": str(tmp_path / "own")})
    assert played.returncode == 0, played.stderr
    assert "0 failed" in played.stdout
    again = run("init", "mine")
    assert again.returncode == 1
    assert "is not empty" in again.stderr


def test_a_mistake_is_told_in_a_line_without_traceback(run: Run, tmp_path: Path) -> None:
    run("init", "mine")
    flow = next((tmp_path / "mine" / "flows").rglob("*.yml"))
    flow.write_text(flow.read_text("utf-8").replace("steps:", "stepps:"), "utf-8")
    done = run("check", "mine")
    assert done.returncode == 1
    assert f"flows/{flow.parent.name}/{flow.name}:" in done.stderr
    assert "Traceback" not in done.stderr


def test_agents_are_added_and_listed(run: Run) -> None:
    command = ("agents", "add", "Ada@relais.example", "--name", "Ada", "--desks", "it,sav")
    assert "at least 12 characters" in run(*command, stdin="court\n").stderr
    assert "no desk 'moon'" in run(*command[:-1], "moon", stdin="assez-long-cette-fois\n").stderr
    added = run(*command, stdin="assez-long-cette-fois\n")
    assert added.returncode == 0, added.stderr
    assert "already" in run(*command, stdin="assez-long-cette-fois\n").stderr
    assert "ada@relais.example" in run("agents", "list").stdout


def test_the_doctor_names_what_is_missing_and_how_to_mend_it(run: Run) -> None:
    before = run("doctor")
    assert before.returncode == 0, before.stdout + before.stderr
    assert "relais db upgrade" in before.stdout
    assert "RELAIS_SLACK__BOT_TOKEN" in before.stdout
    assert "Extra tune" in before.stdout
    assert "relais agents add" in run("db", "upgrade").stdout + run("doctor").stdout
    broken = run("doctor", env={"RELAIS_DATABASE_URL": "mysql://x"})
    assert broken.returncode == 1
    assert "not supported" in broken.stdout


def test_a_search_shows_scores(run: Run) -> None:
    done = run("kb", "search", "my password is forgotten", "--desk", "it", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "mot-de-passe-oublie.en" in done.stdout


def test_a_search_names_what_it_withholds_and_a_check_what_has_expired(
    run: Run, data_dir: Path, tmp_path: Path
) -> None:
    run("init", "mine")
    folder = tmp_path / "mine" / "knowledge" / "support"
    for name, terms in (
        ("coupure", "valid_until: 2020-01-03"),
        ("demenagement", "valid_from: 2999-01-01"),
        ("geste", "audience: agents"),
    ):
        text = f"---\ntitle: La coupure ({name})\n{terms}\n---\nLe réseau est coupé.\n"
        (folder / f"{name}.fr.md").write_text(text, encoding="utf-8")
    (folder / "geste.en.md").write_text("---\ntitle: The outage\n---\nThe network is down.\n")
    checked = run("check", "mine").stdout
    assert "knowledge/support/coupure.fr.md:3 expired on 2020-01-03" in checked
    assert "knowledge/support/geste.en.md is public, its translation for agents" in " ".join(checked.split())
    assert "demenagement.fr.md" not in checked

    share_models(data_dir / "models", tmp_path / "own")
    env = {"RELAIS_WORKSPACE": str(tmp_path / "mine"), "RELAIS_DATA_DIR": str(tmp_path / "own")}
    assert run("kb", "build", env=env).returncode == 0
    shown = run("kb", "search", "la coupure du réseau", env=env).stdout.splitlines()
    assert sorted(line for line in shown if line.startswith("withheld")) == [
        "withheld coupure.fr: until 2020-01-03",
        "withheld demenagement.fr: from 2999-01-01",
        "withheld geste.fr: for agents",
    ]
    assert not any("coupure.fr  " in line for line in shown)
    agents = run("kb", "search", "la coupure du réseau", "--as-agent", env=env).stdout
    assert "geste.fr" in agents
    assert "withheld geste.fr" not in agents
    assert "there is no desk" in run("kb", "search", "x", "--desk", "nope", env=env).stderr


def test_a_worker_needs_postgresql_and_says_so(run: Run) -> None:
    done = run("worker")
    assert done.returncode == 1
    assert "needs PostgreSQL" in done.stderr


def test_a_package_of_somebody_else_is_noticed_before_it_is_used(run: Run, tmp_path: Path) -> None:
    (tmp_path / "theirs" / "config").mkdir(parents=True)
    (tmp_path / "theirs" / "config" / "__init__.py").write_text("raise SystemExit('theirs ran')")
    done = run("--help", env={"PYTHONPATH": str(tmp_path / "theirs")})
    assert done.returncode == 1
    assert "environment of its own" in done.stderr
    assert "theirs ran" not in done.stderr


def test_a_server_that_cannot_start_says_why_in_a_sentence(run: Run) -> None:
    token = {
        "RELAIS_TELEGRAM__TOKEN": "8014520367:" + "B" * 35,
        "RELAIS_TELEGRAM__API_URL": "http://127.0.0.1:9",
    }
    done = run("serve", "--port", "0", env=token | {"RELAIS_TELEGRAM__DESK": "moon"})
    assert done.returncode == 1
    assert "RELAIS_TELEGRAM__DESK: the workspace has no desk 'moon'; it has it, sav." in done.stderr
    assert "Traceback" not in done.stderr
