"""A desk: an audience and how it is served (hours, languages, service levels)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.case import Priority


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One desk, as `relais.toml` describes it.

    Args:
        id: short name, such as "it".
        name: by language.
        languages: in order of preference; the first is the default.
        bot_name: how the bot calls itself.
        timezone: in which the hours are meant.
        hours: by weekday (0 is Monday), the spans of local time in which people answer.
        holidays: local dates on which nobody does.
        emergency: by language, whom to call at words of danger ("appelez le 3333").
        reopen_after: a message this long after closing reopens the same case.
        idle_close: a conversation that the bot holds ends after this silence.
        first_response: business time until a person should have answered, by priority.
        resolution: business time until it should be resolved, by priority.
        channels: kinds of channel on which it answers where the settings name no desk.
    """

    id: str
    name: Mapping[str, str]
    languages: tuple[str, ...]
    bot_name: str
    timezone: ZoneInfo
    hours: Mapping[int, tuple[tuple[time, time], ...]]
    holidays: frozenset[date]
    emergency: Mapping[str, str]
    reopen_after: timedelta
    idle_close: timedelta
    first_response: Mapping[Priority, timedelta]
    resolution: Mapping[Priority, timedelta]
    channels: tuple[str, ...] = ()

    def day(self, moment: datetime) -> date:
        """The desk's own date at a moment, which is aware."""
        return moment.astimezone(self.timezone).date()
