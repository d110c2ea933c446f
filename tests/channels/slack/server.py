"""A Slack of our own on a local port: Web API, Socket Mode, files, and a sender of signed requests.

It keeps what is posted, counts calls, refuses what Slack would refuse, and fails when told to.
"""

import asyncio
import io
import json
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

TEAM, BOT_USER, BOT, USER, OTHER = "T061EG9R6", "U0LAN0Z89", "B0LAN0Z8A", "U2147483697", "U0G9QF9C6"
CHANNEL, DIRECT = "C061EG9SL", "D024BE91L"
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = (
    "xoxb-2154-8812-k9Qf",
    "xapp-1-A0LAN-77-ab12",
    "8f742231b10e8888abcd99yyyzzz85a5",
)
FIXTURES = Path(__file__).parent / "fixtures"

Json = dict[str, Any]


def fixture(name: str) -> Json:
    """A payload as Slack sends it."""
    loaded: Json = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True, kw_only=True)
class Fault:
    """How one call goes wrong.

    Args:
        status: HTTP status of the answer; 200 with `error` for Slack's own kind of failure.
        error: the word in {"ok": false, "error": ...}; None sends a page of HTML.
        retry_after: that header.
        works: what was asked is done all the same, such as before a cut connection.
        cut: the connection is closed with no answer.
        delay_s: wait before answering.
    """

    status: int = 200
    error: str | None = None
    retry_after: str | None = None
    works: bool = False
    cut: bool = False
    delay_s: float = 0.0


