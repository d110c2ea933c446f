"""The section `slack` of the settings: what is taken, what is refused, what is never shown."""

import pytest
from pydantic import ValidationError

from bot.channels.slack.settings import SlackSettings
from tests.channels.slack.server import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

GIVEN = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "signing_secret": SIGNING_SECRET}


def test_both_ways_in_or_one() -> None:
    assert SlackSettings.model_validate(GIVEN).api_url == "https://slack.com/api/"
    assert SlackSettings.model_validate({**GIVEN, "app_token": ""}).app_token is None
    assert SlackSettings.model_validate({**GIVEN, "signing_secret": None}).signing_secret is None
    with pytest.raises(ValidationError, match=r"app_token .* or signing_secret"):
        SlackSettings.model_validate({"bot_token": BOT_TOKEN, "app_token": " "})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("bot_token", "xoxb-your-token", "placeholder"),
        ("bot_token", "xoxb-votre-jeton", "placeholder"),
        ("bot_token", "xoxb-...", "placeholder"),
        ("bot_token", "xoxb-xxxx-xxxx", "placeholder"),
        ("bot_token", "<token>", "placeholder"),
        ("bot_token", "xoxb-", "placeholder"),
        ("bot_token", "", "placeholder"),
        ("bot_token", APP_TOKEN, "xoxb-"),
        ("bot_token", "xoxe.xoxb-1-abc", "rotation"),
        ("app_token", BOT_TOKEN, "xapp-"),
        ("app_token", "xapp-changeme", "placeholder"),
        ("signing_secret", "your-signing-secret", "placeholder"),
        ("signing_secret", "secret", "placeholder"),
        ("api_url", "slack.com/api", "http"),
    ],
)
def test_placeholders_and_mix_ups_are_refused(name: str, value: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says) as raised:
        SlackSettings.model_validate({**GIVEN, name: value})
    assert len(value) < 12 or name == "api_url" or value not in str(raised.value)


def test_unknown_keys_are_refused_and_secrets_masked() -> None:
    with pytest.raises(ValidationError, match="bot_tokn"):
        SlackSettings.model_validate({**GIVEN, "bot_tokn": "x"})
    assert BOT_TOKEN not in repr(SlackSettings.model_validate(GIVEN))


def test_the_api_address_ends_in_a_slash() -> None:
    assert SlackSettings.model_validate({**GIVEN, "api_url": "http://127.0.0.1:9/api"}).api_url.endswith(
        "/api/"
    )
