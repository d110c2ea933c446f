"""The start page, health, figures, errors and what every answer carries."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from bot.http.start_page import Platform
from bot.telemetry import metrics
from tests.channels.web.conftest import HTML, PHRASES, ROOT, Server, announce, visible

pytestmark = pytest.mark.asyncio


async def test_the_start_page_says_what_is_running(site: Server) -> None:
    site.platforms += [
        Platform(name="Slack", state="connected", detail="T024 <b>"),
        Platform(name="Telegram", state="missing", settings=("RELAIS_TELEGRAM__TOKEN",)),
    ]
    async with site.visitor() as client:
        page = await client.get("/")
    text = visible(page.text)
    assert 'href="/chat/it"' in page.text
    assert 'href="/chat/sav"' in page.text
    assert 'href="/console"' in page.text
    assert "demo@bellac.example" in text
    assert "passe-partout" in text
    assert "Slack connecté" in text
    assert "Telegram non configuré" in text
    assert "<code>RELAIS_TELEGRAM__TOKEN</code>" in page.text
    assert "T024 &lt;b&gt;" in page.text


async def test_the_start_page_in_english_by_browser_and_by_switch(site: Server) -> None:
    async with site.visitor(**{"accept-language": "en-US,en;q=0.8"}) as client:
        page = await client.get("/")
        assert "Relais is running" in page.text
        assert "Customer service" in page.text
        back = await client.get("/?lang=fr")
        assert (back.status_code, back.headers["location"]) == (303, "/")
        assert "Relais est en marche" in (await client.get("/")).text
        assert "Relais est en marche" in (await client.get("/?lang=xx")).text


async def test_alive(site: Server) -> None:
    async with site.visitor() as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_names_what_is_not(site: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.http.health.CHECK_S", 0.05)

    async def fine() -> None:
        return None

    async def missing() -> str:
        return "no index"

    async def broken() -> str:
        raise OSError("postgresql://user:password@host")

    async def slow() -> str | None:
        await asyncio.sleep(10)
        return None

    async with site.visitor() as client:
        site.checks["database"] = fine
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": {}})
        site.checks.update({"index": missing, "store": broken, "slack:T0": slow})
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == {
        "index": "no index",
        "store": "OSError",
        "slack:T0": "no answer within 0 s",
    }


async def test_figures(site: Server) -> None:
    metrics.TURNS.labels(desk="sav", decision="answer").inc()
    async with site.visitor() as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'relais_turns_total{decision="answer",desk="sav"}' in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/chat/other", "/static/../adapter.py", "/static/none.js"])
async def test_unknown_addresses(site: Server, path: str) -> None:
    async with site.visitor(**HTML) as client:
        page = await client.get(path)
        assert page.status_code == 404
        assert "Page introuvable" in page.text
        english = await client.get(path, headers={"accept-language": "en"})
        assert "Page not found" in english.text
        plain = await client.get(path, headers={"accept": "*/*"})
        assert (plain.status_code, plain.json()) == (404, {"error": "not_found"})


async def test_a_wrong_method(site: Server) -> None:
    async with site.visitor(**HTML) as client:
        page = await client.get("/chat/sav/messages")
    assert page.status_code == 405
    assert page.headers["allow"] == "POST"


async def test_a_fault_shows_no_traceback(site: Server) -> None:
    async with site.visitor(**HTML) as client:
        page = await client.get("/fault")
        assert page.status_code == 500
        assert "Une erreur est survenue" in page.text
        assert "secret" not in page.text
        assert page.headers["x-content-type-options"] == "nosniff"
        plain = await client.get("/fault", headers={"accept": "*/*"})
        assert plain.json() == {"error": "failure"}


async def test_bodies_are_bounded(site: Server) -> None:
    async with site.visitor() as client:
        assert (await client.post("/hook", content=b"x" * 1_000_000)).text == "1000000"
        assert (await client.post("/hook", content=b"x" * 1_000_001)).status_code == 413

        async def stream() -> AsyncIterator[bytes]:
            for _ in range(12):
                yield b"x" * 100_000

        answer = await client.post("/hook", content=stream())
        assert (answer.status_code, answer.json()) == (413, {"error": "too_large"})


async def test_a_body_announced_as_huge_is_refused_unread(site: Server) -> None:
    assert b" 413 " in await announce(site, "/hook", "application/json")


@pytest.mark.parametrize("path", ["/", "/chat/sav", "/healthz", "/static/chat.js", "/nowhere", "/fault"])
async def test_every_answer_is_guarded(site: Server, path: str) -> None:
    async with site.visitor(**HTML) as client:
        answer = await client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_pages_hold_no_inline_script_or_style(site: Server) -> None:
    async with site.visitor() as client:
        for path in ("/", "/chat/sav", "/nowhere"):
            page = (await client.get(path, headers=HTML)).text
            assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", page), path
            assert not re.search(r'(?:src|href)="(?:https?:)?//', page), path


async def test_the_chat_loads_in_less_than_100_kb(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        total = len(page.content)
        assets = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
        assert len(assets) == 3
        for asset in assets:
            answer = await client.get(asset)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            total += len(answer.content)
    assert total < 100_000


async def test_the_visitors_cookie(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        cookie = next(each for each in page.headers.get_list("set-cookie") if each.startswith("relais_sav="))
        forged = await client.get("/chat/sav", headers={"cookie": "relais_sav=../../x"})
    for part in ("HttpOnly", "SameSite=lax", "Path=/chat/sav"):
        assert part in cookie
    token = re.match(r"relais_sav=([^;]+)", cookie)
    assert token
    # The id that is stored and shown to agents does not let anybody in.
    assert token[1] not in site.house.accepted[0].user
    assert re.search(r"relais_sav=[A-Za-z0-9_-]{43};", forged.headers["set-cookie"])


async def test_every_word_of_the_pages_exists_in_both_languages() -> None:
    used = set()
    folders = ("bot/channels/web/templates", "bot/http/templates", "bot/http/shared/templates")
    for template in (path for folder in folders for path in (ROOT / folder).glob("*.html")):
        text = template.read_text(encoding="utf-8")
        used |= set(re.findall(r"""\bsay(?:_html)?\(["']([a-z_.]+)["'][,)]""", text))
        counted = re.findall(r"""\bsay\.count\(["']([a-z_.]+)["'],""", text)
        used |= {f"{key}.{form}" for key in counted for form in ("one", "other")}
    known = {language: set(PHRASES.by_language[language]) for language in ("fr", "en")}
    assert known["fr"] == known["en"]
    assert {f"web.{key}" for key in used} <= known["fr"]
    for source in ("endpoints.py", "parse.py"):
        text = (ROOT / "bot/channels/web" / source).read_text(encoding="utf-8")
        codes = re.findall(r'PostError\(\s*"([a-z_]+)"', text)
        assert codes
        assert {f"web.error.{code}" for code in codes} <= known["fr"]
