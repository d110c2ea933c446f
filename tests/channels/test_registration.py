"""Platforms make themselves known in one list, and each reaches a desk."""

import pytest

from bot.channels.registration import answering_desk
from bot.channels.registry import PLATFORMS
from bot.content.desks_file import parse_desks
from bot.domain.desk import Desk
from bot.domain.errors import ConfigurationError, ContentErrors

DESK = """
[desks.{id}]
name = {{ en = "Desk" }}
timezone = "Europe/Paris"
hours = {{ mon = ["09:00-17:00"] }}
emergency = {{ en = "call 112" }}
first_response_minutes = {{ critical = 15, high = 60, normal = 240, low = 960 }}
resolution_minutes = {{ critical = 240, high = 480, normal = 1440, low = 2880 }}
channels = [{channels}]
"""


def toml(**channels: str) -> str:
    desks = (DESK.format(id=desk, channels=each) for desk, each in channels.items())
    return 'name = "Test"\nlanguages = ["en"]\n' + "".join(desks)


def desks(**channels: str) -> dict[str, Desk]:
    return dict(parse_desks(toml(**channels))[2])


def test_platforms_have_a_name_a_guide_and_settings_of_their_own() -> None:
    assert [platform.label for platform in PLATFORMS] == ["Slack", "Telegram"]
    for platform in PLATFORMS:
        fields = platform.settings.model_fields
        assert {*platform.required, *platform.credentials} <= fields.keys()
    assert PLATFORMS[0].required_variables == ("RELAIS_SLACK__BOT_TOKEN", "RELAIS_SLACK__APP_TOKEN")


def test_the_settings_then_the_workspace_then_the_only_desk_decide() -> None:
    two = desks(left="", right='"slack"')
    assert answering_desk("slack", "left", two) == "left"
    assert answering_desk("slack", None, two) == "right"
    assert answering_desk("slack", None, desks(only="")) == "only"


@pytest.mark.parametrize("chosen", [None, "moon"])
def test_without_a_desk_the_variable_and_the_desks_are_named(chosen: str | None) -> None:
    with pytest.raises(ConfigurationError, match=r"RELAIS_TELEGRAM__DESK: .* left, right"):
        answering_desk("telegram", chosen, desks(left="", right='"slack"'))


def test_a_platform_is_claimed_once_and_known() -> None:
    with pytest.raises(ContentErrors, match="desk right: slack is of the desk left already"):
        desks(left='"slack"', right='"telegram", "slack"')
    with pytest.raises(ContentErrors, match="'slak' is no platform; platforms are slack, telegram"):
        desks(left='"slak"')
