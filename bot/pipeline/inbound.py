"""From a message that arrived to a turn that is committed: `accept`, then `drain`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from bot.channels.base import Accepted
from bot.domain.case import HandoffReason, HandoffRequest
from bot.domain.conversation import Conversation, Owner, ParkedReason
from bot.domain.desk import Desk
from bot.domain.messages import Attachment, Fetched, InboundMessage, StoredInbound
from bot.domain.turn import Decision, TurnResult, Why
from bot.pipeline.ports import Clock, Dialogue, HandoffDesk, Store
from bot.pipeline.timers import IDLE_TIMER, TimerRunner
from bot.storage.conversations import is_held
from bot.storage.unit_of_work import UnitOfWork, is_database_trouble
from bot.telemetry import metrics
from bot.text.control import storable

log = logging.getLogger(__name__)

_SILENT = TurnResult(decision=Decision.NONE, why=Why(rule="a_person_has_it"))
_TRIES = 3
_DECIDING_THREADS = 4
"""They encode together, but contend for the interpreter's lock."""
_RETRY_AFTER = (timedelta(seconds=1), timedelta(seconds=5))
"""After each failure of one message but the last."""
_PAUSES = (*_RETRY_AFTER, timedelta(seconds=30), timedelta(minutes=2))
"""After each failure of a conversation that no message answers for; then it is parked."""

Fetch = Callable[[str, Attachment], Awaitable[bytes]]
"""Downloads an attachment of a channel account."""

ShowTyping = Callable[[str, str], None]
"""Shows in a chat of an account that an answer is being prepared; returns at once."""


@dataclass(frozen=True)
class Dialogues:
    """The dialogue of each release that a conversation may be on."""

    for_release: Callable[[int | None], Awaitable[Dialogue]]
    """None asks for the newest; raises NotFoundError."""
    newest_release: Callable[[], int | None]


@dataclass(frozen=True)
class _Work:
    conversation: Conversation
    inbound: StoredInbound


class _LostRaceError(Exception):
    """Another commit was quicker; what was decided no longer fits."""


