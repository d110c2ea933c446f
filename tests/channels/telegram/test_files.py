"""Photos and documents: fetched from the Bot API server and from nowhere else."""

import traceback

import pytest

from bot.channels.telegram import adapter
from bot.domain.errors import DeliveryError, RejectedError, RetryLaterError
from bot.domain.messages import Attachment
from tests.channels.telegram.conftest import PATIENT, QUICK, Inbox, Open, listening, load, until
from tests.channels.telegram.server import TOKEN, FakeTelegram, Fault

FILE = Attachment(name="photo.jpg", media_type="image/jpeg", size_bytes=0, remote_id="F1")


@pytest.mark.asyncio
async def test_a_photo_is_fetched(open_channel: Open, telegram: FakeTelegram, inbox: Inbox) -> None:
    telegram.files["AgACAgQAAxkBAAIy"] = ("photos/file 1.jpg", b"\xff\xd8photo")
    telegram.push({"message": load("photo")["message"]})
    async with open_channel() as channel, listening(channel, inbox):
        await until(lambda: len(inbox.messages) == 1)
        (photo,) = inbox.messages[0].attachments
        assert await channel.fetch(photo) == b"\xff\xd8photo"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "fault", "kind"),
    [
        ("getFile", Fault(status=400, description="Bad Request: file is too big"), RejectedError),
        ("getFile", Fault(status=429, parameters={"retry_after": 3}), RetryLaterError),
        ("getFile", Fault(delay_s=4), RetryLaterError),
        ("getFile", Fault(body='{"ok": true, "result": {"file_id": "F1"}}'), RejectedError),
        ("getFile", Fault(body='{"ok": true, "result": []}'), RejectedError),
        ("file", Fault(status=404), RejectedError),
        ("file", Fault(status=302), RejectedError),
        ("file", Fault(status=500), RetryLaterError),
        ("file", Fault(status=429), RetryLaterError),
        ("file", Fault(cut="before"), RetryLaterError),
        ("file", Fault(delay_s=4), RetryLaterError),
    ],
    ids=lambda value: f"{value.status}{value.cut}{value.delay_s or ''}" if isinstance(value, Fault) else None,
)
async def test_what_a_failure_means(
    method: str, fault: Fault, kind: type[DeliveryError], open_channel: Open, telegram: FakeTelegram
) -> None:
    telegram.files["F1"] = ("photos/1.jpg", b"x")
    telegram.fail(method, fault)
    async with open_channel(timeouts=QUICK if fault.delay_s else PATIENT) as channel:
        with pytest.raises(kind) as caught:
            await channel.fetch(FILE)
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
        assert await channel.fetch(FILE) == b"x"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        "../../bot/logOut",
        "photos/../../x",
        "/etc/passwd",
        "http://127.0.0.1:9/x",
        "//127.0.0.1:9/x",
        "C:\\x",
        "",
        "a//b",
    ],
)
async def test_only_plain_paths_below_the_files_of_the_bot(
    path: str, open_channel: Open, telegram: FakeTelegram
) -> None:
    telegram.files["F1"] = (path, b"x")
    async with open_channel() as channel:
        with pytest.raises(RejectedError):
            await channel.fetch(FILE)
    assert telegram.counts["file"] == 0


@pytest.mark.asyncio
async def test_odd_letters_in_a_path_stay_in_the_path(open_channel: Open, telegram: FakeTelegram) -> None:
    telegram.files["F1"] = ("documents/à?b#c%2e.pdf", b"x")
    async with open_channel() as channel:
        assert await channel.fetch(FILE) == b"x"


@pytest.mark.asyncio
async def test_what_is_too_large_is_refused_before_and_while_fetching(
    open_channel: Open, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = Attachment(name="a", media_type="video/mp4", size_bytes=20_000_001, remote_id="F1")
    telegram.files["F1"] = ("videos/1.mp4", b"x" * 5000)
    async with open_channel() as channel:
        with pytest.raises(RejectedError):
            await channel.fetch(announced)
        assert telegram.counts["getFile"] == 0
        monkeypatch.setattr(adapter, "MAX_DOWNLOAD_BYTES", 4999)
        with pytest.raises(RejectedError):
            await channel.fetch(FILE)
        monkeypatch.setattr(adapter, "MAX_DOWNLOAD_BYTES", 5000)
        assert len(await channel.fetch(FILE)) == 5000
