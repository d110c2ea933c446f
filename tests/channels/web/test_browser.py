"""The chat's page in a real browser: with its script, by keyboard alone, on a phone, without scripts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from bot.domain.conversation import Owner
from bot.domain.messages import Author, Button, ButtonStyle, InboundMessage, Reply
from tests.channels.web.conftest import Server

pytestmark = [pytest.mark.asyncio, pytest.mark.browser]


@pytest_asyncio.fixture
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=arguments)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def faults() -> AsyncIterator[list[str]]:
    """Errors of the page's script, and what its security policy blocked: none are allowed."""
    found: list[str] = []
    yield found
    assert found == []


async def open_chat(browser: Browser, site: Server, faults: list[str], **options: Any) -> Page:
    context = await browser.new_context(base_url=site.url, **{"locale": "fr-FR", **options})
    page = await context.new_page()
    page.set_default_timeout(5000)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Security" in message.text else None)
    await page.goto("/chat/sav")
    return page


def clarify(message: InboundMessage) -> tuple[Reply, ...]:
    quiet = Button(label="Ça m'a aidé", value="helped:1", style=ButtonStyle.QUIET)
    choices = (Button(label="Le fer", value="c:1"), Button(label="La centrale", value="c:2"))
    return (Reply(text=f"Lequel ? ({message.value or message.text})", buttons=(*choices, quiet)),)


async def test_a_message_appears_at_once_and_typing_shows(
    site: Server, browser: Browser, faults: list[str]
) -> None:
    page = await open_chat(browser, site, faults)
    network = asyncio.Event()

    async def hold(route: Route) -> None:
        await network.wait()
        await route.continue_()

    await page.route("**/messages", hold)
    await page.get_by_label("Votre message").fill("Ma centrale <b>fuit</b>")
    await page.keyboard.press("Enter")
    await expect(page.locator(".line.user .said")).to_have_text(
        "Ma centrale <b>fuit</b>",
    )
    await expect(page.locator("#typing")).to_be_visible()
    network.set()
    await expect(page.locator(".line.bot").last).to_contain_text("Vous avez dit")
    await expect(page.locator("#typing")).to_be_hidden()
    await expect(page.locator(".line.user")).to_have_count(1)
    await expect(page.locator(".pending")).to_have_count(0)


async def test_by_keyboard_alone(site: Server, browser: Browser, faults: list[str]) -> None:
    site.house.answer = clarify
    page = await open_chat(browser, site, faults)
    await expect(page.get_by_label("Votre message")).to_be_focused()
    for _ in range(2):
        await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_role("button", name="2 La centrale")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".line.bot").last).to_contain_text("(c:2)")
    chosen = page.locator(".choices").first.locator("button.chosen")
    await expect(chosen).to_contain_text("La centrale")
    await expect(chosen).to_be_disabled()
    await expect(page.locator(".choices").last.locator("button:enabled")).to_have_count(2)
    await expect(page.locator(".line.user")).to_have_count(1)
    # The offer beside the first question went with it; only the second one's is left.
    await expect(page.get_by_role("button", name="Ça m’a aidé")).to_have_count(1)
    await page.reload()
    await expect(page.get_by_role("button", name="Ça m’a aidé")).to_have_count(1)


async def test_the_header_and_the_footer_follow_the_owner(
    site: Server, browser: Browser, faults: list[str]
) -> None:
    page = await open_chat(browser, site, faults)
    await expect(page.get_by_role("button", name="Parler à une personne")).to_be_visible()
    await site.house.hand(1, Owner.QUEUE, case="N1-000042")
    await expect(page.locator("#status")).to_have_text("En attente d’une personne N1-000042")
    await expect(page.get_by_role("button", name="Parler à une personne")).to_be_hidden()
    await site.house.say(1, Reply(text="Bonjour !", author=Author.AGENT, author_name="Camille"))
    await expect(page.locator(".line.agent .name")).to_contain_text("Camille")


