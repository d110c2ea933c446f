"""One server and two workers on PostgreSQL: killed, frozen, and their database restarted under load."""

import random
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest

from tests.crash.audit import InFlight, audit, books, wait_until_quiet
from tests.crash.crowd import Crowd, Size
from tests.crash.programs import Platform, Program, free_port, wait_until
from tests.support.postgres import PostgresServer

MOST_AT_ONCE = 16
"""Sends that one process has in flight at most: the engine's concurrency."""
FROZEN_S = 20.0
"""Longer than the lease of a send, and than the heartbeat of a worker may be late."""
STARTS_WITHIN_S = 180.0
LONGEST_ROUND_S = 6.0
SENDS_WITHIN_S = 40.0
"""Longer than the conversations of a dead worker stay locked."""

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_server: PostgresServer) -> str:
    """An empty one."""
    return postgres_server.create(f"crash_{uuid.uuid4().hex}")


@pytest.fixture
def programs(
    environment: Mapping[str, str], postgres_server: PostgresServer, database: str, tmp_path: Path
) -> Iterator[list[Program]]:
    """A server and two workers, started together on an empty database that comes last, as after a reboot."""
    port = str(free_port())
    settings = {
        **environment,
        "RELAIS_DATABASE_URL": database,
        "RELAIS_PORT": port,
        # Pushed rather than polled: a new poller waits until the lease of the dead one has run out.
        "RELAIS_TELEGRAM__WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram/webhook",
        "RELAIS_TELEGRAM__WEBHOOK_SECRET": "k3fJq0Lw9z",
    }
    started = [
        Program("serve", ["serve"], tmp_path, settings, ready="is served on"),
        *(Program(f"worker{number}", ["worker"], tmp_path, settings, ready="is ready") for number in (1, 2)),
    ]
    with ExitStack() as stack:
        postgres_server.stop()
        for program in started:
            stack.enter_context(closing(program))
            program.start()
        postgres_server.start()
        _wait_until_all_work(started)
        yield started


def test_kills_a_restart_and_a_freeze(
    seed: str,
    size: Size,
    crowd: Crowd,
    platform: Platform,
    programs: list[Program],
    postgres_server: PostgresServer,
    database: str,
) -> None:
    engine = books(database)
    in_flight = InFlight(engine)
    began = time.monotonic()
    _hammer(random.Random(seed), size, crowd, platform, programs, postgres_server, in_flight)
    wait_until_quiet(engine, platform, programs, crowd.messages)
    found = audit(engine, crowd, platform.sent(), in_flight)
    kills, took_s = sum(program.kills for program in programs), time.monotonic() - began
    print(f"PostgreSQL: {crowd}, {kills} kills, {in_flight}, {found}, {took_s:.0f} s, seed {seed}")
    assert kills >= size.kills
    assert in_flight.met_load, f"so little load shows nothing: {in_flight}"
    assert max(in_flight.blows) <= MOST_AT_ONCE * len(programs)
    assert max(found.repeats, found.in_doubt) <= sum(in_flight.blows)


def _hammer(
    rng: random.Random,
    size: Size,
    crowd: Crowd,
    platform: Platform,
    programs: list[Program],
    postgres_server: PostgresServer,
    in_flight: InFlight,
) -> None:
    """People write; after some of the answers somebody is killed, or worse."""
    # The short form does neither: a freeze has to outlast a lease.
    restart_at, freeze_at = (-1, -1) if size.is_short else rng.sample(range(3, size.kills - 3), 2)
    frozen, thaw_at = rng.choice(programs[1:]), 0.0
    for number, burst in enumerate(crowd.bursts(size.kills)):
        if number in (restart_at, freeze_at):
            _wait_until_all_work(programs)
        victim = _one_that_works(programs, rng) if size.is_short else None
        answers = platform.count("sent") + rng.randint(1, len(burst))
        platform.push(burst)
        if victim is None:
            platform.wait_for("sent", answers, within_s=LONGEST_ROUND_S)
        else:  # so few kills must all meet sends, however slowly the others start again
            wait_until(partial(in_flight.has_sends, victim.pid), within_s=SENDS_WITHIN_S)
        time.sleep(rng.uniform(0, 0.05))
        if number == restart_at:
            postgres_server.stop()
            postgres_server.start()
            in_flight.note([program.pid for program in programs])
        if number == freeze_at:
            frozen.freeze()
            thaw_at = time.monotonic() + FROZEN_S
            _note(in_flight, frozen)
        if frozen.is_frozen and time.monotonic() > thaw_at:
            frozen.thaw()
        victim = victim or _one_that_works(programs, rng)
        victim.kill()
        _note(in_flight, victim)
        victim.start()
    if frozen.is_frozen:
        time.sleep(max(0.0, thaw_at - time.monotonic()))
        frozen.thaw()


def _one_that_works(programs: list[Program], rng: random.Random) -> Program:
    def working() -> list[Program]:
        for program in programs:
            program.check()
        return [program for program in programs if program.is_ready() and not program.is_frozen]

    assert wait_until(lambda: bool(working()), within_s=STARTS_WITHIN_S), "no process works"
    return rng.choice(working())


def _wait_until_all_work(programs: list[Program]) -> None:
    for program in programs:
        if not program.is_frozen:
            program.wait_until_ready(within_s=STARTS_WITHIN_S)


def _note(in_flight: InFlight, program: Program) -> None:
    """What its last transactions committed is in the database a moment later."""
    time.sleep(0.1)
    in_flight.note([program.pid], frozen=program.is_frozen)
