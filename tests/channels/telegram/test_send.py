"""Sending: what arrives, and what each failure means for the outbox."""

import asyncio
import logging
import time
import traceback
from typing import Any

import pytest

from bot.channels.telegram.adapter import TelegramChannel
from bot.channels.telegram.settings import TelegramSettings
from bot.domain.errors import (
    ChatMovedError,
    DeliveryError,
    RejectedError,
    RetryLaterError,
    UncertainError,
)
from bot.domain.messages import Attachment, Author, Button, OutboundMessage, Reply
from tests.channels.telegram.conftest import PATIENT, QUICK, Inbox, Open, listening, until
from tests.channels.telegram.server import TOKEN, FakeTelegram, Fault


def outbound(text: str = "Bonjour", *, chat: str = "5001", id: str = "m1", **reply: Any) -> OutboundMessage:
    return OutboundMessage(id=id, chat=chat, user=chat, reply=Reply(text=text, **reply), language="fr")


def closed_port() -> str:
    return "http://127.0.0.1:9"


@pytest.mark.asyncio
async def test_a_reply_arrives_as_written(open_channel: Open, telegram: FakeTelegram) -> None:
    async with open_channel() as channel:
        button = Button(label="Elle fuit", value="flow:1")
        external = await channel.send(outbound("Que fait-elle, **Marie** <3 ?", buttons=(button,)))
    (sent,) = telegram.sent
    assert external == str(sent.message_id)
    assert sent.text == "Que fait-elle, Marie <3 ?"
    assert sent.chat_id == 5001
    assert sent.keyboard == [[{"text": "Elle fuit", "callback_data": "flow:1"}]]
    assert sent.link_preview_disabled


@pytest.mark.asyncio
async def test_the_value_of_a_button_comes_back(
    open_channel: Open, telegram: FakeTelegram, inbox: Inbox
) -> None:
    async with open_channel() as channel, listening(channel, inbox):
        await channel.send(outbound("?", buttons=(Button(label="Elle fuit", value="flow:1"),)))
        telegram.press("flow:1", under=telegram.sent[0], query_id="q1")
        await until(lambda: telegram.counts["editMessageReplyMarkup"] == 1)
    (press,) = inbox.messages
    assert (press.value, press.text, press.key, press.chat) == ("flow:1", "Elle fuit", "q1", "5001")


@pytest.mark.asyncio
async def test_a_long_reply_comes_in_parts_in_order(open_channel: Open, telegram: FakeTelegram) -> None:
    text = "\n\n".join(f"{number} " + "😀 mot " * 200 for number in range(12))
    async with open_channel() as channel:
        external = await channel.send(outbound(text, buttons=(Button(label="Oui", value="y"),)))
    assert len(telegram.sent) > 2
    assert external == str(telegram.sent[0].message_id)
    assert " ".join(sent.text for sent in telegram.sent).split() == text.split()
    assert [bool(sent.keyboard) for sent in telegram.sent] == [False] * (len(telegram.sent) - 1) + [True]


@pytest.mark.asyncio
async def test_parts_that_went_through_are_not_repeated(open_channel: Open, telegram: FakeTelegram) -> None:
    message = outbound("\n\n".join(f"{number} " + "mot " * 900 for number in range(3)))
    async with open_channel() as channel:
        telegram.fail("sendMessage", Fault())
        telegram.fail("sendMessage", Fault(status=429, parameters={"retry_after": 7}))
        with pytest.raises(RetryLaterError):
            await channel.send(message)
        telegram.fail("sendMessage", Fault())
        telegram.fail("sendMessage", Fault(status=500))
        with pytest.raises(RetryLaterError):
            await channel.send(message)
        external = await channel.send(message)
    assert [sent.text[0] for sent in telegram.sent] == ["0", "1", "2"]
    assert external == str(telegram.sent[0].message_id)


async def failure(channel: TelegramChannel, message: OutboundMessage) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.send(message)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    return caught.value


