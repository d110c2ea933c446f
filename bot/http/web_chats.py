"""What the web chat reads of the rest, and its channels for each desk."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.app import Runtime
from bot.channels.web.adapter import WebChannel
from bot.channels.web.host import Host, Snapshot
from bot.channels.web.uploads import FolderUploads
from bot.content.desks_file import FILE as DESKS_FILE
from bot.content.desks_file import parse_desks
from bot.content.files import read_folder
from bot.pipeline.channels import ChannelState
from bot.storage.unit_of_work import UnitOfWork


def add_web_chats(runtime: Runtime) -> None:
    """Gives a runtime the web chat of each desk; workers need them too, to deliver what they decide."""
    _, _, desks = parse_desks(read_folder(runtime.settings.workspace)[DESKS_FILE])
    runtime.channels.extend(_chats(runtime, desks))


def _chats(runtime: Runtime, desks: Iterable[str]) -> Iterable[ChannelState]:
    uploads = FolderUploads(runtime.settings.data_dir / "uploads")
    for desk in desks:
        host = Host(
            desk=lambda desk=desk: runtime.library.desks[desk],  # type: ignore[misc]
            phrases=lambda: runtime.library.phrases,
            read=_Reader(runtime),
            watch=runtime.changes.watch,
            uploads=uploads,
        )
        yield ChannelState(WebChannel(desk, host), desk)


@dataclass(frozen=True)
class _Reader:
    """`bot.channels.web.host.ReadChat` on the database."""

    runtime: Runtime

    async def __call__(self, account: str, visitor: str, /, *, after: int, limit: int) -> Snapshot:
        return await self.runtime.store.read(
            lambda unit: self._snapshot(unit, account, visitor, after=after, limit=limit)
        )

    def _snapshot(self, unit: UnitOfWork, account: str, visitor: str, *, after: int, limit: int) -> Snapshot:
        conversation = unit.conversations.current(account, visitor, visitor)
        if conversation is None:
            return Snapshot(conversation=None)
        waiting = unit.inbox.next(conversation.id, self.runtime.clock.now())
        case_id, agent_id = conversation.case_id, conversation.agent_id
        return Snapshot(
            conversation=conversation,
            entries=unit.transcripts.read_chat(account, visitor, visitor, after=after, limit=limit),
            busy=waiting is not None,
            case_number=None if case_id is None else unit.cases.get(case_id).number,
            agent_name=None if agent_id is None else unit.agents.get(agent_id).name,
        )
