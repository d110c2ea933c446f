"""The list of cases as the left column shows it: in groups, each sorted by what to do next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from bot.domain.agent import Agent
from bot.domain.case import Case, CaseStatus, Priority, QueueItem
from bot.domain.desk import Desk
from bot.domain.messages import Author
from handoff.clock.sla import SlaClock, next_due, sla_clocks
from handoff.console.agents.preview import one_line
from handoff.console.words import ConsoleWords

UTC = ZoneInfo("UTC")

_SHOWN_CHARS = 140


class Group(StrEnum):
    """Why a case is where it is in the list."""

    TODO = "todo"
    """Nobody has it, or the agent has it and the person spoke last."""
    AWAITING = "awaiting"
    """The agent has it and spoke last."""
    COLLEAGUES = "colleagues"
    BOT = "bot"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class ListedCase:
    """A case in the list.

    Args:
        name: the person's.
        text: the last line that somebody said.
        by: who said it: "user", "bot" or "agent".
        holder: name of the agent who has it.
        is_mine: the agent who looks has it.
        is_waiting: in the queue: it can be claimed.
        wants_answer: the person spoke last, and the next word is this agent's or anybody's.
        last_ms: when the last line was said; tells the browser what it has seen.
        since: how long it has waited, or when the last line was said.
        zone: the desk's.
        sla: the time limit that runs out next, None when none runs.
    """

    case_id: int
    number: str
    name: str | None
    text: str
    by: str
    priority: Priority
    desk: str
    channel: str
    language: str
    holder: str | None
    is_mine: bool
    is_waiting: bool
    wants_answer: bool
    undelivered: bool
    last_ms: int
    since: str
    since_exact: str
    zone: ZoneInfo
    sla: SlaClock | None


@dataclass(frozen=True)
class RowGroup:
    """Rows under one heading."""

    group: Group
    rows: tuple[ListedCase, ...]


@dataclass(frozen=True, kw_only=True)
class ListReader:
    """Who reads the list, and what is needed to put it in words.

    Args:
        desks: by id.
        render: the bot's Markdown as HTML, of which a row shows the text.
    """

    agent: Agent
    desks: Mapping[str, Desk]
    words: ConsoleWords
    render: Callable[[str], Markup]


def grouped(items: Sequence[QueueItem], reader: ListReader) -> list[RowGroup]:
    """The list, without empty groups."""
    by_group: dict[Group, list[QueueItem]] = {group: [] for group in Group}
    for item in items:
        by_group[_group(item, reader.agent)].append(item)
    for group, members in by_group.items():
        if group is not Group.RESOLVED:
            members.sort(key=_what_next)
    return [
        RowGroup(group, tuple(_row(item, group, reader) for item in members))
        for group, members in by_group.items()
        if members
    ]


def channel_name(account: str) -> str:
    """What a channel account is called: the kind in it, as a name."""
    return account.partition(":")[0].capitalize()


def zone_of(desk: str, desks: Mapping[str, Desk]) -> ZoneInfo:
    """A desk's time zone; UTC for one that the workspace has no more."""
    return desks[desk].timezone if desk in desks else UTC


def desk_name(desk: str, desks: Mapping[str, Desk], language: str) -> str:
    """A desk's name; its id when there is none."""
    return desks[desk].name.get(language, desk) if desk in desks else desk


def _group(item: QueueItem, agent: Agent) -> Group:
    if item.case.status is CaseStatus.RESOLVED:
        return Group.RESOLVED
    if item.case.status is CaseStatus.RETURNED:
        return Group.BOT
    if item.case.status is CaseStatus.CLAIMED:
        if item.case.agent_id != agent.id:
            return Group.COLLEAGUES
        return Group.AWAITING if item.last_author is Author.AGENT else Group.TODO
    return Group.TODO


def _what_next(item: QueueItem) -> tuple[int, datetime, datetime]:
    """Priority, then the service level that is overrun first, then who has waited longest."""
    rank = list(Priority).index(item.case.priority)
    return rank, next_due(item.case) or datetime.max.replace(tzinfo=UTC), _waits_since(item)


def _waits_since(item: QueueItem) -> datetime:
    return item.last_at if item.last_author is Author.USER else item.case.opened_at


def _row(item: QueueItem, group: Group, reader: ListReader) -> ListedCase:
    case, words = item.case, reader.words
    zone = zone_of(case.desk, reader.desks)
    since = _shown_since(item, group)
    return ListedCase(
        case_id=case.id,
        number=case.number,
        name=item.conversation.user_name,
        text=one_line(_html(item, reader.render), _SHOWN_CHARS),
        by=item.last_author.value,
        priority=case.priority,
        desk=desk_name(case.desk, reader.desks, words.language),
        channel=channel_name(item.conversation.account),
        language=item.conversation.language,
        holder=item.agent_name if case.status is CaseStatus.CLAIMED else None,
        is_mine=case.status is CaseStatus.CLAIMED and case.agent_id == reader.agent.id,
        is_waiting=case.status is CaseStatus.WAITING,
        wants_answer=group is Group.TODO and item.last_author is Author.USER,
        undelivered=item.undelivered,
        last_ms=int(item.last_at.timestamp() * 1000),
        since=words.span(words.now - since),
        since_exact=words.exact(since, zone),
        zone=zone,
        sla=None if group in (Group.RESOLVED, Group.BOT) else _running_clock(case, words.now),
    )


def _shown_since(item: QueueItem, group: Group) -> datetime:
    if group is Group.TODO:
        return _waits_since(item)
    return (group is Group.RESOLVED and item.case.resolved_at) or item.last_at


def _html(item: QueueItem, render: Callable[[str], Markup]) -> Markup:
    return render(item.last_text) if item.last_author is Author.BOT else escape(item.last_text)


def _running_clock(case: Case, now: datetime) -> SlaClock | None:
    return next((clock for clock in sla_clocks(case, now) if clock.is_running), None)
