"""`relais serve` as users start it, in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

RELAIS = Path(sys.executable).with_name("relais")


@contextmanager
def served(data_dir: Path, *, env: Mapping[str, str] | None = None, wait_s: float = 600) -> Iterator[str]:
    """Serves the demo on a free port and gives its address.

    Args:
        data_dir: holds the database and the index.
        env: more settings.
        wait_s: the last resort; the first start builds the index.
    """
    port = free_port()
    log = data_dir / "serve.log"
    settings = {"RELAIS_DATA_DIR": str(data_dir), "RELAIS_PORT": str(port), **(env or {})}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [RELAIS, "serve"], env={**os.environ, **settings}, stdout=output, stderr=output, cwd=data_dir
        )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(base, process, log, wait_s)
        yield base
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(base: str, process: subprocess.Popen[bytes], log: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text(errors="replace")[-3000:]
            time.sleep(0.1)
    raise TimeoutError(log.read_text(errors="replace")[-3000:])
