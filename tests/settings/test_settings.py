"""Settings come from the environment, and what is wrong is named with its remedy."""

from pathlib import Path

import pytest

from bot.domain.errors import ConfigurationError
from config.settings import DEMO_WORKSPACE, load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with no `.env`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_any_setting_it_is_the_demo_on_this_machine() -> None:
    settings = load_settings()
    assert (settings.workspace, settings.host, settings.port) == (DEMO_WORKSPACE, "127.0.0.1", 8080)
    assert settings.is_demo
    assert settings.channels == {}


def test_the_demo_served_to_others_has_no_demo_login(tmp_path: Path) -> None:
    assert not load_settings(host="0.0.0.0").is_demo
    assert not load_settings(workspace=tmp_path).is_demo


def test_blank_tokens_of_a_copied_example_mean_not_configured(elsewhere: Path) -> None:
    (elsewhere / ".env").write_text("RELAIS_SLACK__BOT_TOKEN=\nRELAIS_TELEGRAM__TOKEN=\n")
    settings = load_settings()
    assert settings.channels == {}


def test_platforms_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAIS_TELEGRAM__TOKEN", "8014520367:" + "B" * 35)
    monkeypatch.setenv("RELAIS_TELEGRAM__API_URL", "http://127.0.0.1:1")
    settings = load_settings()
    assert list(settings.channels) == ["telegram"]
    assert settings.channels["telegram"].desk is None
    assert "BBBB" not in repr(settings), "secrets are masked"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("RELAIS_PROT", "1", "Did you mean RELAIS_PORT"),
        ("RELAIS_PORT", "99999", "RELAIS_PORT"),
        ("RELAIS_LOG_LEVEL", "LOUD", "must be DEBUG"),
        ("RELAIS_PUBLIC_URL", "aide.example.net", "such as https://help.example.org"),
        ("RELAIS_PUBLIC_URL", "https://example.org/help", "without a path"),
        ("RELAIS_TELEGRAM__TOKEN", "your-token", "placeholder"),
        ("RELAIS_SLACK__BOT_TOKEN", "xoxb-your-token", "placeholder"),
        ("RELAIS_CHANNELS", "{}", "no such setting"),
        ("RELAIS_TELEGRAM__TOCKEN", "8014520367:" + "B" * 35, ""),
    ],
)
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    if name.endswith("TOCKEN"):
        monkeypatch.setenv("RELAIS_TELEGRAM__TOKEN", "8014520367:" + "B" * 35)
        told = "Did you mean RELAIS_TELEGRAM__TOKEN"
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert told in str(caught.value)
    assert value not in str(caught.value) or len(value) < 6, "a secret is not repeated"
