"""The section `slack` of the settings."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator, model_validator

from bot.channels.registration import ChannelSettings
from bot.text.placeholders import holds_placeholder


class SlackSettings(ChannelSettings):
    """How to reach one Slack workspace.

    Args:
        bot_token: "Bot User OAuth Token" of the app's page "OAuth & Permissions"; begins with xoxb-.
        app_token: app-level token with the scope connections:write, begins with xapp-; with it,
            messages arrive over Socket Mode, and no public address is needed.
        signing_secret: "Signing Secret" of "Basic Information"; with it, messages arrive at
            POST /slack/events.
        api_url: where the Web API is; another one for tests and for servers that speak the protocol.
        desk: see `ChannelSettings`.
    """

    bot_token: SecretStr
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    api_url: str = "https://slack.com/api/"

    @field_validator("app_token", "signing_secret", mode="before")
    @classmethod
    def _blank_is_absent(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("bot_token")
    @classmethod
    def _bot_token(cls, value: SecretStr) -> SecretStr:
        secret = value.get_secret_value()
        if secret.startswith("xoxe"):
            raise ValueError("this token expires within 12 hours: turn token rotation off in the Slack app")
        return _checked(value, prefix="xoxb-", where='"OAuth & Permissions", "Bot User OAuth Token"')

    @field_validator("app_token")
    @classmethod
    def _app_token(cls, value: SecretStr | None) -> SecretStr | None:
        where = '"Basic Information", "App-Level Tokens"'
        return None if value is None else _checked(value, prefix="xapp-", where=where)

    @field_validator("signing_secret")
    @classmethod
    def _signing_secret(cls, value: SecretStr | None) -> SecretStr | None:
        where = '"Basic Information", "Signing Secret"'
        return None if value is None else _checked(value, prefix="", where=where)

    @field_validator("api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http or https address, such as https://slack.com/api/")
        return value if value.endswith("/") else f"{value}/"

    @model_validator(mode="after")
    def _has_a_way_in(self) -> Self:
        if self.app_token is None and self.signing_secret is None:
            raise ValueError(
                "give app_token (Socket Mode) or signing_secret (HTTP), so that messages can arrive"
            )
        return self


def _checked(value: SecretStr, *, prefix: str, where: str) -> SecretStr:
    """Raises ValueError, without the value, for what cannot be a real secret."""
    secret = value.get_secret_value()
    rest = secret.removeprefix(prefix)
    if not rest or holds_placeholder(rest):
        raise ValueError(f"is still a placeholder; copy the real one from {where} at api.slack.com/apps")
    if not secret.startswith(prefix):
        raise ValueError(f"must begin with {prefix}; copy it from {where} at api.slack.com/apps")
    return value