@dataclass
class FakeSlack:
    """The server; `async with FakeSlack() as slack` runs it on a free port.

    Args:
        strict: refuse blocks that break the documented limits.
    """

    strict: bool = True
    calls: "Counter[str]" = field(default_factory=Counter)
    arguments: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    messages: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    faults: dict[str, "deque[Fault | None]"] = field(default_factory=lambda: defaultdict(deque))
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    file_infos: dict[str, Json] = field(default_factory=dict)
    users: dict[str, Json] = field(default_factory=dict)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    refused_tickets: set[str] = field(default_factory=set)
    acknowledged: dict[str, Json] = field(default_factory=dict)
    file_requests: list[Json] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._changed = asyncio.Condition()
        self._next_ts = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_get("/link", self._socket)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        assert self._runner.addresses
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in self.sockets:
            if not socket.closed:
                await socket.close()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """For the setting api_url."""
        return f"http://127.0.0.1:{self.port}/api/"

    def fail(self, method: str, *faults: Fault | None) -> None:
        """The next calls of a method go wrong, one fault each; None for one that goes right."""
        self.faults[method].extend(faults)

    def posted(self, channel: str) -> list[Json]:
        """What the bot has said there."""
        return [message for message in self.messages[channel] if message.get("bot_id") == BOT]

    def say(
        self, channel: str, text: str, *, user: str = USER, ts: str | None = None, thread: str | None = None
    ) -> str:
        """Puts somebody's message into a channel's history and returns its ts; sends no event."""
        ts = ts or self._ts()
        said = {"type": "message", "user": user, "text": text, "ts": ts}
        self.messages[channel].append({**said, **({"thread_ts": thread} if thread else {})})
        return ts

    async def until(self, reached: Callable[[], object], *, timeout_s: float = 60) -> None:
        """Waits until `reached()` is true; looked at after each call."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(lambda: bool(reached()))

    async def push(self, payload: Json, *, kind: str = "events_api", envelope: str, retry: int = 0) -> None:
        """Sends an envelope down one open socket."""
        sent = {"envelope_id": envelope, "type": kind, "payload": payload, "accepts_response_payload": True}
        if retry:
            sent |= {"retry_attempt": retry, "retry_reason": "timeout"}
        await next(socket for socket in self.sockets if not socket.closed).send_json(sent)

    # The Web API

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await self._read(request)
        self.calls[method] += 1
        self.arguments[method].append(arguments)
        fault = self.faults[method].popleft() if self.faults[method] else None
        try:
            if fault is None:
                return web.json_response(self._answer(request, method, arguments))
            if fault.works:
                self._answer(request, method, arguments)
        finally:
            await self._tell()
        await asyncio.sleep(fault.delay_s)
        if fault.cut and request.transport is not None:
            request.transport.close()
        headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
        if fault.error is None:
            return web.Response(
                status=fault.status, text="<html></html>", content_type="text/html", headers=headers
            )
        return web.json_response({"ok": False, "error": fault.error}, status=fault.status, headers=headers)

    async def _read(self, request: web.Request) -> Json:
        if request.content_type == "application/json":
            loaded: Json = await request.json()
            return loaded
        form: Json = dict(request.query)
        form.update(await request.post())
        return form

    def _answer(self, request: web.Request, method: str, arguments: Json) -> Json:
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if request.headers.get("Authorization") != f"Bearer {wanted}":
            return {"ok": False, "error": "invalid_auth"}
        handler = getattr(self, "_" + method.replace(".", "_").lower(), None)
        if handler is None:
            return {"ok": False, "error": "unknown_method"}
        answer: Json = handler(arguments)
        return {"ok": "error" not in answer, **answer}

    def _auth_test(self, _: Json) -> Json:
        return {
            "url": "https://demo.slack.com/",
            "team": "Demo",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
            "is_enterprise_install": False,
        }

    def _chat_postmessage(self, arguments: Json) -> Json:
        channel = arguments["channel"]
        if channel not in self.messages and not channel.startswith(("C", "D")):
            return {"error": "channel_not_found"}
        problem = broken_limit(arguments) if self.strict else None
        if problem:
            return {"error": problem}
        ts = self._ts()
        kept: Json = {
            key: arguments[key] for key in ("text", "blocks", "thread_ts", "metadata") if key in arguments
        }
        message: Json = {"type": "message", "user": BOT_USER, "bot_id": BOT, "ts": ts, **kept}
        self.messages[channel].append(message)
        return {"channel": channel, "ts": ts, "message": message}

    def _chat_update(self, arguments: Json) -> Json:
        for message in self.messages[arguments["channel"]]:
            if message["ts"] == arguments["ts"]:
                message.update(blocks=arguments["blocks"], text=arguments["text"])
                return {"channel": arguments["channel"], "ts": arguments["ts"]}
        return {"error": "message_not_found"}

    def _conversations_history(self, arguments: Json) -> Json:
        roots = [m for m in self.messages[arguments["channel"]] if m.get("thread_ts", m["ts"]) == m["ts"]]
        return self._page(roots[::-1], arguments)

    def _conversations_replies(self, arguments: Json) -> Json:
        ts = arguments["ts"]
        thread = [m for m in self.messages[arguments["channel"]] if ts in (m["ts"], m.get("thread_ts"))]
        return self._page(thread, arguments) if thread else {"error": "thread_not_found"}

    def _page(self, messages: list[Json], arguments: Json) -> Json:
        root = arguments.get("ts")
        oldest = float(arguments.get("oldest") or 0)
        found = [m for m in messages if float(m["ts"]) > oldest or m["ts"] == root]
        if arguments.get("include_all_metadata") not in ("true", "1"):
            found = [{key: value for key, value in m.items() if key != "metadata"} for m in found]
        at, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
        more = at + limit < len(found)
        cursor = str(at + limit) if more else ""
        return {
            "messages": found[at : at + limit],
            "has_more": more,
            "response_metadata": {"next_cursor": cursor},
        }

    def _conversations_open(self, arguments: Json) -> Json:
        return {"channel": {"id": DIRECT if arguments["users"] == USER else f"D{arguments['users'][1:]}"}}

    def _users_info(self, arguments: Json) -> Json:
        user = self.users.get(arguments["user"])
        return {"user": user} if user else {"error": "user_not_found"}

    def _files_info(self, arguments: Json) -> Json:
        info = self.file_infos.get(arguments["file"])
        return {"file": info} if info else {"error": "file_not_found"}

    def _apps_connections_open(self, _: Json) -> Json:
        return {"url": f"ws://127.0.0.1:{self.port}/link?ticket=t{self.calls['apps.connections.open']}"}

    def _ts(self) -> str:
        self._next_ts += 1
        return f"{int(time.time())}.{self._next_ts:06d}"

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # Files and sockets

    async def _file(self, request: web.Request) -> web.Response:
        self.file_requests.append(dict(request.headers))
        content = self.files.get(request.match_info["name"])
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        if content is None:
            return web.Response(status=404)
        return web.Response(body=content[0], content_type=content[1])

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        if request.query["ticket"] in self.refused_tickets:
            raise web.HTTPNotFound
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json(
            {"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0LAN0Z88"}}
        )
        await self._tell()
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                answer = json.loads(message.data)
                self.acknowledged[answer["envelope_id"]] = answer
                await self._tell()
        return socket


def broken_limit(arguments: Json) -> str | None:
    """Slack's word for what is wrong with a message's blocks, by the documented limits."""
    blocks = arguments.get("blocks") or []
    if not blocks and not arguments.get("text"):
        return "no_text"
    if len(blocks) > 50:
        return "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > 13_200 + 200 * len(blocks):
        return "msg_blocks_too_long"
    for block in blocks:
        limits = {"header": 150, "section": 3000}
        texts = [block["text"]["text"]] if "text" in block else []
        texts += [each["text"] for each in block.get("elements", []) if isinstance(each.get("text"), str)]
        labels = [each["text"]["text"] for each in block.get("elements", []) if each["type"] == "button"]
        if any(not 1 <= len(text) <= limits.get(block["type"], 3000) for text in texts):
            return "invalid_blocks"
        if any(not 1 <= len(label) <= 75 for label in labels) or len(block.get("elements", [])) > 25:
            return "invalid_blocks"
        if block["type"] == "context" and len(block["elements"]) > 10:
            return "invalid_blocks"
    return None


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Slack's side of HTTP: posts signed requests to the bot.

    Args:
        url: the bot's address for events.
        secret: the signing secret.
    """

    url: str
    secret: str = SIGNING_SECRET

    async def event(self, payload: object, **headers: str) -> "Answer":
        """Sends an event."""
        return await self.raw(json.dumps(payload).encode(), "application/json", **headers)

    async def interaction(self, payload: object, **headers: str) -> "Answer":
        """Sends a press of a button."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.raw(body, "application/x-www-form-urlencoded", **headers)

    async def command(self, form: Json, **headers: str) -> "Answer":
        """Sends a slash command."""
        return await self.raw(urlencode(form).encode(), "application/x-www-form-urlencoded", **headers)

    async def raw(self, body: bytes, content_type: str, **headers: str) -> "Answer":
        """Sends any body, signed; underscores of header names become dashes, "" leaves a header out."""
        timestamp = headers.pop("x_slack_request_timestamp", str(int(time.time())))
        signed = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self.secret, timestamp, body),
        }
        signed |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        kept = {name: value for name, value in signed.items() if value}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=io.BytesIO(body), headers=kept) as answer,
        ):
            return Answer(status=answer.status, text=await answer.text())


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the bot answered."""

    status: int
    text: str


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's signature of a body, even of one that is not UTF-8."""
    signature = SignatureVerifier(secret).generate_signature(
        timestamp=timestamp, body=body.decode("utf-8", errors="replace")
    )
    assert signature is not None
    return signature
