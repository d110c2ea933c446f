"""What every crash test needs: a seed, a platform, an index, and the settings of the programs."""

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.channels.telegram.server import TOKEN
from tests.crash.crowd import DESK, Crowd, Size
from tests.crash.programs import Platform
from tests.support.postgres import PostgresServer, postgres

SHORT = Size(chats=20, each=10, kills=5, is_short=True)
LONG = Size(chats=60, each=25, kills=30)
LATENCY_MS = 100.0
"""As Telegram takes; sends are in flight for as long."""


@pytest.fixture
def seed() -> str:
    """Another one each time; CRASH_SEED takes up an earlier one, as far as processes can be repeated."""
    chosen = os.environ.get("CRASH_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"CRASH_SEED={chosen}")
    return chosen


@pytest.fixture(
    params=[pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.crash)]
)
def size(request: pytest.FixtureRequest) -> Size:
    """200 messages and 5 kills; 1500 messages and 30 kills with `-m crash`."""
    chosen: Size = request.param
    return chosen


@pytest.fixture
def crowd(seed: str, size: Size) -> Crowd:
    """Those who write."""
    return Crowd(random.Random(f"crowd {seed}"), chats=size.chats, each=size.each)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A Telegram of its own."""
    telegram = Platform(tmp_path, latency_ms=LATENCY_MS)
    yield telegram
    telegram.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One that waits for the disk, and that these tests may stop."""
    with postgres() as server:
        yield server


@pytest.fixture
def environment(data_dir: Path, platform: Platform) -> Mapping[str, str]:
    """Settings of the programs, all but the database. The index is built, as on a second start."""
    return {
        "RELAIS_DATA_DIR": str(data_dir),
        "RELAIS_PORT": "0",
        "RELAIS_TELEGRAM__TOKEN": TOKEN,
        "RELAIS_TELEGRAM__API_URL": platform.url,
        "RELAIS_TELEGRAM__SENDS_PER_S": "10000",
        "RELAIS_TELEGRAM__DESK": DESK,
    }
