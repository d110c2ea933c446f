"""The settings: environment variables that begin with RELAIS_, and `.env`."""

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, Field, ValidationError, create_model, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.channels.registration import ENV_PREFIX, ChannelSettings, variable
from bot.channels.registry import PLATFORMS
from bot.domain.errors import ConfigurationError
from nlu.settings import DEFAULT_MODEL, NluSettings

DEMO_WORKSPACE = Path(__file__).resolve().parent / "demo"


_SOURCES = SettingsConfigDict(
    env_prefix=ENV_PREFIX,
    env_nested_delimiter="__",
    env_file=".env",
    env_file_encoding="utf-8",
    frozen=True,
    extra="ignore",  # of what else stands in `.env`; our own names are checked below
    hide_input_in_errors=True,
)


class Settings(BaseSettings):
    """How this installation runs. What an organisation says and knows is in its workspace instead.

    Args:
        workspace: folder of the content; the demo when nothing else is said.
        data_dir: where the index, the uploads and, by default, the database are kept.
        database_url: SQLite (one process) or PostgreSQL through psycopg (any number).
        encoder: model that tells meanings apart: `use-multilingual`, `e5-small`, `use+e5-light`, the folder
            of a sentence-transformers model, or its name on the model hub, pinned by `@revision`.
        host: address that the web server binds to.
        port: of the web server.
        public_url: how browsers reach the web server, without a slash at the end, for links in answers;
            None leaves links out of Slack and Telegram.
        log_level: of the log on standard error.
        nlu: the engine of understanding.
        channels: the settings of each configured platform, by kind (see `bot.channels.registry`).
    """

    model_config = _SOURCES

    workspace: Path = DEMO_WORKSPACE
    data_dir: Path = Path(".relais")
    database_url: str = ""
    encoder: Annotated[str, Field(min_length=1)] = DEFAULT_MODEL
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: str | None = None
    log_level: str = "INFO"
    nlu: NluSettings = NluSettings()
    channels: Mapping[str, ChannelSettings] = {}

    @field_validator("public_url")
    @classmethod
    def _root_of_a_site(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError("must be an address without a path, such as https://help.example.org")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @property
    def database(self) -> str:
        """The address of the database; a file in `data_dir` unless another one is set."""
        return self.database_url or f"sqlite:///{self.data_dir / 'relais.db'}"

    def with_temporary_store(self, folder: Path) -> "Settings":
        """The same installation with an empty SQLite database in this folder, and no platform."""
        return self.model_copy(update={"database_url": f"sqlite:///{folder / 'relais.db'}", "channels": {}})

    @property
    def is_demo(self) -> bool:
        """The demo workspace, served to this machine only: the demo login exists."""
        return self.workspace.resolve() == DEMO_WORKSPACE and self.host in {"127.0.0.1", "::1", "localhost"}


class _ChannelSections(BaseSettings):
    """Reads the sections of the platforms; `_read_channels` adds a field for each."""

    model_config = _SOURCES

    @field_validator("*", mode="before")
    @classmethod
    def _blank_section_is_absent(cls, value: Any) -> Any:
        """`.env.example` copied as it is leaves empty values: that is "not configured"."""
        if not isinstance(value, dict):
            return value
        given = {key: item for key, item in value.items() if item not in ("", None)}
        credentials = frozenset[str]().union(*(platform.credentials for platform in PLATFORMS))
        return given if given.keys() & credentials else None


def load_settings(**overrides: Any) -> Settings:
    """Reads the environment and `.env`.

    Args:
        overrides: what the command line says; None means nothing said.

    Raises:
        ConfigurationError: names the variable and what to do.
    """
    _refuse_unknown([*os.environ, *dotenv_values(".env")])
    try:
        return Settings(
            channels=_read_channels(), **{key: value for key, value in overrides.items() if value is not None}
        )
    except ValidationError as exc:
        first = exc.errors()[0]
        name = ENV_PREFIX + "__".join(str(part) for part in first["loc"]).upper()
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = _suggest(name)
        raise ConfigurationError(name, message) from exc


def _read_channels() -> Mapping[str, ChannelSettings]:
    fields: dict[str, Any] = {platform.kind: (platform.settings | None, None) for platform in PLATFORMS}
    sections = create_model("ChannelSections", __base__=_ChannelSections, **fields)()
    return {kind: section for kind in fields if (section := getattr(sections, kind)) is not None}


def _sections() -> Mapping[str, type[BaseModel]]:
    return {"nlu": NluSettings, **{platform.kind: platform.settings for platform in PLATFORMS}}


def _refuse_unknown(names: Iterable[str]) -> None:
    known = {*_plain_settings(), *_sections()}
    for name in (given.upper() for given in names):
        if name.startswith(ENV_PREFIX) and name.removeprefix(ENV_PREFIX).lower().split("__")[0] not in known:
            raise ConfigurationError(name, _suggest(name))


def _plain_settings() -> list[str]:
    return [name for name in Settings.model_fields if name != "channels"]


def _suggest(name: str) -> str:
    names = [ENV_PREFIX + field.upper() for field in _plain_settings()]
    names += [
        variable(section, field) for section, model in _sections().items() for field in model.model_fields
    ]
    near = difflib.get_close_matches(name, names, n=1)
    return "no such setting." + (f" Did you mean {near[0]}?" if near else "")
