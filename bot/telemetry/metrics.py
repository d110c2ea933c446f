"""What is counted and timed; `/metrics` shows it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prometheus_client import Counter, Gauge, Histogram

INBOUND = Counter("relais_inbound_messages", "Messages that arrived", ["account", "outcome"])
OUTBOUND = Counter("relais_outbound_attempts", "Attempts to send", ["account", "outcome"])
TURNS = Counter("relais_turns", "What the bot decided", ["desk", "decision"])
STAGE_SECONDS = Histogram(
    "relais_stage_seconds",
    "Time spent in each stage of a turn",
    ["stage"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
_nested_s: ContextVar[float] = ContextVar("_nested_s", default=0.0)
"""How long the stages inside the present one took."""

PARKED = Gauge("relais_parked_conversations", "Conversations that wait for an administrator", ["reason"])
CHANNEL_UP = Gauge("relais_channel_up", "1 while a channel is connected", ["account"])


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Times a stage of a turn; what a stage inside it takes counts for that one alone.

    Args:
        name: accept, decide, understand, search, encode, commit, lease or send.
    """
    token = _nested_s.set(0.0)
    began = time.perf_counter()
    try:
        yield
    finally:
        took_s = time.perf_counter() - began
        own_s = took_s - _nested_s.get()
        _nested_s.reset(token)
        _nested_s.set(_nested_s.get() + took_s)
        STAGE_SECONDS.labels(stage=name).observe(own_s)
