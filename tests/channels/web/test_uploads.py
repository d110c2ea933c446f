"""Files that visitors send along: bounded, with harmless names, kept until they are fetched."""

import os
import time
from pathlib import Path

import httpx
import pytest

from bot.channels.web.parse import file_name
from bot.channels.web.uploads import FolderUploads
from bot.domain.errors import RejectedError, RetryLaterError
from tests.channels.web.conftest import HTML, JSON, Server, visible

pytestmark = pytest.mark.asyncio

Part = tuple[str, bytes, str]


async def send(client: httpx.AsyncClient, *parts: Part, **fields: str) -> httpx.Response:
    return await client.post(
        "/chat/sav/messages",
        data={"key": "k" * 16, **fields},
        files=[("file", part) for part in parts],
        headers=JSON,
    )


async def test_a_photo_reaches_the_message_and_can_be_fetched(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        answer = await send(client, ("fuite.jpg", b"\xff\xd8photo", "image/jpeg"), text="Voici la fuite")
        assert answer.status_code == 200
        page = await client.get("/chat/sav")
    message = site.house.accepted[-1]
    (attachment,) = message.attachments
    assert message.text == "Voici la fuite"
    assert (attachment.name, attachment.media_type, attachment.size_bytes) == ("fuite.jpg", "image/jpeg", 7)
    assert await site.channels["sav"].fetch(attachment) == b"\xff\xd8photo"
    assert "fuite.jpg" in visible(page.text)


async def test_a_file_needs_no_words(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        assert (await send(client, ("a.pdf", b"%PDF", "application/pdf"))).status_code == 200
        assert "a.pdf" in (await client.get("/chat/sav")).text


async def test_too_large_too_many_or_empty_files_are_refused(site: Server, tmp_path: Path) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        half = b"x" * 5_100_000
        answer = await send(client, ("a", half, "image/png"), ("b", half, "image/png"))
        assert (answer.status_code, answer.json()["error"]) == (413, "files_too_large")
        assert "10 Mo" in answer.json()["message"].replace("\u00a0", " ")
        answer = await send(client, *[(f"{number}.txt", b"x", "text/plain") for number in range(6)])
        assert (answer.status_code, answer.json()["error"]) == (400, "too_many_files")
        answer = await send(client, ("vide.txt", b"", "text/plain"))
        assert (answer.status_code, answer.json()["error"]) == (422, "empty_file")
    assert len(site.house.accepted) == 1
    assert not (tmp_path / "uploads").exists()


async def test_a_large_file_within_bounds_is_taken(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        assert (await send(client, ("a.png", b"x" * 9_990_000, "image/png"))).status_code == 200


async def test_a_hostile_name_and_type_are_shown_as_text(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        await send(client, ("../../etc/<script>x.sh", b"x", "text/html\x0b<b>"))
        page = await client.get("/chat/sav")
    (attachment,) = site.house.accepted[-1].attachments
    assert attachment.name == "<script>x.sh"
    assert attachment.media_type == "application/octet-stream"
    assert "<script>x" not in page.text


async def test_without_room_the_visitor_is_asked_to_try_again(site: Server, tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file where the folder should be")
    async with site.visitor() as client:
        await client.get("/chat/sav")
        answer = await send(client, ("a.png", b"x", "image/png"), text="Voici")
        assert (answer.status_code, answer.json()["error"]) == (503, "not_stored")
        page = await client.post(
            "/chat/sav/messages",
            data={"key": "k" * 16, "text": "Voici"},
            files={"file": ("a.png", b"x", "image/png")},
            headers=HTML,
        )
        assert "Voici</textarea>" in page.text
    assert len(site.house.accepted) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C:\\Users\\Zoé\\photo.jpg", "photo.jpg"),
        ("/etc/passwd", "passwd"),
        ("..", "fichier"),
        (".htaccess", "htaccess"),
        ("", "fichier"),
        (None, "fichier"),
        ("a\x00b\r\nc.txt", "ab c.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("é" * 300 + ".jpeg", "é" * 95 + ".jpeg"),
        ("\ud800.png", "png"),
    ],
)
async def test_names(name: str | None, shown: str) -> None:
    assert file_name(name) == shown


async def test_the_folder_is_bounded_and_emptied(tmp_path: Path) -> None:
    uploads = FolderUploads(tmp_path / "uploads", keep_s=100, max_total_bytes=10)
    old = await uploads.put(b"12345678")
    with pytest.raises(RetryLaterError):
        await uploads.put(b"123")
    long_ago = time.time() - 101
    os.utime(tmp_path / "uploads" / old, (long_ago, long_ago))
    new = await uploads.put(b"123")
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [new]
    with pytest.raises(RejectedError):
        await uploads.get(old)
    assert await uploads.get(new) == b"123"


@pytest.mark.parametrize("remote_id", ["../../etc/passwd", "", "x", "0" * 31, "0" * 32])
async def test_what_was_never_kept_is_not_given(tmp_path: Path, remote_id: str) -> None:
    with pytest.raises(RejectedError):
        await FolderUploads(tmp_path).get(remote_id)
