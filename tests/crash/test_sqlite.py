"""kill -9 again and again of the one process that does everything, on SQLite."""

import random
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from tests.crash.audit import InFlight, audit, books, wait_until_quiet
from tests.crash.crowd import Crowd, Size
from tests.crash.programs import Platform, Program

KILLED_WHILE_STARTING = 0.1
"""Share of the kills that do not wait until the bot listens again."""
MOST_AT_ONCE = 32
"""Sends that one process has in flight at most: the engine's concurrency."""
STARTS_WITHIN_S = 180.0
LONGEST_LIFE_S = 4.0


def test_kills(
    seed: str, size: Size, crowd: Crowd, platform: Platform, environment: Mapping[str, str], tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'relais.db'}"
    settings = {**environment, "RELAIS_DATABASE_URL": database}
    bot = Program("serve", ["serve"], tmp_path, settings, ready="is served on")
    engine = books(database)
    in_flight = InFlight(engine)
    began = time.monotonic()
    with closing(bot):
        _hammer(random.Random(seed), size, crowd, platform, bot, in_flight)
        bot.start()
        wait_until_quiet(engine, platform, [bot], crowd.messages)
    found = audit(engine, crowd, platform.sent(), in_flight)
    took_s = time.monotonic() - began
    print(f"SQLite: {crowd}, {bot.kills} kills, {in_flight}, {found}, {took_s:.0f} s, seed {seed}")
    assert bot.kills >= size.kills
    assert in_flight.met_load, f"so little load shows nothing: {in_flight}"
    assert max(in_flight.blows) <= MOST_AT_ONCE
    assert max(found.repeats, found.in_doubt) <= sum(in_flight.blows)


def _hammer(
    rng: random.Random, size: Size, crowd: Crowd, platform: Platform, bot: Program, in_flight: InFlight
) -> None:
    """People write before and while the bot runs; it is killed after some of its answers."""
    for burst in crowd.bursts(size.kills):
        polls = platform.count("getUpdates")
        bot.start()
        early = rng.randrange(len(burst))
        platform.push(burst[:early])
        if size.is_short or rng.random() > KILLED_WHILE_STARTING:
            listens = platform.wait_for("getUpdates", polls + 1, within_s=STARTS_WITHIN_S)
            assert listens, f"it does not listen:\n{bot.tail()}"
        platform.push(burst[early:])
        most = len(burst) // 2 if size.is_short else 2 * len(burst)
        answers = platform.count("sent") + rng.randint(1, most)
        platform.wait_for("sent", answers, within_s=LONGEST_LIFE_S)
        time.sleep(rng.uniform(0, 0.05))
        bot.kill()
        in_flight.note([bot.pid])
