"""What Rasa is trained on, and what an installation keeps for it."""

import stat
from pathlib import Path

import pytest
import yaml

from bot.content.understanding import UnderstandingEngine, look_at_rasa, rasa_port, rasa_token
from bot.domain.errors import ConfigurationError
from config.settings import load_settings
from nlu.intents.training import read
from nlu.rasa.process import RasaMissingError, newest_model
from nlu.rasa.project import write_project
from tests.nlu.rasa.conftest import Served

_FILE = """
nlu:
  - intent: cancel
    examples: |
      - annule [tout](what)
      - ${HOME}
  - regex: cancel
    examples: |
      - \\bannul\\w*
  - intent: question
    examples: |
      - où est la gare
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with no `.env`."""
    monkeypatch.chdir(tmp_path)


def test_the_project_holds_the_same_sentences_without_patterns(tmp_path: Path) -> None:
    write_project(tmp_path, {"a.yml": _FILE}, negatives=["Le menu\n{[du]} jour", "où est la gare"])
    text = (tmp_path / "data" / "nlu.yml").read_text(encoding="utf-8")
    data = read({"nlu.yml": text})
    examples = [(line.name, line.text) for line in data.examples]
    assert examples == [
        ("cancel", "annule tout"),
        ("cancel", "$(HOME)"),
        ("question", "où est la gare"),
        ("question", "Le menu ((du)) jour"),
    ]
    assert data.patterns == ()
    assert yaml.safe_load((tmp_path / "domain.yml").read_text())["intents"] == ["cancel", "question"]


def test_the_models_name_follows_what_it_learns(tmp_path: Path) -> None:
    name = write_project(tmp_path, {"a.yml": _FILE})
    assert write_project(tmp_path, {"elsewhere/a.yml": _FILE}) == name
    assert write_project(tmp_path, {"a.yml": _FILE}, negatives=["autre chose"]) != name


def test_the_products_own_intents_are_exported_whole(tmp_path: Path, base_intents: dict[str, str]) -> None:
    write_project(tmp_path, base_intents)
    exported = read({"nlu.yml": (tmp_path / "data" / "nlu.yml").read_text(encoding="utf-8")})
    assert exported.intents == read(base_intents).intents


def test_a_token_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data")
    assert rasa_token(settings.nlu, settings.data_dir) is None
    token = rasa_token(settings.nlu, settings.data_dir, makes=True)
    assert token
    assert len(token) >= 32
    assert (
        rasa_token(settings.nlu, settings.data_dir)
        == rasa_token(settings.nlu, settings.data_dir, makes=True)
        == token
    )
    path = tmp_path / "data" / "rasa" / "token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_relais_may_start_before_rasa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAIS_NLU__ENGINE", "rasa")
    settings = load_settings(data_dir=tmp_path / "data")
    assert rasa_token(settings.nlu, settings.data_dir) is None
    UnderstandingEngine(settings.nlu, settings.data_dir).close()
    assert rasa_token(settings.nlu, settings.data_dir), "the one that `scripts/rasa serve` will find"


def test_the_settings_token_goes_first_and_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAIS_NLU__RASA_TOKEN", "long-and-random-0123456789")
    settings = load_settings(data_dir=tmp_path)
    assert rasa_token(settings.nlu, settings.data_dir, makes=True) == "long-and-random-0123456789"
    assert "0123456789" not in repr(settings)
    assert not (tmp_path / "rasa").exists()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("RELAIS_NLU__ENGINE", "raza", "'embedded' or 'rasa'"),
        ("RELAIS_NLU__RASA_URL", "127.0.0.1:5005", "such as http://127.0.0.1:5005"),
        ("RELAIS_NLU__RASA_URL", "http://127.0.0.1:5005/x", "without a path"),
        ("RELAIS_NLU__RASA_TOKEN", "your-token", "placeholder"),
        ("RELAIS_NLU__RASA_TOCKEN", "x", "Did you mean RELAIS_NLU__RASA_TOKEN"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert told in str(caught.value)


@pytest.mark.parametrize("url", ["http://10.0.0.1:5005", "http://127.0.0.1", "https://localhost:5005"])
def test_it_is_served_on_this_machine_only(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("RELAIS_NLU__RASA_URL", url)
    with pytest.raises(ConfigurationError, match="this machine only"):
        rasa_port(load_settings().nlu)


def test_the_doctor_says_what_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAIS_NLU__RASA_URL", "http://127.0.0.1:1")
    settings = load_settings(data_dir=tmp_path)
    with pytest.raises(ConfigurationError, match="scripts/rasa serve"):
        look_at_rasa(settings.nlu, settings.data_dir)
    rasa_token(settings.nlu, settings.data_dir, makes=True)
    with pytest.raises(ConfigurationError, match="does not answer"):
        look_at_rasa(settings.nlu, settings.data_dir)
    with pytest.raises(RasaMissingError, match="scripts/rasa train"):
        newest_model(tmp_path)


@pytest.mark.rasa
def test_the_doctor_sees_the_model_and_a_wrong_token(
    rasa: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAIS_NLU__RASA_URL", rasa.url)
    monkeypatch.setenv("RELAIS_NLU__RASA_TOKEN", rasa.token)
    assert look_at_rasa(load_settings().nlu, tmp_path) == rasa.model.name
    monkeypatch.setenv("RELAIS_NLU__RASA_TOKEN", "another")
    with pytest.raises(ConfigurationError, match="does not accept"):
        look_at_rasa(load_settings().nlu, tmp_path)
