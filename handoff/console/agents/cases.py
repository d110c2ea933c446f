"""The pages of agents: the list, and a case with everything about it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from starlette.responses import Response

from bot.domain.agent import Agent
from bot.domain.case import Case, QueueItem
from bot.domain.conversation import Conversation, Owner
from bot.domain.desk import Desk
from bot.domain.errors import NotFoundError
from bot.domain.transcript import TranscriptLine
from bot.storage.unit_of_work import UnitOfWork
from handoff.clock.sla import sla_clocks
from handoff.console.agents import thread
from handoff.console.agents.fingerprints import case_version, list_version
from handoff.console.agents.parked import parked_count
from handoff.console.agents.queue import ListReader, channel_name, desk_name, grouped, zone_of
from handoff.console.base import Console, Visit, base_of
from handoff.desk.brief import make_brief

LISTED = 200
READ = 500
"""Lines of a transcript shown; the latest."""

LARGEST_ID = 2**31 - 1
"""What the databases' integers hold."""

NOTICES = frozenset({"claimed", "replied", "noted", "released", "returned", "resolved"})


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which cases the list shows.

    Args:
        desk: only this one; None for all of the agent's.
    """

    resolved: bool = False
    desk: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], agent: Agent) -> "Filter":
        """From a page's address; what makes no sense is left out."""
        desk = query.get("desk")
        return cls(resolved=query.get("view") == "resolved", desk=desk if desk in agent.desks else None)

    def query(self, **more: str) -> str:
        """As the query of an address, with its question mark; empty when there is nothing to say."""
        given = {"view": "resolved"} if self.resolved else {}
        if self.desk:
            given["desk"] = self.desk
        found = urlencode(given | more)
        return f"?{found}" if found else ""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A case with all that its page shows."""

    case: Case
    conversation: Conversation
    entries: Sequence[TranscriptLine]
    history: Sequence[tuple[datetime, str, str | None]]
    others: Sequence[Case]
    holder: str | None


@dataclass(frozen=True, kw_only=True)
class ActionProblem:
    """What an action could not do.

    Args:
        text: in the agent's language.
        status: of the response.
        draft: what was typed and is not sent.
        mode: the form it was typed in: "reply" or "note".
    """

    text: str
    status: int
    draft: str = ""
    mode: str = "reply"


class CasePages:
    """Shows the list and cases."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def index(self, visit: Visit) -> Response:
        """The list, with no case open."""
        return await self.show(visit, None)

    async def case(self, visit: Visit) -> Response:
        """The list and a case."""
        return await self.show(visit, visit.request.path_params["case_id"])

    async def show(
        self,
        visit: Visit,
        case_id: int | None,
        *,
        problem: ActionProblem | None = None,
        query: Filter | None = None,
    ) -> Response:
        """The page.

        Args:
            problem: what the action before it could not do.
            query: which cases to list; by default as the address says.

        Raises:
            NotFoundError: no such case on the agent's desks.
        """
        agent = visit.session.agent
        params = visit.request.query_params
        shown = query or Filter.of(params, agent)

        desks = self._console.deps.current.desks

        def read(unit: UnitOfWork) -> tuple[Sequence[QueueItem], int, Opened | None]:
            items, parked = listing(unit, agent, shown), parked_count(unit, agent, desks)
            return items, parked, None if case_id is None else open_case(unit, agent, case_id)

        items, parked, opened = await self._console.deps.store.read(read)
        part = params.get("part")
        template = {"list": "list.html", "case": "case.html"}.get(part or "", "console.html")
        context = self._list(visit, items, shown, opened) | {
            "problem": problem,
            "opened": None,
            "parked": parked,
        }
        if opened is not None:
            # In a thread: somebody may have written much.
            found = self._console.deps.entities
            brief = await asyncio.to_thread(make_brief, opened.case, opened.entries, found)
            context |= self._case(visit, opened) | {"brief": brief}
        done = params.get("done", "")
        context["notice"] = visit.words(f"done.{done}") if done in NOTICES and problem is None else None
        context["panel"] = "side" if params.get("panel") == "side" else "thread"
        context["draft"] = params.get("mode", "reply") if problem is None else problem.mode
        response = self._console.page(
            visit.request, template, visit.words, status=problem.status if problem else 200, **context
        )
        if problem is not None and case_id is not None:
            response.headers["HX-Push-Url"] = f"{base_of(visit.request)}/cases/{case_id}{shown.query()}"
        return response

    def _list(
        self, visit: Visit, items: Sequence[QueueItem], shown: Filter, opened: Opened | None
    ) -> dict[str, object]:
        desks, words, agent = self._console.deps.current.desks, visit.words, visit.session.agent
        reader = ListReader(agent=agent, desks=desks, words=words, render=self._console.deps.render)
        groups = grouped(items, reader)
        where = f"/cases/{opened.case.id}" if opened else "/"
        base = base_of(visit.request)
        return {
            "session": visit.session,
            "knowledge": self._knowledge(opened.case.desk if opened else shown.desk, visit),
            "groups": groups,
            "todo": sum(len(each.rows) for each in groups if each.group == "todo"),
            "is_full": len(items) >= LISTED,
            "filter": shown,
            "desk_names": {desk: desk_name(desk, desks, words.language) for desk in agent.desks},
            "here": f"{base}{where}",
            "events": f"{base}/events{shown.query(**({'case': str(opened.case.id)} if opened else {}))}",
            "seen": f"{list_version(items)}.{_version_of(opened)}",
        }

    def _knowledge(self, desk: str | None, visit: Visit) -> str | None:
        """Where to look something up: at the desk in view, in the agent's language."""
        path = self._console.deps.knowledge
        if path is None:
            return None
        where = desk or next(iter(visit.session.agent.desks), "")
        return f"{path}/{quote(where)}?lang={visit.words.language}"

    def _case(self, visit: Visit, opened: Opened) -> dict[str, object]:
        deps, words, agent = self._console.deps, visit.words, visit.session.agent
        desks = deps.current.desks
        case, conversation = opened.case, opened.conversation
        zone = zone_of(case.desk, desks)
        return {
            "opened": opened,
            "case": case,
            "conversation": conversation,
            "stage": stage_of(opened, agent),
            "blocks": thread.blocks(
                opened.entries,
                words=words,
                zone=zone,
                own_name=agent.name,
                render=deps.render,
                articles=f"{base_of(visit.request)}/articles/{quote(case.desk)}",
            ),
            "is_cut": len(opened.entries) >= READ,
            "clocks": sla_clocks(case, words.now),
            "zone": zone,
            "channel": channel_name(conversation.account),
            "desk": desk_name(case.desk, desks, words.language),
            "bot_name": desks[case.desk].bot_name if case.desk in desks else "",
            "reopens_until": _reopens_until(conversation, desks),
        }