class Inbound:
    """Stores what arrives and handles it, one conversation at a time and in order.

    Args:
        store: the database.
        dialogues: decide what the bot says.
        agent_desk: takes over what the bot hands to people.
        desk_id: the id of the desk that a channel account reaches.
        desks: of the newest content, by id.
        fetch: downloads attachments.
        show_typing: called when the bot begins to decide.
        clock: tells the time.
    """

    def __init__(
        self,
        *,
        store: Store,
        dialogues: Dialogues,
        agent_desk: HandoffDesk,
        desk_id: Callable[[str], str],
        desks: Callable[[], Mapping[str, Desk]],
        fetch: Fetch,
        show_typing: ShowTyping,
        clock: Clock,
    ) -> None:
        self._store = store
        self._dialogues = dialogues
        self._agent_desk = agent_desk
        self._desk_id = desk_id
        self._desks = desks
        self._timers = TimerRunner(agent_desk, desks)
        self._fetch = fetch
        self._show_typing = show_typing
        self._clock = clock
        self._deciding = ThreadPoolExecutor(_DECIDING_THREADS, thread_name_prefix="decide")

    async def accept(self, message: InboundMessage) -> Accepted:
        """Stores a message once. It is safe on disk when this returns, and only then acknowledged."""
        message = _clean(message)
        now = self._clock.now()
        accepted = await self._store.write(lambda unit: self._accept(unit, message, now))
        metrics.INBOUND.labels(account=message.account, outcome=accepted).inc()
        return accepted

    async def drain(self, conversation_id: int) -> None:
        """Handles everything that waits in a conversation; safe to call at any time, from anywhere."""
        try:
            await self._drain(conversation_id)
        except Exception as exc:
            await self._set_back(conversation_id, exc)

    async def _drain(self, conversation_id: int) -> None:
        now = self._clock.now()
        conversation, waiting = await self._store.read(lambda unit: _look(unit, conversation_id, now))
        if is_held(conversation.parked, conversation.retry_at, now):
            return
        work = None if waiting is None else _Work(conversation, waiting)
        if work is None:
            await self._store.write(lambda unit: self._timers.run(unit, conversation_id, now))
        while work is not None:
            if self._lacks_desk(work.conversation):
                await self._park(work.conversation, now)
                return
            work = await self._handle(work)

    def _lacks_desk(self, conversation: Conversation) -> bool:
        """Whether only a desk that does not exist could answer; people who have it go on without one."""
        return not conversation.is_with_people and conversation.desk not in self._desks()

    async def _park(self, conversation: Conversation, now: datetime) -> None:
        """Its messages wait, in order, until there is such a desk."""
        reason = ParkedReason.UNKNOWN_DESK
        await self._store.write(
            lambda unit: unit.conversations.park(conversation.id, reason, problem=None, now=now)
        )
        extra = {"conversation": conversation.id, "desk": conversation.desk}
        log.warning("conversation parked: no such desk", extra=extra)

    async def _set_back(self, conversation_id: int, exc: Exception) -> None:
        """Handling raised, at whatever stage: the conversation backs off, and is parked in the end.

        Raises in its turn when the database is away, or the conversation is gone.
        """
        now = self._clock.now()
        problem = type(exc).__name__

        def record(unit: UnitOfWork) -> bool:
            desk, tries, is_held_already = unit.conversations.failures(conversation_id, now)
            if is_held_already:
                return False
            if desk not in self._desks():
                unit.conversations.park(conversation_id, ParkedReason.UNKNOWN_DESK, problem=None, now=now)
            elif is_database_trouble(exc):  # counts for nothing
                at = now + _PAUSES[0]
                unit.conversations.set_back(conversation_id, tries=tries, retry_at=at, problem=problem)
            elif tries < len(_PAUSES):
                at = now + _PAUSES[tries]
                unit.conversations.set_back(conversation_id, tries=tries + 1, retry_at=at, problem=problem)
            else:
                unit.conversations.park(conversation_id, ParkedReason.FAILING, problem=problem, now=now)
            unit.changed(conversation_id)
            return True

        if await self._store.write(record):
            log.error("conversation failed", exc_info=exc, extra={"conversation": conversation_id})

    @metrics.stage("accept")
    def _accept(self, unit: UnitOfWork, message: InboundMessage, now: datetime) -> Accepted:
        conversation = unit.conversations.current(message.account, message.chat, message.user, lock=True)
        if conversation is None or self._is_over(conversation, now):
            if unit.inbox.known(message):
                return Accepted.DUPLICATE
            conversation = self._begin(unit, message, conversation, now)
        if unit.inbox.add(message, conversation.id, now) is None:
            return Accepted.DUPLICATE
        unit.conversations.schedule(conversation.id)
        unit.wake(conversation.id)
        unit.changed(conversation.id)
        return Accepted.STORED

    def _is_over(self, conversation: Conversation, now: datetime) -> bool:
        return conversation.owner is Owner.CLOSED and not self._agent_desk.reopens(conversation, now)

    def _begin(
        self, unit: UnitOfWork, message: InboundMessage, after: Conversation | None, now: datetime
    ) -> Conversation:
        desk = self._desks()[self._desk_id(message.account)]
        language = message.language if message.language in desk.languages else desk.languages[0]
        conversation = unit.conversations.open(message, after=after, desk=desk.id, language=language, now=now)
        unit.timers.set(conversation, IDLE_TIMER, now + desk.idle_close)
        return conversation

    async def _handle(self, work: _Work) -> _Work | None:
        """One message; returns the next one, if any waits."""
        now = self._clock.now()
        try:
            work = replace(work, inbound=await self._with_attachments(work.inbound))
            result = await self._decide(work, now)
            return await self._store.write(lambda unit: self._commit(unit, work, result, now))
        except _LostRaceError:
            return await self._store.read(lambda unit: _next(unit, work.conversation.id, now))
        except Exception as exc:
            if is_database_trouble(exc):
                raise  # no fault of the message's
            problem = f"{type(exc).__name__}: {exc}"[:500]
            following = await self._store.write(lambda unit: self._fail(unit, work, problem, now))
            log.exception(
                "turn failed", extra={"conversation": work.conversation.id, "tries": work.inbound.tries}
            )
            return following

    async def _with_attachments(self, inbound: StoredInbound) -> StoredInbound:
        """Downloads what came with the message before anything is decided, outside any transaction."""
        if not inbound.message.attachments:
            return inbound
        fetched = [await self._fetched(inbound.message.account, item) for item in inbound.message.attachments]
        await self._store.write(lambda unit: unit.inbox.keep(inbound.id, fetched))
        return inbound

    async def _fetched(self, account: str, attachment: Attachment) -> Fetched:
        try:
            return Fetched(attachment=attachment, content=await self._fetch(account, attachment))
        except Exception as exc:
            log.warning("attachment not fetched", extra={"account": account, "error": type(exc).__name__})
            return Fetched(attachment=attachment, problem=f"{type(exc).__name__}: {exc}"[:200])

    async def _decide(self, work: _Work, now: datetime) -> TurnResult | None:
        """What the bot makes of it; None when people have the conversation and their desk is unknown."""
        conversation = work.conversation
        if not conversation.is_with_people:
            self._show_typing(conversation.account, conversation.chat)
        elif conversation.desk not in self._desks():
            return None
        dialogue = await self._dialogues.for_release(conversation.release_id)
        decide = metrics.stage("decide")(
            partial(dialogue.decide, conversation, work.inbound.message, now=now)
        )
        result = await asyncio.get_running_loop().run_in_executor(self._deciding, decide)
        if conversation.owner is Owner.CLOSED and conversation.case_id is not None:
            # A thank-you does not reopen a case; anything else goes back to the people who had it.
            return result if result.decision is Decision.SMALLTALK else None
        return result

    @metrics.stage("commit")
    def _commit(
        self, unit: UnitOfWork, work: _Work, result: TurnResult | None, now: datetime
    ) -> _Work | None:
        before = work.conversation
        unit.conversations.wait_for_others(before.id)
        if result is None:
            after = self._to_people(unit, work, now)
        elif before.is_with_people:
            after = self._beside_people(unit, work, result, now)
        else:
            after = self._to_bot(unit, work, result, now)
        unit.inbox.finish(work.inbound.id)
        after = replace(after, tries=0, retry_at=None, parked=None)
        if not unit.conversations.save(after):
            raise _LostRaceError
        unit.turns.add(after, work.inbound.id, result or _SILENT, now)
        unit.changed(before.id)
        waiting = unit.inbox.next(before.id)
        return None if waiting is None else _Work(replace(after, fence=after.fence + 1), waiting)

    def _to_people(self, unit: UnitOfWork, work: _Work, now: datetime) -> Conversation:
        conversation = replace(work.conversation, turn_no=work.conversation.turn_no + 1)
        if conversation.owner is Owner.CLOSED:
            conversation = self._agent_desk.reopen(unit, conversation, now=now)
        self._agent_desk.relay(unit, conversation, work.inbound.message, now=now)
        return conversation

    def _beside_people(
        self, unit: UnitOfWork, work: _Work, result: TurnResult, now: datetime
    ) -> Conversation:
        """What the bot says while people have the conversation, or are awaited."""
        conversation = replace(self._to_people(unit, work, now), state=result.state)
        if result.handoff is not None:
            self._agent_desk.alarm(unit, conversation, result.handoff, now=now)
        elif conversation.owner is Owner.AGENT:
            return conversation  # Nothing but danger is spoken of while an agent has it.
        for reply in result.replies:
            unit.outbox.add(conversation, reply, turn_no=conversation.turn_no, now=now)
        if result.waiting is not None:
            return self._agent_desk.attend(unit, conversation, result.waiting, now=now)
        return conversation

    def _to_bot(self, unit: UnitOfWork, work: _Work, result: TurnResult, now: datetime) -> Conversation:
        conversation = work.conversation
        if conversation.owner is Owner.CLOSED and conversation.case_id is None:
            conversation = conversation.handed_to(Owner.BOT)
        conversation = replace(
            conversation,
            turn_no=conversation.turn_no + 1,
            state=result.state,
            language=result.language or conversation.language,
            language_chosen=conversation.language_chosen or result.language_chosen,
            release_id=(conversation.release_id or self._dialogues.newest_release())
            if result.in_flow
            else None,
        )
        metrics.TURNS.labels(desk=conversation.desk, decision=result.decision).inc()
        if result.feedback is not None:
            unit.turns.feedback(conversation.id, result.feedback, now)
        if result.handoff is not None:
            return self._agent_desk.receive(
                unit, conversation, result.handoff, replies=result.replies, now=now
            )
        if result.close:
            conversation = conversation.handed_to(Owner.CLOSED, now=now)
        for reply in result.replies:
            unit.outbox.add(conversation, reply, turn_no=conversation.turn_no, now=now)
        return conversation

    def _fail(self, unit: UnitOfWork, work: _Work, problem: str, now: datetime) -> _Work | None:
        """Backs off; at the end sets the message aside and fetches a person, and later messages go on."""
        inbound = work.inbound
        if inbound.tries + 1 < _TRIES:
            unit.inbox.failed(inbound.id, problem=problem)
            unit.conversations.set_back(
                inbound.conversation_id,
                tries=work.conversation.tries,
                retry_at=now + _RETRY_AFTER[inbound.tries],
                problem=problem.partition(":")[0],
            )
        else:
            unit.inbox.set_aside(inbound.id, problem=problem)
            conversation = unit.conversations.lock(inbound.conversation_id)
            if conversation.owner is Owner.BOT:
                request = HandoffRequest(reason=HandoffReason.FAILURE, summary=inbound.message.text[:200])
                queued = self._agent_desk.receive(unit, conversation, request, now=now)
                unit.conversations.save(replace(queued, tries=0, retry_at=None))
            unit.wake(inbound.conversation_id)
        unit.conversations.reschedule(inbound.conversation_id)
        unit.changed(inbound.conversation_id)
        return None


