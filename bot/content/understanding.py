"""Which engine understands messages, and what Rasa needs of this installation."""

import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bot.content.knowledge import questions
from bot.content.workspace import Content
from bot.domain.errors import ConfigurationError
from bot.pipeline.ports import Understander
from nlu.interpreter.embedded import EmbeddedInterpreter
from nlu.rasa.client import Breaker, RasaInterpreter, RasaServer, RasaUnavailableError
from nlu.rasa.process import is_installed
from nlu.rasa.project import write_project
from nlu.settings import NluSettings

_LOOK_TIMEOUT_S = 3.0


class UnderstandingEngine:
    """The engine that the settings choose; a Rasa server shared by all that asks it.

    Args:
        settings: which engine, and how Rasa is reached.
        data_dir: of this installation.
    """

    def __init__(self, settings: NluSettings, data_dir: Path) -> None:
        self._server: RasaServer | None = None
        self._breaker = Breaker()
        if settings.engine == "rasa":
            # Whoever starts first makes the token, so that neither need wait for the other.
            self._server = RasaServer(settings.rasa_url, rasa_token(settings, data_dir, makes=True) or "")

    def engine(self, embedded: EmbeddedInterpreter) -> Understander:
        """What understands, given the interpreter that is always there."""
        if self._server is None:
            return embedded
        return RasaInterpreter(embedded, self._server, self._breaker)

    def close(self) -> None:
        """Closes its connections."""
        if self._server is not None:
            self._server.close()


def rasa_project(data_dir: Path) -> Path:
    """Where the Rasa project of this installation is written and its models are kept."""
    return data_dir / "rasa"


def write_rasa_project(data_dir: Path, content: Content) -> str:
    """Writes the project of a workspace's content; returns its model's name."""
    return write_project(rasa_project(data_dir), content.intents, negatives=questions(content))


def rasa_model(content: Content) -> str:
    """The file name of the model that fits a workspace's content."""
    with TemporaryDirectory() as folder:
        name = write_project(Path(folder), content.intents, negatives=questions(content))
    return f"{name}.tar.gz"


def rasa_port(settings: NluSettings) -> int:
    """The port that the server binds to.

    Raises:
        ConfigurationError: RELAIS_NLU__RASA_URL names no port of this machine.
    """
    parts = urlsplit(settings.rasa_url)
    if parts.hostname not in {"127.0.0.1", "localhost"} or parts.scheme != "http" or parts.port is None:
        raise ConfigurationError(
            "RELAIS_NLU__RASA_URL", "Rasa is served on this machine only: use http://127.0.0.1:PORT."
        )
    return parts.port


def rasa_token(settings: NluSettings, data_dir: Path, *, makes: bool = False) -> str | None:
    """The token of the Rasa server: of the settings, else of the data folder.

    Args:
        makes: writes a new one there, readable by its owner only, when there is none.
    """
    if settings.rasa_token is not None:
        return settings.rasa_token.get_secret_value()
    path = rasa_project(data_dir) / "token"
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    if not makes:
        return None
    token = secrets.token_urlsafe(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(token, encoding="ascii")
    return token


def look_at_rasa(settings: NluSettings, data_dir: Path) -> str:
    """The model that the server has.

    Raises:
        ConfigurationError: it cannot be asked; says what to do.
    """
    url = settings.rasa_url
    token = rasa_token(settings, data_dir)
    start = "start `./scripts/rasa serve`"
    if not is_installed():
        start = f"run `./scripts/rasa setup` and `train`, then {start}"
    if token is None:
        raise ConfigurationError("RELAIS_NLU__RASA_TOKEN", f"there is none yet: {start}, or set it.")
    try:
        with RasaServer(url, token, timeout_s=_LOOK_TIMEOUT_S) as server:
            return server.model()
    except RasaUnavailableError as exc:
        if exc.refused:
            raise ConfigurationError(
                "RELAIS_NLU__RASA_TOKEN",
                f"{url} does not accept it: it must be the one that the server was started with.",
            ) from exc
        raise ConfigurationError(
            "RELAIS_NLU__RASA_URL",
            f"{url} does not answer ({exc.reason}): {start}. Until then the embedded engine understands.",
        ) from exc
