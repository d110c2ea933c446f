"""The app manifest asks for what the channel uses."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.channels import slack

MANIFEST: dict[str, Any] = yaml.safe_load(
    (Path(slack.__file__).parent / "manifest.yml").read_text(encoding="utf-8")
)


def test_every_call_has_its_scope() -> None:
    scopes = set(MANIFEST["oauth_config"]["scopes"]["bot"])
    assert {"chat:write", "im:write", "users:read", "files:read", "commands"} <= scopes
    for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]:
        needed = (
            "app_mentions:read" if event == "app_mention" else f"{event.removeprefix('message.')}:history"
        )
        assert needed in scopes


def test_messages_presses_and_commands_can_arrive() -> None:
    assert "message.im" in MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True
    assert MANIFEST["features"]["app_home"]["messages_tab_read_only_enabled"] is False
    assert [each["command"] for each in MANIFEST["features"]["slash_commands"]] == ["/aide", "/helpdesk"]
    assert MANIFEST["settings"]["token_rotation_enabled"] is False


@pytest.mark.parametrize(("path", "limit"), [("name", 35), ("description", 140)])
def test_slack_takes_its_words(path: str, limit: int) -> None:
    assert len(MANIFEST["display_information"][path]) <= limit
