"""The webhook on a real web server, called by hand and by the Bot API server."""

import json
import logging
import socket
from typing import Any

import httpx
import pytest

from bot.channels.telegram.adapter import TelegramChannel
from bot.channels.telegram.settings import TelegramSettings
from bot.domain.messages import InboundKind
from tests.channels.telegram.conftest import SECRET, Inbox, Open, WebServer, load, until
from tests.channels.telegram.server import TOKEN, FakeTelegram

HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


def webhook(web: WebServer) -> dict[str, Any]:
    return {"webhook_url": web.url, "webhook_secret": SECRET}


async def post(web: WebServer, content: object, headers: dict[str, str] | None = None) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    async with httpx.AsyncClient() as client:
        return await client.post(
            f"{web.url}/telegram/webhook", content=body, headers=HEADERS if headers is None else headers
        )


@pytest.mark.asyncio
async def test_opening_tells_telegram_where_to_call(
    open_channel: Open, telegram: FakeTelegram, web: WebServer
) -> None:
    async with open_channel(**webhook(web)) as channel:
        assert channel.account == "telegram:8014520367"
        assert not channel.pulls
        assert telegram.webhook is not None
        assert telegram.webhook["url"] == f"{web.url}/telegram/webhook"
        assert telegram.webhook["secret_token"] == SECRET
        assert telegram.webhook["max_connections"] == 1
        assert telegram.webhook["allowed_updates"] == ["message", "edited_message", "callback_query"]


@pytest.mark.asyncio
async def test_what_people_do_arrives_once_and_in_order(
    open_channel: Open, telegram: FakeTelegram, web: WebServer, inbox: Inbox
) -> None:
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        for number in range(20):
            telegram.say(str(number))
        await until(lambda: telegram.waiting == 0)
        assert inbox.texts == [str(number) for number in range(20)]
        assert telegram.webhook_answers == [200] * 20


@pytest.mark.asyncio
async def test_what_could_not_be_stored_is_asked_for_again(
    open_channel: Open, telegram: FakeTelegram, web: WebServer, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    inbox.failures = 2
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        telegram.say("ma centrale fuit")
        await until(lambda: telegram.waiting == 0)
    assert telegram.webhook_answers == [500, 500, 200]
    assert inbox.texts == ["ma centrale fuit"]
    assert "update not stored" in caplog.text
    assert "centrale" not in caplog.text


@pytest.mark.asyncio
async def test_repeated_and_reordered_updates_keep_their_keys(
    open_channel: Open, web: WebServer, inbox: Inbox
) -> None:
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        names = ["photo", "text", "edited_text", "press", "text", "press", "photo", "edited_text"]
        for number, name in enumerate(names):
            answer = await post(web, {**load(name), "update_id": 1 + number})
            assert answer.status_code == 200
    assert [(message.kind, message.reference) for message in inbox.messages] == [
        (InboundKind.TEXT, "103"),
        (InboundKind.TEXT, "101"),
        (InboundKind.EDIT, "101"),
        (InboundKind.PRESS, "120"),
    ]
    assert inbox.tries == len(names)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Telegram-Bot-Api-Secret-Token": ""},
        {"X-Telegram-Bot-Api-Secret-Token": SECRET + "x"},
        {"X-Telegram-Bot-Api-Secret-Token": SECRET[:-1]},
        {"Authorization": SECRET},
    ],
)
async def test_without_the_secret_nobody_is_heard(
    open_channel: Open, web: WebServer, inbox: Inbox, headers: dict[str, str]
) -> None:
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        assert (await post(web, load("text"), headers)).status_code == 401
        assert (await post(web, b"[" * 100_000, headers)).status_code == 401
    assert inbox.tries == 0


@pytest.mark.asyncio
async def test_a_secret_of_odd_bytes_is_wrong_not_a_crash(
    open_channel: Open, web: WebServer, inbox: Inbox
) -> None:
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{web.url}/telegram/webhook",
                content=b"{}",
                headers=[(b"X-Telegram-Bot-Api-Secret-Token", b"\xe9\xff")],
            )
    assert answer.status_code == 401


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"message": {}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"update_id": 1, "message": ' + b'{"chat":' * 100_000 + b"1" + b"}" * 100_001,
    ],
)
async def test_what_is_no_update_is_a_400(
    open_channel: Open, web: WebServer, inbox: Inbox, body: bytes
) -> None:
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        assert (await post(web, body)).status_code == 400
        assert (await post(web, load("text"))).status_code == 200
    assert inbox.texts == ["Bonjour, ma centrale vapeur fuit 😟"]


