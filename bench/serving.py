"""A real server from outside: start, memory, webhook."""

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from bench.figures import Figures, percentiles
from tests.channels.telegram.server import TOKEN

_RELAIS = Path(sys.executable).with_name("relais")
_PER_S = 100
_SECONDS = 15


async def measure(figures: Figures, data_dir: Path, telegram_url: str, port: int) -> None:
    """Second start, memory, and a Telegram webhook at 100/s."""
    figures.heading("`relais serve` from outside, its index built before (SQLite)")
    secret = secrets.token_hex(16)
    environment = os.environ | {
        "RELAIS_DATA_DIR": str(data_dir),
        "RELAIS_PORT": str(port),
        "RELAIS_TELEGRAM__TOKEN": TOKEN,
        "RELAIS_TELEGRAM__API_URL": telegram_url,
        "RELAIS_TELEGRAM__WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram/webhook",
        "RELAIS_TELEGRAM__WEBHOOK_SECRET": secret,
        "RELAIS_TELEGRAM__SENDS_PER_S": "10000",
    }
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        with _serving(environment):
            await _ready(client)  # the first start makes the database and stores the content
        start = time.perf_counter()
        with _serving(environment) as process:
            await _ready(client)
            figures.add("second start until it answers", f"{time.perf_counter() - start:.1f} s", "3 s")
            times = await _webhook(client, secret)
            figures.add(f"webhook to 200 at {_PER_S}/s", percentiles(times))
            figures.add("memory after it (resident)", f"{_resident_mb(process.pid):,.0f} MB", "600 MB")


@contextlib.contextmanager
def _serving(environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([_RELAIS, "serve"], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


async def _ready(client: httpx.AsyncClient) -> None:
    while True:
        try:
            if (await client.get("/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            await asyncio.sleep(0.02)


async def _webhook(client: httpx.AsyncClient, secret: str) -> list[float]:
    times = []

    async def post(number: int) -> None:
        update = {
            "update_id": number,
            "message": {
                "message_id": number,
                "date": int(time.time()),
                "chat": {"id": 1000 + number % 100, "type": "private", "first_name": "B"},
                "from": {"id": 1000 + number % 100, "is_bot": False, "first_name": "B"},
                "text": "bonjour",
            },
        }
        begun = time.perf_counter()
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        response = await client.post("/telegram/webhook", json=update, headers=headers)
        response.raise_for_status()
        times.append(time.perf_counter() - begun)

    start = time.perf_counter()
    tasks = []
    for number in range(_PER_S * _SECONDS):
        await asyncio.sleep(max(0.0, start + number / _PER_S - time.perf_counter()))
        tasks.append(asyncio.create_task(post(number)))
    await asyncio.gather(*tasks)
    return times


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024
