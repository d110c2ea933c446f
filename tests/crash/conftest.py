"""What every crash test needs: a seed, a platform, an index, and the settings of the programs."""

import os
import random
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.channels.telegram.server import TOKEN
from tests.crash.crowd import DESK, Crowd
from tests.crash.programs import RELAIS, Platform, clean_environment

CHATS = 60
EACH = 25
LATENCY_MS = 100.0
"""As Telegram takes; sends are in flight for as long."""


@pytest.fixture
def seed() -> str:
    """Another one each time; CRASH_SEED takes up an earlier one, as far as processes can be repeated."""
    chosen = os.environ.get("CRASH_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"CRASH_SEED={chosen}")
    return chosen


@pytest.fixture
def crowd(seed: str) -> Crowd:
    """1500 messages in 60 chats."""
    return Crowd(random.Random(f"crowd {seed}"), chats=CHATS, each=EACH)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A Telegram of its own."""
    telegram = Platform(tmp_path, latency_ms=LATENCY_MS)
    yield telegram
    telegram.close()


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose index is built, so that starts are second starts."""
    folder = tmp_path_factory.mktemp("relais")
    environment = {**clean_environment(), "RELAIS_DATA_DIR": str(folder)}
    subprocess.run([RELAIS, "kb", "build"], env=environment, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def environment(index: Path, platform: Platform) -> Mapping[str, str]:
    """Settings of the programs, all but the database."""
    return {
        "RELAIS_DATA_DIR": str(index),
        "RELAIS_PORT": "0",
        "RELAIS_TELEGRAM__TOKEN": TOKEN,
        "RELAIS_TELEGRAM__API_URL": platform.url,
        "RELAIS_TELEGRAM__SENDS_PER_S": "10000",
        "RELAIS_TELEGRAM__DESK": DESK,
    }
