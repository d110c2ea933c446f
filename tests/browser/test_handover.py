"""A customer's chat is handed over, claimed and answered, in two real browsers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import chromium
from tests.support.served import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Browser]:
    """One browser; each page has a context of its own."""
    with chromium(browser_path) as opened:
        yield opened


@pytest.fixture
def base(data_dir: Path) -> Iterator[str]:
    """The demo, served."""
    with served(data_dir) as address:
        yield address


def write(page: Page, text: str) -> None:
    """The customer says something."""
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def log_in(page: Page, base: str) -> None:
    """With the login that the page shows."""
    page.goto(f"{base}/console/")
    page.locator("input[name=email]").fill("camille@bellac.example")
    page.locator("input[name=password]").fill("bonjour-relais")
    page.locator("input[name=password]").press("Enter")
    expect(page).to_have_url(re.compile("/console/$"))


def test_a_chat_is_handed_over_claimed_and_answered(browser: Browser, base: str) -> None:
    customer = browser.new_context(locale="fr-FR").new_page()
    agent = browser.new_context(locale="fr-FR").new_page()
    customer.goto(f"{base}/chat/sav")
    log = customer.locator("#log")

    write(customer, "comment détartrer ma centrale vapeur ?")
    expect(log).to_contain_text("Calc")
    write(customer, "je voudrais parler à quelqu'un")
    expect(log).to_contain_text("N1-000001")

    log_in(agent, base)
    agent.get_by_text("N1-000001").first.click()
    expect(agent.locator("body")).to_contain_text("détartrer ma centrale vapeur")
    agent.keyboard.press("c")
    expect(log).to_contain_text("Camille")

    agent.reload()  # once in a while the page of a loaded machine shows the claim late
    agent.locator("textarea[id^=reply-]").fill("Bonjour, je suis Camille. <b>Dites-moi tout.</b>")
    agent.locator("textarea[id^=reply-]").press("Control+Enter")
    expect(log).to_contain_text("Dites-moi tout.")
    assert log.locator("b").filter(has_text="Dites-moi tout").count() == 0, "text, not HTML"

    write(customer, "le voyant reste allumé")
    expect(agent.locator("body")).to_contain_text("le voyant reste allumé")
