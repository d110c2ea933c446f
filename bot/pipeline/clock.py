"""The system's clock."""

from datetime import UTC, datetime


class SystemClock:
    """`bot.pipeline.ports.Clock`."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)