def _next(unit: UnitOfWork, conversation_id: int, now: datetime) -> _Work | None:
    conversation, waiting = _look(unit, conversation_id, now)
    return None if waiting is None else _Work(conversation, waiting)


def _look(unit: UnitOfWork, conversation_id: int, now: datetime) -> tuple[Conversation, StoredInbound | None]:
    """The conversation, and the message that it is to handle now."""
    # The conversation first: a commit between the two reads then leaves an old fence, never a handled message
    # under a new one.
    conversation = unit.conversations.get(conversation_id)
    if is_held(conversation.parked, conversation.retry_at, now):
        return conversation, None
    return conversation, unit.inbox.next(conversation_id)


_Text = TypeVar("_Text", InboundMessage, Attachment)


def _clean(message: InboundMessage) -> InboundMessage:
    """Takes out what no database stores as text, from every field that holds text."""
    attachments = [_storable_fields(item) for item in message.attachments]
    cleaned = _storable_fields(message)
    return replace(
        cleaned,
        user_name=None if cleaned.user_name is None else cleaned.user_name[:200],
        attachments=tuple(replace(item, name=item.name[:200]) for item in attachments),
    )


def _storable_fields(item: _Text) -> _Text:
    texts = ((each.name, getattr(item, each.name)) for each in fields(item))
    cleaned: dict[str, Any] = {name: storable(value) for name, value in texts if type(value) is str}
    return replace(item, **cleaned)
