"""The web chats of a runtime, and what they read of the rest: content, transcript and changes."""

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bot.app import Runtime
from bot.channels.web.adapter import WebChannel
from bot.channels.web.backend import Snapshot, Uploads
from bot.channels.web.stream import StreamPlaces
from bot.channels.web.uploads import FolderUploads
from bot.content.desks_file import FILE as DESKS_FILE
from bot.content.desks_file import parse_desks
from bot.content.files import read_folder
from bot.domain.content import CurrentContent
from bot.domain.desk import Desk
from bot.i18n.phrases import Phrases
from bot.pipeline.changes import Changes
from bot.pipeline.channels import ChannelState
from bot.pipeline.ports import Clock, Store
from bot.storage.unit_of_work import UnitOfWork


def add_web_chats(runtime: Runtime) -> None:
    """Gives a runtime the web chat of each desk; workers need them too, to deliver what they decide."""
    _, _, desks = parse_desks(read_folder(runtime.settings.workspace)[DESKS_FILE])
    uploads = FolderUploads(runtime.settings.data_dir / "uploads")
    chats = [
        StoredChat(
            desk_id=desk,
            current=runtime.library,
            store=runtime.store,
            changes=runtime.changes,
            clock=runtime.clock,
            uploads=uploads,
        )
        for desk in desks
    ]
    places = StreamPlaces()
    runtime.channels.extend(
        ChannelState(WebChannel(chat.desk_id, chat, places), chat.desk_id) for chat in chats
    )


@dataclass(frozen=True, kw_only=True)
class StoredChat:
    """The chat of one desk on the database, a `bot.channels.web.backend.ChatBackend`.

    Args:
        desk_id: of the desk.
        current: describes the desk.
        store: has the transcripts.
        changes: tells of changed conversations.
        clock: tells the time.
        uploads: keeps what visitors send along.
    """

    desk_id: str
    current: CurrentContent
    store: Store
    changes: Changes
    clock: Clock
    uploads: Uploads

    @property
    def desk(self) -> Desk:
        return self.current.desks[self.desk_id]

    @property
    def phrases(self) -> Phrases:
        return self.current.phrases

    def watch(self, conversation_id: int, /) -> AbstractContextManager[asyncio.Event]:
        return self.changes.watch(conversation_id)

    async def read(self, account: str, visitor: str, /, *, after: int, limit: int) -> Snapshot:
        def job(unit: UnitOfWork) -> Snapshot:
            conversation = unit.conversations.current(account, visitor, visitor)
            if conversation is None:
                return Snapshot(conversation=None)
            waiting = unit.inbox.next(conversation.id)
            case_id, agent_id = conversation.case_id, conversation.agent_id
            return Snapshot(
                conversation=conversation,
                entries=unit.transcripts.read_chat(account, visitor, visitor, after=after, limit=limit),
                busy=waiting is not None and conversation.parked is None,
                case_number=None if case_id is None else unit.cases.get(case_id).number,
                agent_name=None if agent_id is None else unit.agents.get(agent_id).name,
            )

        return await self.store.read(job)
