"""What is counted and timed; `/metrics` shows it."""

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
CHANNEL_UP = Gauge("relais_channel_up", "1 while a channel is connected", ["account"])
