"""A Bot API server over real sockets, that counts what it is asked and fails when told to.

In a test: `async with FakeTelegram() as telegram: ...`. As a process of its own, for tests that kill
the bot: `python -m tests.channels.telegram.server --record sent.jsonl`; its first line of output is
its address, `/control/...` drives it, and each sendMessage is a line of the record, in order.
"""

import argparse
import asyncio
import json
import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import unescape
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TextIO

import httpx
from aiohttp import web

TOKEN = "8014520367:AAFakeFakeFakeFakeFakeFakeFakeFake12"
BOT_ID = int(TOKEN.partition(":")[0])

Json = dict[str, Any]

_TEXTS = frozenset({"text", "url", "secret_token", "file_id", "callback_query_id"})
_TAG = re.compile(r"<(/?)(b|strong|i|em|u|ins|s|strike|del|code|pre|a|span|tg-spoiler|blockquote)( [^<>]*)?>")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next calls of a method.

    Args:
        status: HTTP status to answer with; 0 lets the call through.
        description: Telegram's words.
        parameters: such as {"retry_after": 30} or {"migrate_to_chat_id": -100}.
        delay_s: seconds to wait before anything else.
        cut: close the connection before, or after, the call took effect.
        body: answer 200 with this instead.
        chat_id: only calls for this chat.
        times: how many calls.
    """

    status: int = 0
    description: str = "Internal Server Error"
    parameters: Json | None = None
    delay_s: float = 0.0
    cut: Literal["", "before", "after"] = ""
    body: str | None = None
    chat_id: int | None = None
    times: int = 1


@dataclass(frozen=True)
class Sent:
    """A sendMessage that took effect.

    Args:
        at: seconds since the epoch.
        message_id: what the bot got back.
        html: as sent; `text` is what a person sees.
    """

    at: float
    chat_id: int
    message_id: int
    html: str
    text: str
    parse_mode: str | None = None
    keyboard: list[list[Json]] = field(default_factory=list)
    link_preview_disabled: bool = False


class _ApiError(Exception):
    def __init__(self, status: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.answer: Json = {"ok": False, "error_code": status, "description": description}
        if parameters:
            self.answer["parameters"] = parameters
        self.status = status


class FakeTelegram:
    """One bot's side of Telegram.

    Args:
        token: the only one accepted.
        port: 0 takes a free one.
        record: file that gets a line of JSON for each message sent.
        latency_s: added to each call, as a network would.
    """

    def __init__(
        self, token: str = TOKEN, *, port: int = 0, record: Path | None = None, latency_s: float = 0.0
    ) -> None:
        self.token = token
        self.url = ""
        self.counts: Counter[str] = Counter()
        self.calls: list[tuple[str, Json]] = []
        self.sent: list[Sent] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        """Path and content by file_id."""
        self.blocked: set[int] = set()
        self.unknown: set[int] = set()
        self.webhook: Json | None = None
        self.webhook_answers: list[int] = []
        self._record_path = record
        self._record: TextIO | None = None
        self._latency_s = latency_s
        self._port = port
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._updates: list[Json] = []
        self._next_update_id = 700_000_001
        self._next_message_id = 1
        self._polls = 0
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._pusher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=50_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._api)
        app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        app.router.add_post("/control/{action}", self._control)
        app.router.add_get("/control/{action}", self._control)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        if self._record_path is not None:
            self._record = self._record_path.open("a", encoding="utf-8")
        self._pusher = asyncio.create_task(self._push_to_webhook())

    async def stop(self) -> None:
        if self._pusher is not None:
            self._pusher.cancel()
            await asyncio.gather(self._pusher, return_exceptions=True)
        self._polls += 1
        self._wake()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._record is not None:
            self._record.close()

    # What people do.

    def push(self, content: Mapping[str, Any], *, update_id: int | None = None) -> int:
        """Queues an update such as {"message": {...}} and returns its id."""
        if update_id is not None:
            self._next_update_id = update_id
        number = self._next_update_id
        self._next_update_id += 1
        self._updates.append({**content, "update_id": number})
        self._wake()
        return number

    def say(self, text: str, *, chat_id: int = 5001, language: str = "fr", **more: Any) -> int:
        """Somebody writes in a private chat; returns the id of the message."""
        message_id = self._message_id()
        person = {
            "id": chat_id,
            "is_bot": False,
            "first_name": f"Person {chat_id}",
            "language_code": language,
        }
        self.push(
            {
                "message": {
                    "message_id": message_id,
                    "from": person,
                    "chat": {"id": chat_id, "type": "private", "first_name": person["first_name"]},
                    "date": int(time.time()),
                    "text": text,
                    **more,
                }
            }
        )
        return message_id

    def press(self, value: str, *, under: Sent, query_id: str) -> None:
        """Somebody presses a button under a message that the bot sent."""
        chat = {"id": under.chat_id, "type": "private", "first_name": "Person"}
        self.push(
            {
                "callback_query": {
                    "id": query_id,
                    "from": {"id": under.chat_id, "is_bot": False, "first_name": "Person"},
                    "message": {
                        "message_id": under.message_id,
                        "from": {"id": BOT_ID, "is_bot": True, "first_name": "Relais"},
                        "chat": chat,
                        "date": int(under.at),
                        "text": under.text,
                        "reply_markup": {"inline_keyboard": under.keyboard},
                    },
                    "chat_instance": "1",
                    "data": value,
                }
            }
        )

    def fail(self, method: str, fault: Fault) -> None:
        """Makes the next calls of a method fail; "file" stands for downloads."""
        self._faults[method].append(fault)

    @property
    def waiting(self) -> int:
        """Updates that have not been acknowledged."""
        return len(self._updates)

    def sent_to(self, chat_id: int) -> list[Sent]:
        return [each for each in self.sent if each.chat_id == chat_id]

    # What the bot asks for.

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            form = await request.post()
        except ConnectionResetError:
            return _cut(request)
        parameters: Json = {key: _value(key, str(value)) for key, value in form.items()}
        self.counts[method] += 1
        self.calls.append((method, parameters))
        fault = self._fault(method, parameters)
        await asyncio.sleep(fault.delay_s + self._latency_s)
        if fault.cut == "before":
            return _cut(request)
        try:
            if request.match_info["token"] != self.token:
                raise _ApiError(401, "Unauthorized")
            if fault.status:
                raise _ApiError(fault.status, fault.description, fault.parameters)
            handler = getattr(self, f"_do_{method}", None)
            if handler is None:
                raise _ApiError(404, "Not Found")
            result = await handler(parameters)
        except _ApiError as exc:
            return web.json_response(exc.answer, status=exc.status)
        if fault.cut == "after":
            return _cut(request)
        if fault.body is not None:
            return web.Response(text=fault.body, content_type="application/json")
        return web.json_response({"ok": True, "result": result})

    async def _do_getMe(self, parameters: Json) -> Json:
        return {
            "id": BOT_ID,
            "is_bot": True,
            "first_name": "Relais",
            "username": "relais_test_bot",
            "can_join_groups": False,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    async def _do_getUpdates(self, parameters: Json) -> list[Json]:
        if self.webhook is not None:
            raise _ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self._polls += 1
        mine = self._polls
        self._wake()
        offset = int(parameters.get("offset") or 0)
        # An offset beyond the newest id is one from before a renumbering: nothing is acknowledged.
        if 0 < offset <= self._next_update_id:
            self._updates = [each for each in self._updates if each["update_id"] >= offset]
        deadline = time.monotonic() + float(parameters.get("timeout") or 0)
        while not self._updates and (left := deadline - time.monotonic()) > 0 and mine == self._polls:
            news = self._news
            try:
                await asyncio.wait_for(news.wait(), left)
            except TimeoutError:
                break
        if mine != self._polls:
            raise _ApiError(
                409,
                "Conflict: terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
            )
        return self._updates[: int(parameters.get("limit") or 100)]

    async def _do_sendMessage(self, parameters: Json) -> Json:
        chat_id = int(parameters["chat_id"])
        if chat_id in self.blocked:
            raise _ApiError(403, "Forbidden: bot was blocked by the user")
        if chat_id in self.unknown:
            raise _ApiError(400, "Bad Request: chat not found")
        html = str(parameters.get("text", ""))
        text = visible(html) if parameters.get("parse_mode") == "HTML" else html
        if not text.strip():
            raise _ApiError(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            raise _ApiError(400, "Bad Request: message is too long")
        keyboard = (parameters.get("reply_markup") or {}).get("inline_keyboard", [])
        _check(keyboard)
        sent = Sent(
            at=time.time(),
            chat_id=chat_id,
            message_id=self._message_id(),
            html=html,
            text=text,
            parse_mode=parameters.get("parse_mode"),
            keyboard=keyboard,
            link_preview_disabled=bool((parameters.get("link_preview_options") or {}).get("is_disabled")),
        )
        self.sent.append(sent)
        if self._record is not None:
            print(json.dumps(asdict(sent), ensure_ascii=False), file=self._record, flush=True)
        return {
            "message_id": sent.message_id,
            "from": await self._do_getMe({}),
            "chat": {"id": chat_id, "type": "private", "first_name": "Person"},
            "date": int(sent.at),
            "text": text,
        }

    async def _do_sendChatAction(self, parameters: Json) -> bool:
        return True

    async def _do_answerCallbackQuery(self, parameters: Json) -> bool:
        return True

    async def _do_setMyCommands(self, parameters: Json) -> bool:
        return True

    async def _do_editMessageReplyMarkup(self, parameters: Json) -> bool:
        _check((parameters.get("reply_markup") or {}).get("inline_keyboard", []))
        return True

    async def _do_setWebhook(self, parameters: Json) -> bool:
        self.webhook = parameters if parameters.get("url") else None
        self._wake()
        return True

    async def _do_deleteWebhook(self, parameters: Json) -> bool:
        self.webhook = None
        return True

    async def _do_getFile(self, parameters: Json) -> Json:
        file_id = str(parameters["file_id"])
        if file_id not in self.files:
            raise _ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, content = self.files[file_id]
        return {
            "file_id": file_id,
            "file_unique_id": f"u{file_id}",
            "file_size": len(content),
            "file_path": path,
        }

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self.counts["file"] += 1
        fault = self._fault("file", {})
        await asyncio.sleep(fault.delay_s)
        if fault.cut:
            return _cut(request)
        if fault.status:
            return web.Response(status=fault.status, headers={"Location": "http://127.0.0.1:9/elsewhere"})
        contents = dict(self.files.values())
        if request.match_info["token"] != self.token or request.match_info["path"] not in contents:
            return web.Response(status=404)
        return web.Response(body=contents[request.match_info["path"]])

    async def _control(self, request: web.Request) -> web.StreamResponse:
        """GET counts, sent; POST updates (a list of {"message": ...}), fault ({"method", ...})."""
        match request.method, request.match_info["action"]:
            case "GET", "counts":
                return web.json_response({**self.counts, "sent": len(self.sent), "waiting": self.waiting})
            case "GET", "sent":
                return web.json_response([asdict(each) for each in self.sent])
            case "POST", "updates":
                return web.json_response([self.push(each) for each in await request.json()])
            case "POST", "fault":
                given = await request.json()
                self.fail(given.pop("method"), Fault(**given))
                return web.json_response(True)
        return web.Response(status=404)

    async def _push_to_webhook(self) -> None:
        """Calls the webhook with one update at a time, again and again until it answers 2xx."""
        async with httpx.AsyncClient(timeout=10, verify=False) as client:
            while True:
                while self.webhook is None or not self._updates:
                    await self._news.wait()
                secret = str(self.webhook.get("secret_token", ""))
                update = self._updates[0]
                try:
                    answer = await client.post(
                        self.webhook["url"],
                        json=update,
                        headers={"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {},
                    )
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
                    continue
                self.webhook_answers.append(answer.status_code)
                if answer.is_success:
                    self._updates.remove(update)
                else:
                    await asyncio.sleep(0.05)

    def _fault(self, method: str, parameters: Json) -> Fault:
        faults = self._faults[method]
        for fault in faults:
            if fault.chat_id is None or fault.chat_id == parameters.get("chat_id"):
                faults.remove(fault)
                if fault.times > 1:
                    faults.appendleft(Fault(**{**asdict(fault), "times": fault.times - 1}))
                return fault
        return Fault()

    def _message_id(self) -> int:
        self._next_message_id += 1
        return self._next_message_id

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


def visible(html: str) -> str:
    """What a person sees of Telegram's HTML.

    Raises:
        _ApiError: 400, in Telegram's words, when the markup is not as Telegram wants it.
    """
    open_tags: list[str] = []
    text, at = "", 0
    for tag in _TAG.finditer(html):
        text += _between(html[at : tag.start()])
        at = tag.end()
        if not tag.group(1):
            open_tags.append(tag.group(2))
        elif not open_tags or open_tags.pop() != tag.group(2):
            raise _ApiError(400, f"Bad Request: can't parse entities: unexpected end tag at byte offset {at}")
    if open_tags:
        raise _ApiError(400, f"Bad Request: can't parse entities: can't find end tag of {open_tags[-1]}")
    return text + _between(html[at:])


def _between(html: str) -> str:
    if "<" in html:
        raise _ApiError(400, "Bad Request: can't parse entities: unsupported start tag")
    return unescape(html)


def _check(keyboard: list[list[Json]]) -> None:
    for button in (button for row in keyboard for button in row):
        if not button.get("text"):
            raise _ApiError(400, "Bad Request: text buttons are not allowed to be empty")
        if not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64:
            raise _ApiError(400, "Bad Request: BUTTON_DATA_INVALID")


def _value(key: str, given: str) -> Any:
    """Numbers, objects and lists come as JSON, texts bare."""
    if key in _TEXTS:
        return given
    if given[:1] in {"{", "["} or given in {"true", "false"} or re.fullmatch(r"-?[0-9]{1,18}", given):
        try:
            return json.loads(given)
        except ValueError:
            return given
    return given


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _serve(options: argparse.Namespace) -> None:
    record = Path(options.record) if options.record else None
    latency_s = options.latency_ms / 1000
    async with FakeTelegram(options.token, port=options.port, record=record, latency_s=latency_s) as telegram:
        print(telegram.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serves until killed."""
    parser = argparse.ArgumentParser(description="A Bot API server for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--record", help="file that gets a line of JSON for each message sent")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
