"""What agents do: plain form posts, each done once however often it arrives."""

import hashlib
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.responses import RedirectResponse, Response

from bot.domain.errors import ConflictError, NotFoundError
from bot.storage.unit_of_work import UnitOfWork
from bot.text.control import strip_controls
from handoff.console.agents.cases import ActionProblem, CasePages, Filter, case_for
from handoff.console.base import Console, Visit, base_of, inner_path

MAX_CHARS = 4000
"""Of a reply or a note, in Unicode code points."""

_WRITTEN = frozenset({"reply", "note"})
_DONE: Mapping[str, str] = {
    "claim": "claimed",
    "reply": "replied",
    "note": "noted",
    "release": "released",
    "return": "returned",
    "resolve": "resolved",
}
_KEY = re.compile(r"[\w-]{8,64}", re.ASCII)


class Actions:
    """Handles the posts."""

    def __init__(self, console: Console, pages: CasePages) -> None:
        self._console = console
        self._pages = pages

    async def act(self, visit: Visit) -> Response:
        """Does it, then shows the case; says kindly what stood in the way.

        Raises:
            NotFoundError: no such action, or no such case on the agent's desks.
        """
        action: str = visit.request.path_params["action"]
        if action not in _DONE:
            raise NotFoundError(action)
        case_id: int = visit.request.path_params["case_id"]
        text = strip_controls(visit.form.get("text", "")).strip()
        shown = self._filter(visit)
        problem = self._refusal(visit, action, text)
        if problem is None:
            try:
                await self._console.deps.store.write(self._job(visit, action, case_id, text))
            except ConflictError as exc:
                problem = ActionProblem(text=self._conflict(visit, exc), status=409, draft=text, mode=action)
        if problem is not None:
            return await self._pages.show(visit, case_id, problem=problem, query=shown)
        query = shown.query(done=_DONE[action], **({"mode": "note"} if action == "note" else {}))
        return RedirectResponse(f"{base_of(visit.request)}/cases/{case_id}{query}", 303)

    async def look(self, visit: Visit) -> Response:
        """An action's address that is opened as a page (a reload, a bookmark) leads to the case."""
        return RedirectResponse(f"{base_of(visit.request)}/cases/{visit.request.path_params['case_id']}", 303)

    def _job(self, visit: Visit, action: str, case_id: int, text: str) -> Callable[[UnitOfWork], None]:
        desk, agent, now = self._console.deps.desk, visit.session.agent, self._console.deps.clock.now()
        # With the text in it, so that a message that was changed after going back in the browser is sent.
        content = hashlib.sha256(text.encode()).hexdigest()[:16]
        key = f"console:{agent.id}:{case_id}:{action}:{visit.form['key']}:{content}"

        def job(unit: UnitOfWork) -> None:
            case = case_for(unit, agent, case_id)
            if not unit.once(key, now):
                return
            conversation_id = case.conversation_id
            if unit.conversations.lock(conversation_id).case_id != case_id:
                raise ConflictError("closed")
            match action:
                case "claim":
                    desk.claim(unit, conversation_id, agent, now=now)
                case "reply":
                    desk.reply(unit, conversation_id, agent, text, now=now)
                case "note":
                    desk.note(unit, conversation_id, agent, text, now=now)
                case "release":
                    desk.release(unit, conversation_id, agent, now=now)
                case "return":
                    desk.give_back(unit, conversation_id, agent, now=now)
                case "resolve":
                    desk.resolve(unit, conversation_id, agent, now=now)

        return job

    @staticmethod
    def _refusal(visit: Visit, action: str, text: str) -> ActionProblem | None:
        """What is wrong with the post itself."""
        words = visit.words
        if not _KEY.fullmatch(visit.form.get("key", "")):
            return ActionProblem(text=words("refused.stale"), status=422, draft=text, mode=action)
        if action not in _WRITTEN:
            return None
        if not text:
            return ActionProblem(text=words(f"refused.empty_{action}"), status=422, mode=action)
        if len(text) > MAX_CHARS:
            too_long = words("refused.too_long", most=words.number(MAX_CHARS), n=words.number(len(text)))
            return ActionProblem(text=too_long, status=422, draft=text, mode=action)
        return None

    @staticmethod
    def _conflict(visit: Visit, conflict: ConflictError) -> str:
        words = visit.words
        if conflict.holder is not None:
            return words(f"conflict.{conflict.code}_by", name=conflict.holder)
        key = f"conflict.{conflict.code}"
        return words(key if words.has(key) else "conflict.moved_on")

    def _filter(self, visit: Visit) -> Filter:
        """The list that the agent was looking at."""
        back = inner_path(visit.form.get("back", ""), base_of(visit.request))
        return Filter.of(dict(parse_qsl(urlsplit(back).query)), visit.session.agent)