@pytest.mark.asyncio
async def test_a_429_says_how_long_to_wait_and_holds_only_its_chat(
    open_channel: Open, telegram: FakeTelegram
) -> None:
    fault = Fault(status=429, description="Too Many Requests", parameters={"retry_after": 30}, chat_id=1)
    telegram.fail("sendMessage", fault)
    async with open_channel() as channel:
        began = time.monotonic()
        error, *others = await asyncio.gather(
            failure(channel, outbound(chat="1")), *(channel.send(outbound(chat=str(n))) for n in range(2, 12))
        )
        assert isinstance(error, RetryLaterError)
        assert error.wait_s == 30
        assert time.monotonic() - began < 20, "the others waited as well"
    assert len(others) == len(telegram.sent) == 10


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=429), RetryLaterError),
        (Fault(status=429, parameters={"retry_after": "x"}), RetryLaterError),
        (Fault(status=500), RetryLaterError),
        (Fault(status=502), RetryLaterError),
        (Fault(status=503), RetryLaterError),
        (Fault(status=504), UncertainError),
        (Fault(cut="before"), UncertainError),
        (Fault(cut="after"), UncertainError),
        (Fault(delay_s=4), UncertainError),
        (Fault(body="<html>"), UncertainError),
        (Fault(body='{"ok": true, "result": {}}'), UncertainError),
        (Fault(body='{"ok": true}'), UncertainError),
        (Fault(body="[" * 100_000), UncertainError),
        (Fault(status=401, description="Unauthorized"), RejectedError),
        (Fault(status=400, description="Bad Request: message is too long"), RejectedError),
        (Fault(status=403, description="Forbidden: user is deactivated"), RejectedError),
    ],
    ids=lambda value: (
        f"{value.status}{value.cut}{value.delay_s or ''}{(value.body or '')[:24]}"
        if isinstance(value, Fault)
        else value.__name__
    ),
)
async def test_what_a_failure_means(
    fault: Fault, kind: type[DeliveryError], open_channel: Open, telegram: FakeTelegram
) -> None:
    telegram.fail("sendMessage", fault)
    async with open_channel(timeouts=QUICK if fault.delay_s else PATIENT) as channel:
        assert type(await failure(channel, outbound())) is kind
        asked = telegram.counts["sendMessage"]
        await channel.send(outbound())
    assert asked == 1


@pytest.mark.asyncio
async def test_whoever_blocked_the_bot_is_not_written_to(open_channel: Open, telegram: FakeTelegram) -> None:
    telegram.blocked.add(5001)
    telegram.unknown.add(5002)
    async with open_channel() as channel:
        blocked = await failure(channel, outbound())
        unknown = await failure(channel, outbound(chat="5002"))
        odd = await failure(channel, outbound(chat="C024:17"))
        empty = await failure(channel, outbound(""))
    assert {type(each) for each in (blocked, unknown, odd, empty)} == {RejectedError}
    assert str(blocked) == "Forbidden: bot was blocked by the user"
    assert str(unknown) == "Chat not found"


@pytest.mark.asyncio
async def test_a_chat_that_moved(open_channel: Open, telegram: FakeTelegram) -> None:
    telegram.fail(
        "sendMessage",
        Fault(status=400, description="Bad Request: upgraded", parameters={"migrate_to_chat_id": -1001}),
    )
    async with open_channel() as channel:
        error = await failure(channel, outbound())
    assert isinstance(error, ChatMovedError)
    assert error.new_chat == "-1001"


@pytest.mark.asyncio
async def test_markup_that_telegram_does_not_take_is_sent_as_plain_text_once(
    open_channel: Open, telegram: FakeTelegram
) -> None:
    refusal = Fault(status=400, description="Bad Request: can't parse entities: unsupported start tag")
    telegram.fail("sendMessage", refusal)
    async with open_channel() as channel:
        await channel.send(outbound("**Videz** la cuve & attendez"))
        telegram.fail("sendMessage", Fault(**{**vars(refusal), "times": 2}))
        assert isinstance(await failure(channel, outbound()), RejectedError)
    (sent,) = telegram.sent
    assert (sent.html, sent.parse_mode) == ("Videz la cuve & attendez", None)


@pytest.mark.asyncio
async def test_nobody_at_the_address(telegram: FakeTelegram, open_channel: Open) -> None:
    async with open_channel() as channel:
        await telegram.stop()
        assert isinstance(await failure(channel, outbound()), RetryLaterError)


@pytest.mark.asyncio
async def test_sends_are_spread_and_not_kept_waiting_for_long(
    open_channel: Open, telegram: FakeTelegram
) -> None:
    async with open_channel(sends_per_s=5) as channel:
        results = await asyncio.gather(
            *(channel.send(outbound(chat=str(number))) for number in range(20)), return_exceptions=True
        )
        await channel.show_typing("5")
    late = [each for each in results if isinstance(each, RetryLaterError)]
    assert 5 <= len(telegram.sent) <= 8
    assert len(late) == 20 - len(telegram.sent)
    waits = [each.wait_s or 0.0 for each in late]
    assert waits == sorted(waits)
    # Each comes back in a turn of its own: 5 a second, behind those that had to wait for theirs.
    assert len(late) / 5 <= waits[-1] <= 4
    assert telegram.counts["sendChatAction"] == 0


@pytest.mark.asyncio
async def test_typing_shows_and_never_fails(open_channel: Open, telegram: FakeTelegram) -> None:
    async with open_channel() as channel:
        await channel.show_typing("5001")
        telegram.fail("sendChatAction", Fault(status=403))
        telegram.fail("sendChatAction", Fault(cut="before"))
        for chat in ("5002", "5003", "no number"):
            await channel.show_typing(chat)
    assert ("sendChatAction", {"chat_id": 5001, "action": "typing"}) in telegram.calls
    assert telegram.counts["sendChatAction"] == 3


