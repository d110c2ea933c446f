"""The section `telegram` of the settings."""

import re
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.channels.registration import ChannelSettings
from bot.text.placeholders import is_placeholder

OFFICIAL_API_URL = "https://api.telegram.org"
WEBHOOK_PATH = "/telegram/webhook"

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,100}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
# The tokens that Telegram's own documentation shows.
_DOCUMENTED_TOKENS = frozenset(
    {
        "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11",
        "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
        "4839574812:AAFD39kkdpWt3ywyRZergyOLMaJhac60qcK",
    }
)


class TelegramSettings(ChannelSettings):
    """How to reach one Telegram bot. An absent section means that Telegram is not configured.

    Args:
        token: what BotFather gave, such as "<digits>:<35 characters>".
        api_url: the Bot API server, without "/bot" and the token.
        webhook_url: public address at which Telegram calls us; None means long polling. An address
            without a path gets "/telegram/webhook".
        webhook_secret: 1 to 256 of A-Z a-z 0-9 _ -, sent back by Telegram with each call; required
            with `webhook_url`.
        desk: see `ChannelSettings`.
        sends_per_s: messages a second over all chats that this process allows itself.
    """

    token: SecretStr
    api_url: str = OFFICIAL_API_URL
    webhook_url: str | None = None
    webhook_secret: SecretStr | None = None
    sends_per_s: float = Field(default=30.0, ge=1.0)

    @field_validator("token")
    @classmethod
    def _is_a_token(cls, token: SecretStr) -> SecretStr:
        value = token.get_secret_value()
        _, _, secret = value.partition(":")
        if is_placeholder(value) or is_placeholder(secret) or value in _DOCUMENTED_TOKENS:
            raise ValueError("this is a placeholder: put the token that BotFather gave you")
        if not _TOKEN.fullmatch(value):
            raise ValueError(
                "this is no bot token: BotFather's look like 8014520367:AAF… (digits, a colon, letters)"
            )
        return token

    @field_validator("api_url")
    @classmethod
    def _is_an_address(cls, api_url: str) -> str:
        parts = urlsplit(api_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"must be an http or https address such as {OFFICIAL_API_URL}")
        return api_url.rstrip("/")

    @field_validator("webhook_url")
    @classmethod
    def _is_a_webhook(cls, webhook_url: str | None) -> str | None:
        if not webhook_url:
            return None
        parts = urlsplit(webhook_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(
                f"must be the public address of this server, such as https://help.example.org{WEBHOOK_PATH}"
            )
        return urlunsplit(parts._replace(path=WEBHOOK_PATH)) if parts.path in {"", "/"} else webhook_url

    @field_validator("webhook_secret")
    @classmethod
    def _is_a_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is None or not secret.get_secret_value():
            return None
        if is_placeholder(secret.get_secret_value()):
            raise ValueError("this is a placeholder: put a long random word of letters and digits")
        if not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("Telegram allows 1 to 256 characters of A-Z, a-z, 0-9, _ and -")
        return secret

    @model_validator(mode="after")
    def _webhook_is_complete(self) -> "TelegramSettings":
        if self.webhook_url is None:
            return self
        if self.webhook_secret is None:
            raise ValueError("webhook_secret is required with webhook_url, or anybody could post as Telegram")
        if self.api_url == OFFICIAL_API_URL and not self.webhook_url.startswith("https://"):
            raise ValueError("webhook_url must begin with https://: Telegram calls no other address")
        return self
