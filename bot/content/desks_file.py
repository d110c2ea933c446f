"""`relais.toml`: the desks of a workspace."""

import tomllib
from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.channels.registry import PLATFORMS
from bot.domain.case import Priority
from bot.domain.desk import Desk
from bot.domain.errors import ContentError, ContentErrors
from kb_index.decision.thresholds import DEFAULT_TARGET

FILE = "relais.toml"

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _span(value: object) -> tuple[time, time]:
    try:
        opens, closes = (time.fromisoformat(part.strip()) for part in str(value).split("-"))
    except ValueError:
        raise ValueError(f"{value!r} is not a span of hours such as 08:30-12:30") from None
    if opens >= closes:
        raise ValueError(f"{value!r} ends before it begins")
    return opens, closes


def _day(value: str) -> str:
    if value not in _DAYS:
        raise ValueError(f"{value!r} is not a day; days are {', '.join(_DAYS)}")
    return value


def _platform(value: str) -> str:
    kinds = [platform.kind for platform in PLATFORMS]
    if value not in kinds:
        raise ValueError(f"{value!r} is no platform; platforms are {', '.join(kinds)}")
    return value


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is not a time zone such as Europe/Paris") from None


Span = Annotated[tuple[time, time], BeforeValidator(_span)]
Day = Annotated[str, AfterValidator(_day)]
Platform = Annotated[str, AfterValidator(_platform)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Minutes = Annotated[int, Field(gt=0, le=60 * 24 * 365)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _DeskSection(_Section):
    name: dict[str, str]
    bot_name: str = "Relais"
    timezone: Zone
    hours: dict[Day, list[Span]]
    holidays: list[date] = []
    emergency: dict[str, str]
    reopen_hours: Annotated[int, Field(ge=0)] = 72
    idle_close_hours: Annotated[int, Field(gt=0)] = 24
    first_response_minutes: dict[Priority, Minutes]
    resolution_minutes: dict[Priority, Minutes]
    channels: list[Platform] = []


class _OrganisationSection(_Section):
    name: str
    languages: Annotated[list[str], Field(min_length=1)]
    wrong_answers: Annotated[float, Field(ge=0.005, le=0.5)] = DEFAULT_TARGET
    desks: Annotated[dict[str, _DeskSection], Field(min_length=1)]


def parse_desks(text: str) -> tuple[str, tuple[str, ...], Mapping[str, Desk]]:
    """Reads `relais.toml`: the organisation's name, its languages, its desks by id.

    Raises:
        ContentErrors: all that is wrong, with lines.
    """
    try:
        file = _OrganisationSection.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise ContentErrors(
            [ContentError(FILE, getattr(exc, "lineno", None), f"not valid TOML: {exc}")]
        ) from exc
    except ValidationError as exc:
        raise ContentErrors([_located(error, text) for error in exc.errors()]) from exc
    languages = tuple(file.languages)
    problems = [
        ContentError(
            FILE, _line_of(text, ("desks", desk_id, field)), f"desk {desk_id}: `{field}` lacks {language!r}"
        )
        for desk_id, section in file.desks.items()
        for field in ("name", "emergency")
        for language in languages
        if language not in getattr(section, field)
    ]
    problems += _claimed_twice(file.desks, text)
    if problems:
        raise ContentErrors(problems)
    return file.name, languages, {key: _desk(key, section, languages) for key, section in file.desks.items()}


def _claimed_twice(desks: Mapping[str, _DeskSection], text: str) -> list[ContentError]:
    """One error for each platform that a desk claims after another one has."""
    problems = []
    claimed: dict[str, str] = {}
    for desk_id, section in desks.items():
        for platform in section.channels:
            if claimed.setdefault(platform, desk_id) != desk_id:
                line = _line_of(text, ("desks", desk_id, "channels"))
                problem = f"desk {desk_id}: {platform} is of the desk {claimed[platform]} already"
                problems.append(ContentError(FILE, line, problem))
    return problems


def parse_target(text: str) -> float:
    """The share of the answers given that may be wrong, of a `relais.toml` that `parse_desks` accepts."""
    return _OrganisationSection.model_validate(tomllib.loads(text)).wrong_answers


def _desk(desk_id: str, section: _DeskSection, languages: tuple[str, ...]) -> Desk:
    return Desk(
        id=desk_id,
        name=section.name,
        languages=languages,
        bot_name=section.bot_name,
        timezone=section.timezone,
        hours={_DAYS.index(day): tuple(spans) for day, spans in section.hours.items()},
        holidays=frozenset(section.holidays),
        emergency=section.emergency,
        reopen_after=timedelta(hours=section.reopen_hours),
        idle_close=timedelta(hours=section.idle_close_hours),
        first_response=_times(section.first_response_minutes),
        resolution=_times(section.resolution_minutes),
        channels=tuple(section.channels),
    )


def _times(minutes: Mapping[Priority, int]) -> Mapping[Priority, timedelta]:
    return {priority: timedelta(minutes=value) for priority, value in minutes.items()}


def _located(error: Any, text: str) -> ContentError:
    path = tuple(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    return ContentError(FILE, _line_of(text, path), f"{'.'.join(path)}: {message}")


def _line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line of the deepest part of a key's path that is found in the file."""
    lines = text.splitlines()
    start = 0
    found: int | None = None
    for depth, part in enumerate(path):
        header = ".".join(path[: depth + 1])
        for number in range(start, len(lines)):
            line = lines[number].strip()
            if line.startswith((f"[{header}]", f"{part} ", f"{part}=")):
                start, found = number, number + 1
                break
    return found