@pytest.mark.asyncio
async def test_a_body_over_a_megabyte_is_a_413(open_channel: Open, web: WebServer, inbox: Inbox) -> None:
    long = load("text")
    long["message"]["text"] = "x" * 1_000_001
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        assert (await post(web, long)).status_code == 413
        long["message"]["text"] = "x" * 990_000
        assert (await post(web, long)).status_code == 200
    assert [len(text) for text in inbox.texts] == [990_000]


@pytest.mark.asyncio
async def test_a_body_that_hides_its_length_is_a_413(
    open_channel: Open, web: WebServer, inbox: Inbox
) -> None:
    async def chunks() -> Any:
        for _ in range(40):
            yield b"x" * 50_000

    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{web.url}/telegram/webhook", content=chunks(), headers=HEADERS, timeout=5
            )
    assert answer.status_code == 413


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "name", ["reaction", "my_chat_member", "business_message", "group", "pinned", "from_bot"]
)
async def test_what_nobody_expected_is_acknowledged_with_a_log_line(
    open_channel: Open, web: WebServer, inbox: Inbox, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        assert (await post(web, load(name))).status_code == 200
    assert inbox.tries == 0
    assert [record for record in caplog.records if record.message == "update ignored"]


@pytest.mark.asyncio
async def test_a_malformed_message_does_not_make_telegram_repeat_it(
    open_channel: Open, web: WebServer, inbox: Inbox
) -> None:
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        assert (await post(web, {"update_id": 1, "message": {"message_id": 1}})).status_code == 200
    assert inbox.tries == 0


@pytest.mark.asyncio
async def test_a_caller_who_hangs_up_is_nothing(open_channel: Open, web: WebServer, inbox: Inbox) -> None:
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        host, port = web.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            head = ["POST /telegram/webhook HTTP/1.1", "Host: x", "Content-Length: 900"]
            head += [f"{name}: {value}" for name, value in HEADERS.items()]
            connection.sendall("\r\n".join([*head, "", "{"]).encode())
        assert (await post(web, load("text"))).status_code == 200
    assert inbox.tries == 1


@pytest.mark.asyncio
async def test_only_posts(open_channel: Open, web: WebServer, inbox: Inbox) -> None:
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{web.url}/telegram/webhook", headers=HEADERS)).status_code == 405


@pytest.mark.asyncio
async def test_a_press_stops_spinning_and_is_ticked(
    open_channel: Open, telegram: FakeTelegram, web: WebServer, inbox: Inbox
) -> None:
    async with open_channel(**webhook(web)) as channel:
        web.mount(channel, inbox.accept)
        await post(web, load("press"))
        await until(lambda: telegram.counts["editMessageReplyMarkup"] == 1)
        await post(web, load("press"))
        await until(lambda: telegram.counts["answerCallbackQuery"] == 2)
    calls = dict(telegram.calls)
    assert calls["answerCallbackQuery"]["callback_query_id"] == "4382918273645546"
    edit = calls["editMessageReplyMarkup"]
    assert (edit["chat_id"], edit["message_id"]) == (5412087731, 120)
    assert [[each["text"] for each in row] for row in edit["reply_markup"]["inline_keyboard"]] == [
        ["✓ Elle fuit"],
        ["Elle ne chauffe pas"],
        ["Cela m’a aidé", "Une personne"],
    ]
    assert telegram.counts["editMessageReplyMarkup"] == 1


@pytest.mark.asyncio
async def test_before_it_is_open_telegram_is_asked_to_repeat(
    telegram: FakeTelegram, web: WebServer, inbox: Inbox
) -> None:
    settings = TelegramSettings.model_validate({"token": TOKEN, "api_url": telegram.url, **webhook(web)})
    web.mount(TelegramChannel(settings), inbox.accept)
    assert (await post(web, load("text"))).status_code == 500
    assert inbox.tries == 0


@pytest.mark.asyncio
async def test_polling_has_no_route(open_channel: Open, inbox: Inbox) -> None:
    async with open_channel() as channel:
        assert channel.pulls
        assert list(channel.routes(inbox.accept)) == []
