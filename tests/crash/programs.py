"""The programs under test as processes of their own: `relais`, and the platform that survives it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

REPOSITORY = Path(__file__).resolve().parents[2]
RELAIS = Path(sys.executable).with_name("relais")
"""The console script, as users start it."""


class Program:
    """A `relais` process that can be killed and started again; all its lives share one log.

    Args:
        name: of the log file.
        arguments: of the command.
        folder: where it runs; the log is kept there.
        environment: its settings.
        ready: what it prints once it works.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], *, ready: str
    ) -> None:
        self.name = name
        self.kills = 0
        self.is_frozen = False
        self.log = folder / f"{name}.log"
        self._command = [str(RELAIS), *arguments]
        self._folder = folder
        self._environment = {**clean_environment(), **environment}
        self._ready = ready
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of its present life."""
        assert self._process is not None
        return self._process.pid

    def is_ready(self) -> bool:
        """Whether this life has said that it works."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return self._ready in log.read().decode("utf-8", "replace")

    def wait_until_ready(self, *, within_s: float) -> None:
        """Waits until this life works."""
        assert wait_until(self.is_ready, within_s=within_s), f"{self.name} does not start:\n{self.tail()}"

    def start(self) -> None:
        """Starts a new life."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """Ends it with -9."""
        self.check()
        self._end()
        self.kills += 1

    def freeze(self) -> None:
        """Stops it where it is."""
        self.check()
        os.kill(self.pid, signal.SIGSTOP)
        self.is_frozen = True

    def thaw(self) -> None:
        """Lets it go on."""
        os.kill(self.pid, signal.SIGCONT)
        self.is_frozen = False

    def check(self) -> None:
        """Fails when it has ended by itself."""
        assert self._process is not None
        code = self._process.poll()
        assert code is None, f"{self.name} ended by itself with {code}:\n{self.tail()}"

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def close(self) -> None:
        """Ends it for good."""
        if self._process is not None:
            self._end()

    def _end(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.is_frozen = False


@dataclass(frozen=True)
class Sent:
    """A message that the platform took.

    Args:
        id: the platform's; rises with each message.
        html: as the bot wrote it; `text` is what the person sees.
    """

    id: int
    chat: int
    html: str
    text: str


class Platform:
    """A Telegram that outlives the bot and keeps what has not been acknowledged.

    Args:
        folder: where the messages sent are recorded.
        latency_ms: added to each call, so that sends are in flight when the bot is killed.
    """

    def __init__(self, folder: Path, *, latency_ms: float) -> None:
        self._record = folder / "sent.jsonl"
        command = [sys.executable, "-m", "tests.channels.telegram.server"]
        self._process = subprocess.Popen(
            [*command, "--record", str(self._record), "--latency-ms", str(latency_ms)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()
        self._client = httpx.Client(base_url=self.url, timeout=30)

    def push(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """People write; what the bot does not fetch waits."""
        self._client.post("/control/updates", json=list(updates)).raise_for_status()

    def count(self, name: str) -> int:
        """How often a method was called, or "sent": messages taken, "waiting": updates nobody has stored."""
        counts: dict[str, int] = self._client.get("/control/counts").json()
        return counts.get(name, 0)

    def wait_for(self, name: str, count: int, *, within_s: float) -> bool:
        """Waits until something was called so often; False when it is not in time."""
        return wait_until(lambda: self.count(name) >= count, within_s=within_s)

    def sent(self) -> list[Sent]:
        """Everything that arrived, in order."""
        lines = map(json.loads, self._record.read_text("utf-8").splitlines())
        return [
            Sent(id=line["message_id"], chat=line["chat_id"], html=line["html"], text=line["text"])
            for line in lines
        ]

    def close(self) -> None:
        """Ends it."""
        self._client.close()
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def clean_environment() -> dict[str, str]:
    """Ours, without any setting of Relais, and with compiled modules, which make starts quick."""
    left_out = ("RELAIS_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def wait_until(condition: Callable[[], bool], *, within_s: float) -> bool:
    """Waits until something is so; False when it is not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
