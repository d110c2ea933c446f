"""Logging: one line for each event, a fixed text with fields, and nothing that a person wrote."""

import logging
import sys

import structlog

_NOISY = (
    "aiohttp",
    "alembic",
    "httpcore",
    "httpx",
    "procrastinate",
    "slack_bolt",
    "slack_sdk",
    "telegram",
    "uvicorn",
)


def set_up_logging(level: str) -> None:
    """Sends the log to standard error, readable on a terminal and as JSON elsewhere.

    Args:
        level: "DEBUG", "INFO", "WARNING" or "ERROR".
    """
    renderer: structlog.typing.Processor
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    else:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _NOISY:
        # At INFO some of these print addresses that hold a token.
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
