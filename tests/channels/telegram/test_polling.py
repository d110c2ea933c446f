"""Long polling: nothing is acknowledged before it is stored, and nothing stops it for good."""

import asyncio
import logging
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.domain.messages import Command, InboundKind
from tests.channels.telegram.conftest import PATIENT, QUICK, Inbox, Open, listening, load, until
from tests.channels.telegram.server import TOKEN, FakeTelegram, Fault

ROOT = Path(__file__).parents[3]


@pytest.mark.asyncio
async def test_messages_arrive_and_are_acknowledged(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    telegram.say("avant")
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: inbox.texts == ["avant"])
        telegram.say("pendant")
        telegram.say("/humain", chat_id=5002, language="en")
        await until(lambda: len(inbox.messages) == 3 and telegram.waiting == 0)
    assert inbox.messages[0].account == "telegram:8014520367"
    assert inbox.messages[2].value is Command.HUMAN
    assert inbox.tries == 3


@pytest.mark.asyncio
async def test_it_waits_for_news_rather_than_asking_all_the_time(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    async with open_channel() as channel, listening(channel, inbox):
        await asyncio.sleep(0.4)
        asked = telegram.counts["getUpdates"]
        telegram.say("bonjour")
        began = time.monotonic()
        await until(lambda: inbox.texts == ["bonjour"])
        assert time.monotonic() - began < 0.3
    assert asked == 1


@pytest.mark.asyncio
async def test_a_webhook_in_the_way_is_removed(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    telegram.webhook = {"url": "http://127.0.0.1:9/"}
    async with open_channel() as channel, listening(channel, inbox):
        telegram.say("un")
        await until(lambda: inbox.texts == ["un"])
        telegram.webhook = {"url": "http://127.0.0.1:9/"}
        telegram.say("deux")
        await until(lambda: inbox.texts == ["un", "deux"])


@pytest.mark.asyncio
async def test_what_cannot_be_stored_is_not_acknowledged(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    inbox.failures = 10**6
    telegram.say("ma centrale fuit")
    telegram.say("et elle fume")
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: inbox.tries > 3)
        assert telegram.waiting == 2
        inbox.failures = 0
        await until(lambda: telegram.waiting == 0)
    assert inbox.texts == ["ma centrale fuit", "et elle fume"]
    assert "update not stored" in caplog.text
    assert "centrale" not in caplog.text


@pytest.mark.asyncio
async def test_one_chat_that_cannot_be_stored_does_not_hold_the_others(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    inbox.refuse = lambda message: message.text == "poison"
    telegram.say("un", chat_id=1)
    telegram.say("poison", chat_id=2)
    telegram.say("trois", chat_id=3)
    telegram.say("après le poison", chat_id=2)
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: len(inbox.messages) == 2)
        await until(lambda: telegram.waiting == 3)
        assert sorted(inbox.texts) == ["trois", "un"]
        inbox.refuse = lambda message: False
        await until(lambda: telegram.waiting == 0)
    assert inbox.texts[2:] == ["poison", "après le poison"]


@pytest.mark.asyncio
async def test_the_offset_moves_only_after_storing(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    inbox.gate.clear()
    telegram.say("lent")
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: inbox.tries == 1)
        await asyncio.sleep(0.1)
        assert telegram.waiting == 1
        assert [call.get("offset") for method, call in telegram.calls if method == "getUpdates"] == [None]
        inbox.gate.set()
        await until(lambda: telegram.waiting == 0)


@pytest.mark.asyncio
async def test_a_poller_that_died_after_storing_gets_it_again_with_the_same_key(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    telegram.say("bonjour")
    inbox.gate.clear()
    async with open_channel() as channel:
        async with listening(channel, inbox):
            await until(lambda: inbox.tries == 1)
        inbox.gate.set()
        async with listening(channel, inbox):
            await until(lambda: telegram.waiting == 0)
        async with listening(channel, inbox):
            telegram.say("encore")
            await until(lambda: telegram.waiting == 0)
    assert inbox.texts == ["bonjour", "encore"]


@pytest.mark.asyncio
async def test_repeated_and_reordered_updates_are_stored_once(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    for name in ("photo", "text", "photo", "edited_text", "press", "text", "press"):
        telegram.push({key: value for key, value in load(name).items() if key != "update_id"})
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: telegram.waiting == 0)
    assert [message.kind for message in inbox.messages] == [
        InboundKind.TEXT,
        InboundKind.TEXT,
        InboundKind.EDIT,
        InboundKind.PRESS,
    ]


@pytest.mark.asyncio
async def test_update_ids_that_start_anew_from_a_low_number(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    async with open_channel() as channel, listening(channel, inbox):
        telegram.say("avant")
        await until(lambda: telegram.waiting == 0)
        telegram.push(load("text"), update_id=12)
        telegram.push(load("photo"))
        await until(lambda: telegram.waiting == 0 and len(inbox.messages) == 3)
        await asyncio.sleep(0.1)
    assert inbox.tries == 3


@pytest.mark.asyncio
async def test_after_a_poll_without_news_it_asks_without_an_offset(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    async with open_channel() as channel, listening(channel, inbox):
        telegram.say("avant")
        await until(lambda: telegram.counts["getUpdates"] == 3)
    offsets = [call.get("offset") for method, call in telegram.calls if method == "getUpdates"]
    assert offsets == [None, 700_000_002, None]


@pytest.mark.asyncio
async def test_odd_updates_do_not_wedge_it(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    telegram.push({"message": {"message_id": 1}})
    telegram.push({"message": None})
    telegram.push({key: value for key, value in load("reaction").items() if key != "update_id"})
    telegram.push({})
    telegram.say("bonjour")
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: telegram.waiting == 0)
    assert inbox.texts == ["bonjour"]
    assert caplog.text.count("update ignored") == 4


@pytest.mark.asyncio
async def test_an_update_too_deep_to_read_is_stepped_over(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    deep = '{"ok":true,"result":[{"update_id":700000002,"message":' + "[" * 100_000 + "]" * 100_000 + "}]}"
    telegram.say("avant")
    telegram.say("trop profond")
    telegram.say("après")
    # A batch of the three, then the first alone, then the second alone.
    telegram.fail("getUpdates", Fault(body=deep.replace("700000002", "700000001")))
    telegram.fail("getUpdates", Fault())
    telegram.fail("getUpdates", Fault(body=deep))
    telegram.fail("getUpdates", Fault(body=deep))
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: telegram.waiting == 0)
    assert inbox.texts == ["avant", "après"]
    assert [record.levelname for record in caplog.records if record.message == "update ignored"] == ["ERROR"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=502, description="Bad Gateway"),
        Fault(status=429, description="Too Many Requests", parameters={"retry_after": 0.05}),
        Fault(status=429),
        Fault(status=401, description="Unauthorized"),
        Fault(status=418),
        Fault(cut="before"),
        Fault(cut="after"),
        Fault(delay_s=6),
        Fault(body="<html>proxy</html>"),
        Fault(body='{"ok": true}'),
        Fault(body='{"ok": true, "result": {"a": 1}}'),
        Fault(body="[" * 100_000),
        Fault(status=409, description="Conflict: terminated by other getUpdates request"),
    ],
    ids=lambda fault: f"{fault.status}{fault.cut}{(fault.body or '')[:12]}{fault.delay_s or ''}",
)
async def test_it_recovers_from(
    fault: Fault, open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    telegram.fail("getUpdates", fault)
    telegram.fail("getUpdates", fault)
    telegram.say("bonjour")
    timeouts = QUICK if fault.delay_s else PATIENT
    async with open_channel(timeouts=timeouts) as channel, listening(channel, inbox):
        await until(lambda: telegram.waiting == 0)
    assert inbox.texts == ["bonjour"]


@pytest.mark.asyncio
async def test_it_waits_longer_each_time(open_channel: Open, telegram: FakeTelegram, inbox: Inbox) -> None:
    telegram.fail("getUpdates", Fault(status=500, times=1000))
    async with open_channel() as channel, listening(channel, inbox):
        await asyncio.sleep(0.5)
    assert 4 <= telegram.counts["getUpdates"] <= 10


@pytest.mark.asyncio
async def test_it_honours_retry_after(open_channel: Open, telegram: FakeTelegram, inbox: Inbox) -> None:
    telegram.fail("getUpdates", Fault(status=429, parameters={"retry_after": 30}))
    async with open_channel() as channel, listening(channel, inbox):
        await asyncio.sleep(0.4)
        assert telegram.counts["getUpdates"] == 1


@pytest.mark.asyncio
async def test_another_poller_is_named_in_the_log(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: telegram.counts["getUpdates"] == 1)
        async with httpx.AsyncClient() as other:
            await other.post(f"{telegram.url}/bot{TOKEN}/getUpdates", data={"timeout": "0"})
        await until(lambda: "another program receives this bot's messages" in caplog.text)
        telegram.say("bonjour")
        await until(lambda: inbox.texts == ["bonjour"])


@pytest.mark.asyncio
async def test_cancelling_ends_it_at_once_with_nothing_left_running(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    before = asyncio.all_tasks()
    async with open_channel(timeouts=replace(PATIENT, poll_s=4)) as channel:
        task = asyncio.create_task(channel.listen(inbox.accept))
        await until(lambda: telegram.counts["getUpdates"] == 1)
        task.cancel()
        async with asyncio.timeout(3):
            with pytest.raises(asyncio.CancelledError):
                await task
        await until(lambda: telegram.counts["setMyCommands"] == 2)
    await until(
        lambda: {task for task in asyncio.all_tasks() - before if "web_protocol" not in str(task)} == set()
    )


@pytest.mark.asyncio
async def test_a_press_is_answered_after_it_is_stored(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    inbox.gate.clear()
    telegram.push({"callback_query": load("press")["callback_query"]})
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: inbox.tries == 1)
        assert telegram.counts["answerCallbackQuery"] == 0
        inbox.gate.set()
        await until(lambda: telegram.counts["editMessageReplyMarkup"] == 1)
    assert inbox.messages[0].value == "choice:1"


@pytest.mark.asyncio
async def test_that_a_press_cannot_be_answered_harms_nothing(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    for fault in (Fault(status=400, description="Bad Request: query is too old"), Fault(cut="before")):
        telegram.fail("answerCallbackQuery", fault)
        telegram.fail(
            "editMessageReplyMarkup", Fault(status=400, description="Bad Request: message is not modified")
        )
    async with open_channel() as channel, listening(channel, inbox):
        for key in ("a", "b"):
            telegram.push({"callback_query": {**load("press")["callback_query"], "id": key}})
        await until(lambda: telegram.counts["editMessageReplyMarkup"] == 2)
        telegram.say("bonjour")
        await until(lambda: "bonjour" in inbox.texts)


@pytest.mark.asyncio
async def test_the_server_also_runs_by_itself_and_records_what_was_sent(
    tmp_path: Path, open_channel: Open
) -> None:
    record = tmp_path / "sent.jsonl"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.channels.telegram.server",
        "--record",
        str(record),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        async with httpx.AsyncClient() as client:
            sent = await client.post(f"{url}/bot{TOKEN}/sendMessage", data={"chat_id": "5", "text": "1"})
            assert sent.json()["ok"]
            fault = {"method": "sendMessage", "status": 500}
            assert (await client.post(f"{url}/control/fault", json=fault)).json()
            assert (
                await client.post(f"{url}/bot{TOKEN}/sendMessage", data={"chat_id": "5"})
            ).status_code == 500
            await client.post(f"{url}/control/updates", json=[{"message": {}}])
            counts = (await client.get(f"{url}/control/counts")).json()
    finally:
        process.kill()
        await process.wait()
    assert counts == {"sendMessage": 2, "sent": 1, "waiting": 1}
    assert record.read_text().count("\n") == 1
