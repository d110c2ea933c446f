"""The endpoints of a desk's chat: the page, its posts, its events."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from bot.channels.base import Accept
from bot.channels.web.backend import ChatBackend, Snapshot
from bot.channels.web.page_language import PageLanguage
from bot.channels.web.pages import TEMPLATES
from bot.channels.web.parse import MAX_CHARS, MAX_FILE_BYTES, Post, PostError, UploadedFile, read_post
from bot.channels.web.render import lines
from bot.channels.web.stream import StreamPlaces, Streams, StreamsFullError, follow
from bot.channels.web.visitors import new_token, remember, token_of, visitor_of
from bot.domain.conversation import Owner
from bot.domain.errors import RetryLaterError
from bot.domain.messages import Attachment, Command, InboundKind, InboundMessage
from bot.http.shared.client_network import client_network
from bot.http.shared.language import remember_language
from bot.http.shared.origin import is_same_origin
from bot.http.shared.words import PageWords

MAX_LINES = 200
"""Entries that a page shows: the latest ones."""
SETTLE_S = 0.8
"""How long a page waits for an answer that is being made, so that it is complete without scripts."""
_OFFERED = frozenset({Command.HUMAN, Command.HELP})

logger = logging.getLogger(__name__)


class ChatPages:
    """The endpoints of one desk."""

    def __init__(
        self,
        desk: str,
        account: str,
        backend: ChatBackend,
        streams: Streams,
        places: StreamPlaces,
        accept: Accept,
    ) -> None:
        self._desk = desk
        self._path = f"/chat/{desk}"
        self._account = account
        self._backend = backend
        self._streams = streams
        self._places = places
        self._accept = accept

    async def show(self, request: Request) -> Response:
        """The page; a fresh chat begins with the bot's welcome."""
        token = token_of(request, self._desk) or new_token()
        visitor = visitor_of(token)
        snapshot = await self._read(visitor, 0)
        if snapshot.conversation is None and not _is_only_a_look(request):
            start = self._message(
                visitor,
                kind=InboundKind.COMMAND,
                key="start",
                language=self._language(request).of(None),
                value=Command.START,
            )
            await self._accept(start)
            snapshot = await self._read(visitor, 0)
        snapshot = await self._settled(visitor, snapshot)
        return self._page(request, token, snapshot)

    async def post(self, request: Request) -> Response:
        """A message, a press or a command."""
        if not is_same_origin(request):
            return await self._refused(request, PostError("cross_origin", 403))
        token = token_of(request, self._desk)
        if token is None:
            return await self._refused(request, PostError("no_cookie", 400))
        visitor = visitor_of(token)
        try:
            post = await read_post(request)
            await self._take(request, visitor, post)
        except PostError as exc:
            return await self._refused(request, exc)
        except ClientDisconnect:
            return Response(status_code=400)
        return JSONResponse({"status": "stored"}) if _by_script(request) else self._back()

    async def switch_language(self, request: Request) -> Response:
        """The page's switch; the bot is asked, in words, to follow."""
        if not is_same_origin(request):
            return await self._refused(request, PostError("cross_origin", 403))
        desk, token = self._backend.desk, token_of(request, self._desk)
        wanted = request.query_params.get("to", "")
        if wanted not in desk.languages:
            return await self._refused(request, PostError("malformed", 400))
        response = self._back()
        remember_language(response, request, wanted)
        if token is None:
            return response
        visitor = visitor_of(token)
        conversation = (await self._read(visitor, 0, limit=1)).conversation
        choice = PageLanguage(wanted, wanted, conversation.language if conversation else None)
        choice.keep(response, request, self._desk)
        if conversation and conversation.owner is Owner.BOT and conversation.language != wanted:
            say = PageWords(self._backend.phrases, wanted)
            key = f"language-{conversation.id}-{conversation.turn_no}-{wanted}"
            await self._store(
                self._message(
                    visitor, kind=InboundKind.TEXT, key=key, language=wanted, text=say("language.ask")
                )
            )
            self._streams.poke(visitor)
        return response

    async def events(self, request: Request) -> Response:
        """What is new in the chat, as it happens."""
        token = token_of(request, self._desk)
        cursor = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        if token is None or not (cursor.isdecimal() and cursor.isascii() and len(cursor) <= 18):
            return JSONResponse({"error": "malformed"}, status_code=400)
        network = client_network(request)
        try:
            self._places.check(network)
        except StreamsFullError as exc:
            logger.warning(
                "live page refused", extra={"account": self._account, "of_network": exc.of_network}
            )
            say = PageWords(self._backend.phrases, self._language(request).of(None))
            return JSONResponse(
                {"error": "too_many_pages", "message": say("error.too_many_pages")},
                status_code=429 if exc.of_network else 503,
                headers={"retry-after": "10", "cache-control": "no-store"},
            )
        return StreamingResponse(
            self._follow(request, visitor_of(token), int(cursor)),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _follow(self, request: Request, visitor: str, after: int) -> AsyncIterator[str]:
        speaks = self._language(request)
        with self._places.take(client_network(request)), self._streams.open(visitor) as stream:
            events = follow(
                stream,
                after=after,
                read=partial(self._read, visitor),
                watch=self._backend.watch,
                show=lambda snapshot: self._news(snapshot, speaks),
            )
            try:
                async for event in events:
                    yield event
            except Exception as exc:
                # The page connects again by itself, from its cursor.
                logger.warning("stream broke", extra={"account": self._account, "error": type(exc).__name__})
                logger.debug("stream broke", exc_info=True)

    async def _take(self, request: Request, visitor: str, post: Post) -> None:
        """Stores what the visitor did.

        Raises:
            PostError: the button is not there, or it could not be stored.
        """
        language = self._language(request).of(None)
        make = partial(self._message, visitor, key=post.key, language=language)
        if post.press is not None:
            entry_id, value = post.press
            label = await self._label(visitor, entry_id, value)
            message = make(kind=InboundKind.PRESS, text=label, value=value)
        elif post.command is not None:
            if post.command not in _OFFERED:
                raise PostError("malformed", 400)
            say = PageWords(self._backend.phrases, language)
            message = make(kind=InboundKind.COMMAND, text=say(f"chat.{post.command}"), value=post.command)
        else:
            attachments = tuple([await self._keep(file, post.text) for file in post.files])
            message = make(kind=InboundKind.TEXT, text=post.text, attachments=attachments)
        await self._store(message)
        self._streams.poke(visitor)

    async def _store(self, message: InboundMessage) -> None:
        try:
            await self._accept(message)
        except Exception as exc:
            # Whatever went wrong, it is not stored: the visitor is told, and the page can send it again.
            logger.error("message not stored", extra={"account": self._account, "error": type(exc).__name__})
            logger.debug("message not stored", exc_info=True)
            raise PostError("not_stored", 503, draft=message.text) from exc

    async def _keep(self, file: UploadedFile, draft: str) -> Attachment:
        try:
            remote_id = await self._backend.uploads.put(file.content)
        except RetryLaterError as exc:
            logger.warning("upload refused", extra={"account": self._account, "reason": exc.reason})
            raise PostError("not_stored", 503, draft=draft) from exc
        return Attachment(
            name=file.name, media_type=file.media_type, size_bytes=len(file.content), remote_id=remote_id
        )

    async def _label(self, visitor: str, entry_id: int, value: str) -> str:
        """What the button says: the transcript's word counts, not the page's.

        Raises:
            PostError: the visitor has no such button.
        """
        snapshot = await self._read(visitor, entry_id - 1)
        for entry in snapshot.entries:
            for button in entry.buttons if entry.id == entry_id else ():
                if button.value == value:
                    return button.label
        raise PostError("button_gone", 409)

    def _message(
        self,
        visitor: str,
        *,
        kind: InboundKind,
        key: str,
        language: str,
        text: str = "",
        value: str | None = None,
        attachments: tuple[Attachment, ...] = (),
    ) -> InboundMessage:
        return InboundMessage(
            account=self._account,
            kind=kind,
            key=f"{visitor}:{key}",  # one visitor's keys never meet another's
            chat=visitor,
            user=visitor,
            text=text,
            value=value,
            attachments=attachments,
            language=language,
            sent_at=datetime.now(UTC),
        )

    async def _read(self, visitor: str, after: int, *, limit: int = MAX_LINES) -> Snapshot:
        return await self._backend.read(self._account, visitor, after=after, limit=limit)

    async def _settled(self, visitor: str, snapshot: Snapshot) -> Snapshot:
        """Waits a moment for the answer, if one is being made."""
        if not snapshot.busy or snapshot.conversation is None:
            return snapshot
        with suppress(TimeoutError), self._backend.watch(snapshot.conversation.id) as event:
            async with asyncio.timeout(SETTLE_S):
                while snapshot.busy:
                    event.clear()
                    snapshot = await self._read(visitor, 0)
                    if snapshot.busy:
                        await event.wait()
        return snapshot

    def _language(self, request: Request) -> PageLanguage:
        return PageLanguage.read(request, self._desk, self._backend.desk.languages)

    def _page(
        self,
        request: Request,
        token: str,
        snapshot: Snapshot,
        *,
        problem: str | None = None,
        draft: str = "",
        status: int = 200,
    ) -> Response:
        speaks = self._language(request)
        values = self._shown(snapshot, speaks)
        desk, language = self._backend.desk, values["say"].language
        response = TEMPLATES.page(
            "chat.html",
            status=status,
            desk_name=desk.name.get(language, desk.id),
            languages=[each for each in desk.languages if each != language],
            partly=False,
            cursor=max((entry.id for entry in snapshot.entries), default=0),
            cut=len(snapshot.entries) >= MAX_LINES,
            key=secrets.token_urlsafe(12),
            problem=problem,
            draft=draft,
            max_chars=MAX_CHARS,
            max_file_bytes=MAX_FILE_BYTES,
            **values,
        )
        remember(response, request, self._desk, token)
        speaks.keep(response, request, self._desk)
        return response

    def _news(self, snapshot: Snapshot, speaks: PageLanguage) -> dict[str, object]:
        """The same for a page that is open."""
        values = self._shown(snapshot, speaks)
        return {
            "html": TEMPLATES.render("lines.html", partly=True, **values) if values["lines"] else "",
            "status": TEMPLATES.render("status.html", **values),
            "language": values["say"].language,
            "owner": values["owner"],
            "busy": values["busy"],
            "reload": len(snapshot.entries) >= MAX_LINES,
        }

    def _shown(self, snapshot: Snapshot, speaks: PageLanguage) -> dict[str, Any]:
        conversation, desk = snapshot.conversation, self._backend.desk
        language = speaks.of(conversation.language if conversation else None)
        owner = conversation.owner if conversation else Owner.BOT
        now = datetime.now(UTC)
        return {
            "say": PageWords(self._backend.phrases, language),
            "lines": lines(snapshot.entries, language=language, zone=desk.timezone, now=now),
            "today": now.astimezone(desk.timezone).date().isoformat(),
            "owner": str(owner),
            "busy": snapshot.busy and owner is Owner.BOT,
            "case": snapshot.case_number,
            "agent": snapshot.agent_name,
            "bot_name": desk.bot_name,
            "path": self._path,
            "key_for": lambda entry_id: f"{secrets.token_urlsafe(9)}-{entry_id}",
        }

    async def _refused(self, request: Request, error: PostError) -> Response:
        token = token_of(request, self._desk)
        logger.info("web post refused", extra={"account": self._account, "reason": error.code})
        if _by_script(request) or token is None or error.code == "cross_origin":
            speaks = self._language(request)
            say = PageWords(self._backend.phrases, speaks.of(None))
            problem = say(f"error.{error.code}", **error.values)
            if _by_script(request):
                return JSONResponse({"error": error.code, "message": problem}, status_code=error.status)
            return TEMPLATES.problem(
                status=error.status,
                say=say,
                title=say("error.title"),
                text=problem,
                link=(self._path, say("error.to_chat")),
            )
        snapshot = await self._read(visitor_of(token), 0)
        speaks = self._language(request)
        language = speaks.of(snapshot.conversation.language if snapshot.conversation else None)
        problem = PageWords(self._backend.phrases, language)(f"error.{error.code}", **error.values)
        return self._page(request, token, snapshot, problem=problem, draft=error.draft, status=error.status)

    def _back(self) -> Response:
        """To the page, at its end."""
        return RedirectResponse(f"{self._path}#end", status_code=303)


def _by_script(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _is_only_a_look(request: Request) -> bool:
    """Whether no one reads the page yet: a prefetch, or a HEAD."""
    return request.method == "HEAD" or "prefetch" in request.headers.get("sec-purpose", "")
