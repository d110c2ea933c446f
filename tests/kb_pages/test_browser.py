"""Looking something up in a real browser: at a desk, on a phone, by keyboard, without scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.kb_pages.conftest import Helpdesk
from tests.support.browser import chromium

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Browser]:
    """One browser; each page has a context of its own."""
    with chromium(browser_path) as opened:
        yield opened


@pytest.mark.parametrize("width", [1200, 360])
def test_from_the_start_page_to_an_article_by_keyboard(
    browser: Browser, helpdesk: Helpdesk, width: int
) -> None:
    context = browser.new_context(
        locale="fr-FR", java_script_enabled=False, viewport={"width": width, "height": 740}
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.goto(helpdesk.base)
    page.get_by_role("link", name="Lire les articles").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Base d’aide")
    fits()
    page.get_by_role("searchbox").fill("j'ai perdu mon mdp")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("searchbox")).to_have_value("j'ai perdu mon mdp")
    expect(page.get_by_role("status")).to_contain_text("j’ai perdu mon mdp")
    fits()
    page.get_by_role("link", name="Mot de passe oublié").press("Enter")
    expect(page.locator("article li")).to_have_count(3)
    fits()
    page.get_by_role("link", name="Read in English").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Forgotten password")
    page.get_by_role("link", name="All articles").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Help articles")
    assert faults == []
    context.close()
