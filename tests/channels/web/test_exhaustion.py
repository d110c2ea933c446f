"""Who asks for more than a person needs is refused, and everybody else is served on."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request

from bot.http import protocol
from bot.http.shared.client_network import client_network
from tests.channels.web.conftest import Server

pytestmark = pytest.mark.asyncio


async def _open(site: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(site.url)
    return await asyncio.open_connection(address.hostname, address.port)


async def test_made_up_cookies_open_so_many_live_pages_and_no_more(site: Server) -> None:
    followed: list[AsyncIterator[bytes]] = []  # held: a forgotten one would end its stream
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=site.url, timeout=60, limits=httpx.Limits(max_connections=None))
        )

        async def live() -> httpx.Response:
            headers = {"cookie": f"relais_sav={secrets.token_urlsafe(32)}", "accept-language": "en"}
            stream = client.stream("GET", "/chat/sav/events?after=0", headers=headers)
            answer = await stack.enter_async_context(stream)
            if answer.status_code == 200:
                followed.append(answer.aiter_raw())
                await anext(followed[-1])
            return answer

        answers = [await live() for _ in range(25)]
        assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 5
        assert answers[-1].headers["retry-after"] == "10"
        await answers[-1].aread()
        assert "Too many pages" in answers[-1].json()["message"]
        async with site.visitor() as visitor:
            assert (await visitor.get("/chat/sav")).status_code == 200
    async with site.visitor() as visitor:  # the places are free again
        await visitor.get("/chat/sav")
        async with asyncio.timeout(60):
            while True:
                async with visitor.stream("GET", "/chat/sav/events?after=0") as answer:
                    if answer.status_code == 200:
                        return
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("start", ["GET / HTTP/1.1\r\nX-A: ", "GET /", "GET / HTTP/1.1\r\n"])
async def test_headers_without_end_are_cut(site: Server, start: str) -> None:
    reader, writer = await _open(site)
    writer.write(start.encode())
    piece = b"X-A: b\r\n" * 2000 if start.endswith("\n") else b"a" * 16_000
    sent = 0
    refused = asyncio.create_task(reader.read())  # ends with the connection
    with suppress(ConnectionError):
        while sent < 50_000_000 and not refused.done():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
            sent += len(piece)
    with suppress(ConnectionError):
        async with asyncio.timeout(60):
            await refused
    assert sent < 20_000_000, "what the sockets' buffers hold, not what is sent"
    writer.close()


@pytest.mark.parametrize("half", ["", "GET / HT", "POST /hook HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"])
async def test_requests_that_stay_unfinished_are_closed(
    site: Server, monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.2)
    monkeypatch.setattr(protocol, "BODY_S", 0.2)
    reader, writer = await _open(site)
    writer.write(half.encode())
    async with asyncio.timeout(60):
        await reader.read()  # to the end
    writer.close()


async def test_more_connections_than_files_are_told_to_come_again(
    site: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "max_connections", lambda: 3)
    held = [await _open(site) for _ in range(3)]
    reader, writer = await _open(site)
    async with asyncio.timeout(60):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 10" in answer
    for _, each in [*held, (reader, writer)]:
        each.close()


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
async def test_an_ipv6_household_counts_as_one(host: str, network: str) -> None:
    assert client_network(Request({"type": "http", "client": (host, 1), "headers": []})) == network
