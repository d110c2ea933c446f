"""What the Telegram section takes, and how it says no."""

import pytest
from pydantic import ValidationError

from bot.channels.telegram.settings import TelegramSettings
from tests.channels.telegram.server import TOKEN

HOOK = "https://help.example.org"


def problem(**settings: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TelegramSettings.model_validate(settings)
    return str(caught.value)


def test_a_token_is_enough() -> None:
    settings = TelegramSettings.model_validate({"token": TOKEN})
    assert settings.webhook_url is None
    assert settings.api_url == "https://api.telegram.org"
    assert settings.desk is None
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize(
    "token",
    [
        "changeme",
        "your-telegram-token",
        "123456:your_token_here",
        "8014520367:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11",
        "123:TOKEN",
    ],
)
def test_placeholder_tokens_are_refused(token: str) -> None:
    assert "placeholder" in problem(token=token)


@pytest.mark.parametrize(
    "token", ["", "AAF-only-letters", "8014520367", "8014520367:", "8014520367:a b", "1:é"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert "no bot token" in problem(token=token)


def test_a_refused_token_is_not_repeated_in_the_message() -> None:
    assert "hunter2" not in problem(token="8014520367/hunter2hunter2")


def test_unknown_keys_are_refused() -> None:
    assert "tokn" in problem(token=TOKEN, tokn="x")


def test_a_webhook_needs_a_secret() -> None:
    assert "webhook_secret is required" in problem(token=TOKEN, webhook_url=HOOK)
    assert "webhook_secret is required" in problem(token=TOKEN, webhook_url=HOOK, webhook_secret="")


@pytest.mark.parametrize("secret", ["pas d'espace", "é" * 20, "a" * 257, "a\n"])
def test_a_secret_of_other_letters_is_refused(secret: str) -> None:
    assert "1 to 256 characters" in problem(token=TOKEN, webhook_url=HOOK, webhook_secret=secret)


def test_a_placeholder_secret_is_refused() -> None:
    assert "placeholder" in problem(token=TOKEN, webhook_url=HOOK, webhook_secret="change-me")


def test_the_path_of_the_webhook_is_added_when_there_is_none() -> None:
    for given, meant in {
        HOOK: f"{HOOK}/telegram/webhook",
        f"{HOOK}/": f"{HOOK}/telegram/webhook",
        f"{HOOK}/bots/relais": f"{HOOK}/bots/relais",
    }.items():
        settings = TelegramSettings.model_validate(
            {"token": TOKEN, "webhook_url": given, "webhook_secret": "s3cr3t_-"}
        )
        assert settings.webhook_url == meant


def test_telegram_calls_https_only_but_a_server_of_ones_own_may_do_otherwise() -> None:
    plain = {"token": TOKEN, "webhook_url": "http://127.0.0.1:8080", "webhook_secret": "s3cr3t"}
    assert "https://" in problem(**plain)
    assert TelegramSettings.model_validate({**plain, "api_url": "http://127.0.0.1:8081/"}).api_url.endswith(
        "8081"
    )


@pytest.mark.parametrize(
    "address", ["api.telegram.org", "ftp://a.example", "https://", "https://a.example?x=1"]
)
def test_odd_addresses_are_refused(address: str) -> None:
    assert "http or https address" in problem(token=TOKEN, api_url=address)


def test_an_empty_webhook_means_polling() -> None:
    assert TelegramSettings.model_validate({"token": TOKEN, "webhook_url": ""}).webhook_url is None