async def test_what_could_not_be_sent_says_so_and_is_sent_once_on_retry(
    site: Server, browser: Browser, faults: list[str]
) -> None:
    page = await open_chat(browser, site, faults)
    site.house.broken = True
    await page.get_by_label("Votre message").fill("Important")
    await page.keyboard.press("Enter")
    again = page.get_by_role("button", name="Réessayer")
    await expect(again).to_be_visible(timeout=60_000)
    site.house.broken = False
    await again.click()
    await expect(page.locator(".line.bot").last).to_contain_text("Vous avez dit")
    await expect(page.locator(".line.user")).to_have_count(1)
    assert [message.text for message in site.house.accepted[1:]] == ["Important"]


async def test_a_file_is_shown_before_and_after(
    site: Server, browser: Browser, faults: list[str], tmp_path: Path
) -> None:
    (tmp_path / "fuite.jpg").write_bytes(b"x" * 2000)
    (tmp_path / "film.mp4").write_bytes(b"x" * 10_000_001)
    page = await open_chat(browser, site, faults)
    await page.locator("#file").set_input_files(tmp_path / "fuite.jpg")
    await expect(page.locator("#files")).to_contain_text("fuite.jpg")
    await page.get_by_label("Envoyer", exact=True).click()
    await expect(page.locator(".line.user .file")).to_contain_text("2\u00a0ko")
    await expect(page.locator("#files")).to_be_hidden()
    await page.locator("#file").set_input_files(tmp_path / "film.mp4")
    await expect(page.locator("#problem")).to_contain_text("10")


async def test_a_second_page_of_the_same_chat_follows(
    site: Server, browser: Browser, faults: list[str]
) -> None:
    page = await open_chat(browser, site, faults)
    other = await page.context.new_page()
    await other.goto("/chat/sav")
    await page.get_by_label("Votre message").fill("Des deux côtés")
    await page.keyboard.press("Enter")
    await expect(other.locator(".line.user .said")).to_have_text("Des deux côtés")
    await expect(other.locator(".line.bot")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone_nothing_is_cut(
    site: Server, browser: Browser, faults: list[str], scheme: str
) -> None:
    site.house.answer = lambda message: (
        Reply(
            title="Un titre avec unmotsanslafin" * 4,
            text="`" + "code" * 40 + "`\n\n1. https://a.example/" + "x" * 120,
            buttons=tuple(Button(label=f"{number} {'m' * 50}", value=f"c:{number}") for number in range(5)),
        ),
    )
    phone = {"viewport": {"width": 360, "height": 640}, "color_scheme": scheme}
    page = await open_chat(browser, site, faults, **phone)
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    box = await page.locator(".send").bounding_box()
    assert box
    assert box["x"] + box["width"] <= 360
    assert box["y"] + box["height"] <= 640


async def test_without_scripts(site: Server, browser: Browser, faults: list[str]) -> None:
    site.house.answer = clarify
    page = await open_chat(browser, site, faults, java_script_enabled=False)
    await page.get_by_label("Votre message").fill("Bonjour")
    await page.get_by_label("Envoyer", exact=True).click()
    await expect(page.locator(".line.bot").last).to_contain_text("(Bonjour)")
    await page.get_by_role("button", name="Le fer").last.click()
    await expect(page.locator(".line.bot").last).to_contain_text("(c:1)")
    site.house.gate.clear()
    await page.get_by_label("Votre message").fill("Un instant")
    await page.get_by_label("Envoyer", exact=True).click()
    await expect(page.locator("#typing")).to_be_visible()
    site.house.gate.set()
    await expect(page.locator(".line.bot").last).to_contain_text("(Un instant)")


async def test_a_draft_outlives_a_change_of_language(
    site: Server, browser: Browser, faults: list[str]
) -> None:
    page = await open_chat(browser, site, faults)
    await page.get_by_label("Votre message").fill("Je disais")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_label("Your message")).to_have_value("Je disais")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