def _version_of(opened: Opened | None) -> str:
    return "" if opened is None else case_version(opened.conversation, opened.case, opened.entries)


def listing(unit: UnitOfWork, agent: Agent, shown: Filter) -> Sequence[QueueItem]:
    """The cases that an agent sees."""
    desks = (shown.desk,) if shown.desk else agent.desks
    return unit.cases.listing(desks, resolved=shown.resolved, limit=LISTED)


def case_for(unit: UnitOfWork, agent: Agent, case_id: int) -> Case:
    """The case.

    Raises:
        NotFoundError: there is none on the agent's desks.
    """
    if case_id > LARGEST_ID:
        raise NotFoundError(f"case {case_id}")
    case = unit.cases.get(case_id)
    if case.desk not in agent.desks:
        raise NotFoundError(f"case {case_id}")
    return case


def open_case(unit: UnitOfWork, agent: Agent, case_id: int) -> Opened:
    """Everything about a case.

    Raises:
        NotFoundError: there is none on the agent's desks.
    """
    case = case_for(unit, agent, case_id)
    conversation = unit.conversations.get(case.conversation_id)
    others = [each for each in unit.cases.of_person(case.person_id) if each.id != case.id]
    return Opened(
        case=case,
        conversation=conversation,
        entries=unit.transcripts.read(conversation.id, limit=READ),
        history=unit.cases.history(case.id),
        others=[each for each in others if each.desk in agent.desks],
        holder=None if conversation.agent_id is None else unit.agents.get(conversation.agent_id).name,
    )


def stage_of(opened: Opened, agent: Agent) -> str:
    """What this agent can do with a case: "queue", "mine", "colleague", "bot", "closed", or "past" when
    the conversation has a newer case."""
    conversation = opened.conversation
    if conversation.case_id != opened.case.id:
        return "past"
    if conversation.owner is Owner.AGENT:
        return "mine" if conversation.agent_id == agent.id else "colleague"
    return conversation.owner.value


def _reopens_until(conversation: Conversation, desks: Mapping[str, Desk]) -> datetime | None:
    if conversation.closed_at is None or conversation.desk not in desks:
        return None
    return conversation.closed_at + desks[conversation.desk].reopen_after
