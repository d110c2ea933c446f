"""The machine's own limits, measured in the same run as ours."""

import asyncio
import os
import sqlite3
import tempfile
import time
from pathlib import Path

import httpx
import psycopg
import uvicorn
from sqlalchemy import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.figures import Figures, percentiles

_SYNCS = 300
_COMMITS = 1000
_REQUESTS = 3000


def disk(figures: Figures) -> None:
    """fdatasync of 4 kB, and SQLite commits one at a time with synchronous=FULL."""
    with tempfile.TemporaryDirectory() as folder:
        times = []
        with open(Path(folder) / "sync", "wb", buffering=0) as file:
            for _ in range(_SYNCS):
                start = time.perf_counter()
                file.write(b"x" * 4096)
                os.fdatasync(file.fileno())
                times.append(time.perf_counter() - start)
        figures.add("fdatasync of 4 kB", percentiles(times))
        connection = sqlite3.connect(Path(folder) / "x.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t (x INTEGER)")
        start = time.perf_counter()
        for number in range(_COMMITS):
            connection.execute("INSERT INTO t VALUES (?)", (number,))
        figures.add("SQLite commits, one row each", f"{_COMMITS / (time.perf_counter() - start):,.0f}/s")
        connection.close()


def postgres(figures: Figures, url: str) -> None:
    """PostgreSQL commits over one connection, and over eight."""
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench (x INTEGER)")
        start = time.perf_counter()
        for number in range(_COMMITS):
            connection.execute("INSERT INTO bench VALUES (%s)", (number,))
        figures.add("PostgreSQL commits, one client", f"{_COMMITS / (time.perf_counter() - start):,.0f}/s")


async def echo(figures: Figures) -> None:
    """A bare Starlette endpoint that parses JSON and says it back, on uvicorn."""

    async def say_back(request: Request) -> Response:
        return JSONResponse(await request.json())

    app = Starlette(routes=[Route("/", say_back, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        start = time.perf_counter()
        for _ in range(_REQUESTS // 16):
            await asyncio.gather(*(client.post("/", json={"text": "bonjour"}) for _ in range(16)))
        figures.add(
            "bare Starlette echo, 16 clients in the same process",
            f"{_REQUESTS / (time.perf_counter() - start):,.0f}/s",
        )
    server.should_exit = True
    await task