@pytest.mark.asyncio
async def test_typing_is_shown_once_to_a_quick_writer(open_channel: Open, telegram: FakeTelegram) -> None:
    async with open_channel() as channel:
        for _ in range(3):
            await channel.show_typing("5001")
    assert telegram.counts["sendChatAction"] == 1


@pytest.mark.asyncio
async def test_the_menu_is_in_both_languages(open_channel: Open, telegram: FakeTelegram) -> None:
    async with open_channel():
        await until(lambda: telegram.counts["setMyCommands"] == 2)
    menus = {
        call.get("language_code"): [each["command"] for each in call["commands"]]
        for method, call in telegram.calls
        if method == "setMyCommands"
    }
    assert menus == {None: ["aide", "humain"], "en": ["help", "human"]}


@pytest.mark.asyncio
async def test_without_a_menu_the_bot_still_works(open_channel: Open, telegram: FakeTelegram) -> None:
    telegram.fail("setMyCommands", Fault(status=429, parameters={"retry_after": 3000}))
    async with open_channel() as channel:
        await channel.send(outbound())
    assert telegram.sent


@pytest.mark.asyncio
@pytest.mark.parametrize("log_level", [logging.INFO, logging.DEBUG])
async def test_the_token_and_texts_are_not_logged(
    open_channel: Open,
    telegram: FakeTelegram,
    inbox: Inbox,
    caplog: pytest.LogCaptureFixture,
    log_level: int,
) -> None:
    caplog.set_level(log_level)
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    logging.getLogger("telegram").setLevel(logging.NOTSET)
    telegram.files["F1"] = ("photos/1.jpg", b"x")
    telegram.fail("getUpdates", Fault(status=500, description=f"no {TOKEN}"))
    telegram.fail("getUpdates", Fault(status=400, description=f"no {TOKEN}"))
    telegram.fail("setMyCommands", Fault(status=404, description=f"no {TOKEN}"))
    async with open_channel() as channel, listening(channel, inbox):
        telegram.say("ma centrale fuit")
        await until(lambda: telegram.waiting == 0)
        await channel.send(outbound("Videz la cuve"))
        await channel.show_typing("5001")
        await channel.fetch(Attachment(name="1.jpg", media_type="image/jpeg", size_bytes=1, remote_id="F1"))
        telegram.fail("sendMessage", Fault(status=400, description=f"Bad Request: {TOKEN}"))
        error = await failure(channel, outbound())
    assert TOKEN not in str(error)
    assert caplog.records
    logged = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    for secret in (TOKEN, TOKEN.partition(":")[2], "centrale", "Videz"):
        assert secret not in logged


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=401, description="Unauthorized"), RejectedError),
        (Fault(status=404, description="Not Found"), RejectedError),
        (Fault(status=500), RetryLaterError),
        (Fault(status=429, parameters={"retry_after": 4}), RetryLaterError),
        (Fault(delay_s=4), RetryLaterError),
        (Fault(cut="before"), RetryLaterError),
        (Fault(body="<html>"), RetryLaterError),
        (Fault(body='{"ok": true}'), RetryLaterError),
    ],
    ids=lambda value: f"{value.status}{value.cut}" if isinstance(value, Fault) else value.__name__,
)
async def test_opening_says_why_it_cannot(
    fault: Fault, kind: type[DeliveryError], telegram: FakeTelegram
) -> None:
    telegram.fail("getMe", fault)
    settings = TelegramSettings.model_validate({"token": TOKEN, "api_url": telegram.url})
    channel = TelegramChannel(settings, timeouts=QUICK if fault.delay_s else PATIENT)
    with pytest.raises(kind) as caught:
        await channel.open()
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    await channel.open()
    assert channel.account == "telegram:8014520367"
    await channel.close()
    await channel.close()


@pytest.mark.asyncio
async def test_opening_where_nobody_listens() -> None:
    settings = TelegramSettings.model_validate({"token": TOKEN, "api_url": closed_port()})
    with pytest.raises(RetryLaterError):
        await TelegramChannel(settings, timeouts=QUICK).open()


@pytest.mark.asyncio
async def test_a_channel_that_is_closed_sends_nothing(open_channel: Open) -> None:
    async with open_channel() as channel:
        pass
    assert isinstance(await failure(channel, outbound()), RetryLaterError)
    await channel.show_typing("5001")


@pytest.mark.asyncio
async def test_an_agent_speaks_under_their_name(open_channel: Open, telegram: FakeTelegram) -> None:
    async with open_channel() as channel:
        await channel.send(outbound("Je regarde. <ok>", author=Author.AGENT, author_name="Zoé"))
    assert telegram.sent[0].text == "Zoé\nJe regarde. <ok>"
