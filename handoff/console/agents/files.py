"""What people attached: downloads that no browser runs."""

from urllib.parse import quote

from starlette.responses import Response

from bot.domain.errors import NotFoundError
from bot.storage.unit_of_work import UnitOfWork
from handoff.console.agents.cases import LARGEST_ID
from handoff.console.base import Console, Visit

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


class Files:
    """Hands out attachments to the agents of their desk."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def download(self, visit: Visit) -> Response:
        """The bytes, as a file to save; a picture says so, so that a page may show it.

        Raises:
            NotFoundError: none there, or of another desk.
        """
        agent, attachment_id = visit.session.agent, visit.request.path_params["attachment_id"]

        def read(unit: UnitOfWork) -> tuple[str, bytes]:
            if attachment_id > LARGEST_ID:
                raise NotFoundError(f"attachment {attachment_id}")
            conversation_id, name, _, content = unit.transcripts.attachment(attachment_id)
            conversation = unit.conversations.get(conversation_id)
            if conversation.case_id is None or conversation.desk not in agent.desks:
                raise NotFoundError(f"attachment {attachment_id}")
            return name, content

        name, content = await self._console.deps.store.read(read)
        return Response(
            content,
            # By its own first bytes, never by what the sender called it.
            media_type=image_type(content) or "application/octet-stream",
            headers={
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "Cache-Control": "private, max-age=3600",
            },
        )


def image_type(content: bytes) -> str | None:
    """The media type of a picture that browsers show safely; None for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in _SIGNATURES.items() if content.startswith(mark)), None)
