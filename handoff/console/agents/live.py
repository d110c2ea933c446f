"""Live pages: a stream of server-sent events that says which part of a page is out of date."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

from starlette.responses import Response, StreamingResponse

from bot.domain.errors import NotFoundError
from bot.storage.unit_of_work import UnitOfWork
from handoff.console.agents.cases import READ, Filter, case_for, listing
from handoff.console.agents.fingerprints import case_version, list_version
from handoff.console.base import ENDED, Console, Visit
from handoff.console.login.sessions import agent_of

HEARTBEAT_S = 15.0
"""Proxies close a stream that says nothing for longer; also how soon an ended session is noticed."""
_TICK_BEATS = 4
"""Every so many heartbeats the page is read anew, so that its relative times stay true."""
_GATHER_S = 0.2
"""Changes come in bursts: they are sent together."""
_REST_S = 0.8
"""Between two looks: however much happens, a page costs about one look a second."""


class Live:
    """Keeps open pages up to date."""

    def __init__(self, console: Console, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._console = console
        self._heartbeat_s = heartbeat_s

    async def events(self, visit: Visit) -> Response:
        """The stream of one page.

        Raises:
            NotFoundError: its case is on no desk of the agent.
        """
        params, agent, store = visit.request.query_params, visit.session.agent, self._console.deps.store
        case_id, conversation_id = None, None
        if (asked := params.get("case", "")).isdecimal():
            case = await store.read(lambda unit: case_for(unit, agent, int(asked)))
            case_id, conversation_id = case.id, case.conversation_id
        seen = visit.request.headers.get("last-event-id") or params.get("seen", "")
        watcher = _Watcher(self._console, visit, case_id, seen)
        return StreamingResponse(
            self._stream(watcher, conversation_id),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _stream(self, watcher: "_Watcher", conversation_id: int | None) -> AsyncIterator[str]:
        deps = self._console.deps
        yield "retry: 3000\n\n"
        with ExitStack() as stack:
            anything = stack.enter_context(deps.changes.watch(None))
            this_case = asyncio.Event()
            if conversation_id is not None:
                this_case = stack.enter_context(deps.changes.watch(conversation_id))
            anything.set()  # what changed between the page and this stream
            this_case.set()
            beats = 0
            while not deps.closing.is_set():
                woken = await _first(anything, deps.closing, timeout_s=self._heartbeat_s)
                if deps.closing.is_set():
                    return
                if not await watcher.is_logged_in():
                    yield ENDED
                    return
                if woken:
                    await _first(deps.closing, timeout_s=_GATHER_S)
                    also_case = this_case.is_set()
                    anything.clear()
                    this_case.clear()
                    news = await watcher.news(also_case=also_case)
                else:
                    beats += 1
                    news = list(watcher.parts) if beats % _TICK_BEATS == 0 else []
                yield "".join(watcher.event(name) for name in news) or ": still here\n\n"
                if woken:
                    await _first(deps.closing, timeout_s=_REST_S)


class _Watcher:
    """What one page has seen.

    Args:
        seen: the versions of its list and its case, as the page gave them.
    """

    def __init__(self, console: Console, visit: Visit, case_id: int | None, seen: str) -> None:
        self._console = console
        self._session = visit.session
        self._case_id = case_id
        self._filter = Filter.of(visit.request.query_params, visit.session.agent)
        self._list, _, self._case = seen.partition(".")
        self.parts: tuple[str, ...] = ("list",) if case_id is None else ("list", "case")

    async def is_logged_in(self) -> bool:
        """Whether the session still stands."""
        now, token = self._console.deps.clock.now(), self._session.token
        return await self._console.deps.store.read(lambda unit: agent_of(unit, token, now)) is not None

    async def news(self, *, also_case: bool) -> list[str]:
        """The parts that changed since the page was last notified.

        Args:
            also_case: look at the case, too.
        """
        before = {"list": self._list, "case": self._case}
        self._list = await self._console.deps.store.read(self._list_version)
        if also_case and self._case_id is not None:
            self._case = await self._console.deps.store.read(self._case_version)
        return [name for name, now in (("list", self._list), ("case", self._case)) if before[name] != now]

    def event(self, name: str) -> str:
        """One event; its id is what the page has seen then, which the browser tells when it comes back."""
        return f"id: {self._list}.{self._case}\nevent: {name}\ndata: 1\n\n"

    def _list_version(self, unit: UnitOfWork) -> str:
        return list_version(listing(unit, self._session.agent, self._filter))

    def _case_version(self, unit: UnitOfWork) -> str:
        assert self._case_id is not None
        try:
            case = case_for(unit, self._session.agent, self._case_id)
            conversation = unit.conversations.get(case.conversation_id)
        except NotFoundError:
            return "gone"
        return case_version(conversation, case, unit.transcripts.read(conversation.id, limit=READ))


async def _first(*events: asyncio.Event, timeout_s: float) -> bool:
    """Waits for one of them; False when none came in time."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for task in waiting:
            task.cancel()
