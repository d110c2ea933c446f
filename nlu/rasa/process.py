"""Rasa's own process: training, serving, and the environment that both run in."""

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nlu.rasa.client import RasaServer, RasaUnavailableError

ENVIRONMENT = Path(".venv-rasa")
"""Made by `scripts/rasa setup` in the folder where Relais is started, as the data folder is."""
HOST = "127.0.0.1"

_CREDENTIALS = Path(__file__).with_name("credentials.yml")
_LAUNCH = Path(__file__).with_name("launch.py")
_STARTS_WITHIN_S = 300.0
_STOPS_WITHIN_S = 10.0
_VARIABLES = {
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    "PYTHONWARNINGS": "ignore",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_INTER_OP_PARALLELISM_THREADS": "1",
    "TF_INTRA_OP_PARALLELISM_THREADS": "1",
}


class RasaMissingError(Exception):
    """Rasa cannot be run: the environment is not there, there is no model, or training failed."""


def is_installed() -> bool:
    """Whether `scripts/rasa setup` has run."""
    return _python().exists()


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def train(project: Path, name: str, *, log: Path | None = None) -> Path:
    """Trains a project, in a process that takes some seconds and 600 MB; older models are removed.

    Args:
        project: see `nlu.rasa.project.write_project`.
        name: of the model, without a suffix.
        log: takes what Rasa says; without it, that goes where this process's own output goes.

    Raises:
        RasaMissingError: it is not installed, or it failed; Rasa has said why.
    """
    models = project / "models"
    arguments = ["train", "nlu", "--config", "config.yml", "--domain", "domain.yml", "--nlu", "data"]
    command = [*_command(), *arguments, "--out", "models", "--fixed-model-name", name]
    with ExitStack() as files:
        output = files.enter_context(log.open("wb")) if log is not None else None
        done = subprocess.run(  # noqa: S603
            command, cwd=project, env=_variables(), check=False, stdout=output, stderr=output
        )
    model = models / f"{name}.tar.gz"
    if done.returncode != 0 or not model.exists():
        said = "what it wrote above says why." if log is None else log.read_text(errors="replace")[-2000:]
        raise RasaMissingError(f"Rasa could not be trained: {said}")
    for other in models.glob("*.tar.gz"):
        if other != model:
            other.unlink()
    return model


def newest_model(project: Path) -> Path:
    """The model to serve.

    Raises:
        RasaMissingError: nothing has been trained.
    """
    models = sorted((project / "models").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise RasaMissingError(f"no model in {project / 'models'}: run ./scripts/rasa train.")
    return models[-1]


def serve(model: Path, *, port: int, token: str) -> None:
    """Becomes the server of a model, on this machine only. Does not return.

    Raises:
        RasaMissingError: Rasa is not installed.
    """
    command = _serve_command(model, port)
    os.chdir(model.parent.parent)
    os.execve(command[0], command, _variables(token))  # noqa: S606


@contextmanager
def serving(model: Path, *, port: int, token: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A server that is ready, for as long as the block; what it says goes to server.log beside the models.

    Raises:
        RasaMissingError: it is not installed, or does not start.
    """
    folder = model.parent.parent
    command = _serve_command(model, port)
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=folder, env=_variables(token), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _wait(process, RasaServer(f"http://{HOST}:{port}", token), folder / "server.log")
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: "subprocess.Popen[bytes]", server: RasaServer, log: Path) -> None:
    with server:
        for _ in range(int(_STARTS_WITHIN_S)):
            try:
                process.wait(1.0)
            except subprocess.TimeoutExpired:
                pass
            else:
                raise RasaMissingError(f"Rasa did not start: {log.read_text(errors='replace')[-2000:]}")
            try:
                server.model()
            except RasaUnavailableError:
                continue
            return
    raise RasaMissingError(f"Rasa was not ready after {_STARTS_WITHIN_S:.0f} s; see {log}.")


def _serve_command(model: Path, port: int) -> list[str]:
    served = ["--model", str(model.resolve()), "--interface", HOST, "--port", str(port)]
    arguments = ["run", "--enable-api", "--credentials", str(_CREDENTIALS), *served]
    return [*_command(), *arguments]


def _command() -> list[str]:
    if not is_installed():
        raise RasaMissingError(
            f"Rasa is not installed in {ENVIRONMENT.absolute()}: run ./scripts/rasa setup, and start Relais "
            "in the folder that holds .venv-rasa."
        )
    return [str(_python()), str(_LAUNCH)]


def _python() -> Path:
    return ENVIRONMENT.absolute() / "bin" / "python"


def _variables(token: str = "") -> Mapping[str, str]:
    """Of this process without settings of ours, which are no business of Rasa's."""
    kept = {key: value for key, value in os.environ.items() if not key.upper().startswith("RELAIS_")}
    return {**kept, **_VARIABLES, **({"RASA_LAUNCH_TOKEN": token} if token else {})}
