"""Conversations that are not handled: seen by agents, and tried again."""

from collections.abc import Mapping, Sequence

from starlette.responses import RedirectResponse, Response

from bot.domain.agent import Agent
from bot.domain.conversation import ParkedConversation, ParkedReason
from bot.domain.desk import Desk
from bot.storage.unit_of_work import UnitOfWork
from handoff.console.agents.queue import channel_name, desk_name, zone_of
from handoff.console.base import Console, Visit, base_of

LISTED = 200


class ParkedPages:
    """Shows what is parked on the agent's desks, and on desks that exist no more: those are nobody's."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def show(self, visit: Visit) -> Response:
        """The page; holds nothing that people wrote."""
        desks, agent = self._console.deps.current.desks, visit.session.agent
        found = await self._console.deps.store.read(lambda unit: parked_for(unit, agent, desks))
        return self._console.page(
            visit.request,
            "parked.html",
            visit.words,
            session=visit.session,
            parked=found,
            is_full=len(found) >= LISTED,
            can_retry=any(each.reason is ParkedReason.FAILING for each in found),
            channel=channel_name,
            desk=lambda desk: desk_name(desk, desks, visit.words.language),
            zone=lambda desk: zone_of(desk, desks),
        )

    async def retry(self, visit: Visit) -> Response:
        """Those that kept failing are handled again; the others wait for their desk."""
        desks, agent = self._console.deps.current.desks, visit.session.agent

        def job(unit: UnitOfWork) -> None:
            failing = [
                each.id for each in parked_for(unit, agent, desks) if each.reason is ParkedReason.FAILING
            ]
            unit.conversations.resume(failing)
            for conversation_id in failing:
                unit.wake(conversation_id)
                unit.changed(conversation_id)

        await self._console.deps.store.write(job)
        return RedirectResponse(f"{base_of(visit.request)}/parked", 303)


def parked_for(unit: UnitOfWork, agent: Agent, desks: Mapping[str, Desk]) -> Sequence[ParkedConversation]:
    """What an agent sees of it."""
    return unit.conversations.parked(limit=LISTED, without=_of_others(agent, desks))


def parked_count(unit: UnitOfWork, agent: Agent, desks: Mapping[str, Desk]) -> int:
    """How many an agent may see."""
    return sum(unit.conversations.parked_counts(without=_of_others(agent, desks)).values())


def _of_others(agent: Agent, desks: Mapping[str, Desk]) -> Sequence[str]:
    return [desk for desk in desks if desk not in agent.desks]
