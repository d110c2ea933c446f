"""The console in a real browser: keys, drafts, live updates under the agent's hands."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, ViewportSize, expect

from handoff.console.login.sessions import COOKIE
from tests.console.world import Handed, Visitor, World
from tests.support.browser import chromium

pytestmark = pytest.mark.browser

WIDE: ViewportSize = {"width": 1360, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 640}


@pytest.fixture(scope="module")
def chrome(browser_path: str) -> Iterator[Browser]:
    """One browser for all tests."""
    with chromium(browser_path) as opened:
        yield opened


@pytest.fixture
def browser(chrome: Browser, world: World) -> Iterator[Browser]:
    """The browser; its pages are closed before the server, and the test fails if they complained."""
    _complaints.clear()
    yield chrome
    for context in chrome.contexts:
        context.close()
    assert _complaints == []


@pytest.fixture
def visitor(world: World) -> Visitor:
    """Camille, in a browser without scripts: does things elsewhere."""
    return world.visitor(world.agent("Camille Roux"))


def page_of(
    browser: Browser,
    world: World,
    visitor: Visitor,
    path: str = "/",
    *,
    is_live: bool = True,
    **options: Any,
) -> Page:
    """The same agent in Chromium; whatever the page complains of fails the test."""
    context = browser.new_context(viewport=WIDE, locale="fr-FR", **options)
    token = visitor.client.cookies.get(COOKIE, path="/console")
    context.add_cookies([{"name": COOKIE, "value": str(token), "url": world.base + "/", "httpOnly": True}])
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: _complaints.append(str(error)))
    page.on("console", _listen)
    if not is_live:
        page.route("**/events*", lambda route: route.abort())
        page.goto(world.base + path)
        return page
    with page.expect_response(re.compile("/events")):
        page.goto(world.base + path)
    return page


_complaints: list[str] = []


def _listen(line: ConsoleMessage) -> None:
    """A refusal (409), an ended session (401) and a cut live stream are part of the tests."""
    if line.type == "error" and not re.search(
        "40[19]|ERR_FAILED|/events|^htmx:", line.text + str(line.location)
    ):
        _complaints.append(f"{line.text} {line.location}")


def opened(page: Page, handed: Handed) -> None:
    expect(page.locator(f"#case-{handed.case_id}")).to_be_visible()


def test_keys_move_open_claim_reply_note_and_resolve(
    browser: Browser, world: World, visitor: Visitor
) -> None:
    first = world.handed_over("la première")
    world.clock.forward(minutes=1)
    second = world.handed_over("la seconde")
    page = page_of(browser, world, visitor)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(f"#open-{second.case_id}")).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(f"#open-{first.case_id}")).to_be_focused()
    page.keyboard.press("Enter")
    opened(page, first)
    page.keyboard.press("c")
    expect(page.locator(".state")).to_have_text("À vous")
    page.keyboard.press("r")
    expect(page.locator(f"#reply-{first.case_id}")).to_be_focused()
    page.keyboard.type("Bonjour, j’écris jkcrne?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".block.agent")).to_contain_text("Bonjour, j’écris jkcrne?")
    expect(page.locator(f"#reply-{first.case_id}")).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("une note")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".block.note")).to_contain_text("une note")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.locator("[data-resolve] .menu-body")).to_be_visible()
    assert world.owner(first) == "agent", "asked first"
    page.keyboard.press("Enter")
    expect(page.locator(".state")).to_have_text("Close")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_c_claims_the_row_that_has_the_focus(browser: Browser, world: World, visitor: Visitor) -> None:
    first, second = world.handed_over("une"), world.handed_over("deux")
    page = page_of(browser, world, visitor, f"/cases/{first.case_id}")
    page.locator(f"#open-{second.case_id}").focus()
    page.keyboard.press("c")
    opened(page, second)
    assert (world.owner(first), world.owner(second)) == ("queue", "agent")


def test_keys_that_are_pressed_too_soon_wait_for_the_page(
    browser: Browser, world: World, visitor: Visitor
) -> None:
    handed = world.handed_over()
    page = page_of(browser, world, visitor)

    def late(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/cases/*", late)
    page.locator(f"#open-{handed.case_id}").click()
    page.keyboard.press("c")
    expect(page.locator(".state")).to_have_text("À vous")
    assert world.owner(handed) == "agent"


def test_a_refresh_keeps_what_is_typed_and_what_is_open(
    browser: Browser, world: World, visitor: Visitor
) -> None:
    handed = world.handed_over()
    visitor.act(handed, "claim")
    page = page_of(browser, world, visitor, f"/cases/{handed.case_id}")
    reply, note = page.locator(f"#reply-{handed.case_id}"), page.locator(f"#note-{handed.case_id}")
    page.keyboard.press("n")
    note.fill("brouillon de note")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.type("à moitié écr")
    world.says(handed, "Encore une chose")
    expect(page.locator(".lines")).to_contain_text("Encore une chose")
    expect(reply).to_be_focused()
    page.keyboard.type("it")
    expect(reply).to_have_value("à moitié écrit")
    expect(note).to_have_value("brouillon de note")
    page.locator("[data-resolve] summary").click()
    world.says(handed, "Et une autre")
    expect(page.locator(".lines")).to_contain_text("Et une autre")
    expect(page.locator("[data-resolve] .menu-body")).to_be_visible()
    page.reload()
    expect(reply).to_have_value("à moitié écrit")
    expect(note).to_have_value("brouillon de note")


def test_drafts_stay_with_their_case(browser: Browser, world: World, visitor: Visitor) -> None:
    one, two = world.handed_over("une"), world.handed_over("deux")
    for handed in (one, two):
        visitor.act(handed, "claim")
    page = page_of(browser, world, visitor, f"/cases/{one.case_id}")
    page.locator(f"#reply-{one.case_id}").fill("pour la première")
    page.locator(f"#open-{two.case_id}").click()
    opened(page, two)
    expect(page.locator(f"#reply-{two.case_id}")).to_have_value("")
    page.locator(f"#open-{one.case_id}").click()
    opened(page, one)
    expect(page.locator(f"#reply-{one.case_id}")).to_have_value("pour la première")


def test_sending_a_note_keeps_the_reply_that_is_being_written(
    browser: Browser, world: World, visitor: Visitor
) -> None:
    handed = world.handed_over()
    visitor.act(handed, "claim")
    page = page_of(browser, world, visitor, f"/cases/{handed.case_id}")
    page.locator(f"#reply-{handed.case_id}").fill("réponse en cours")
    page.locator("label.mode-note").click()
    page.locator(f"#note-{handed.case_id}").fill("d’abord une note")
    page.get_by_role("button", name="Ajouter la note").click()
    expect(page.locator(".block.note")).to_contain_text("d’abord une note")
    expect(page.locator(f"#note-{handed.case_id}")).to_have_value("")
    expect(page.locator(f"#reply-{handed.case_id}")).to_have_value("réponse en cours")


def test_a_draft_outlives_the_session(browser: Browser, world: World, visitor: Visitor) -> None:
    handed = world.handed_over()
    visitor.act(handed, "claim")
    page = page_of(browser, world, visitor, f"/cases/{handed.case_id}")
    page.locator(f"#reply-{handed.case_id}").fill("écrit avant la fin")
    world.clock.forward(hours=13)
    page.get_by_role("button", name="Envoyer").click()
    expect(page).to_have_url(re.compile("/login"))
    expect(page.locator("main")).to_contain_text("est gardé dans cet onglet")
    page.locator("#email").fill("camille@bellac.example")
    page.locator("#password").fill("une phrase assez longue")
    page.keyboard.press("Enter")
    expect(page.locator(f"#reply-{handed.case_id}")).to_have_value("écrit avant la fin")
    assert world.lines(handed, "agent") == []


def test_a_double_click_sends_once(browser: Browser, world: World, visitor: Visitor) -> None:
    handed = world.handed_over()
    visitor.act(handed, "claim")
    page = page_of(browser, world, visitor, f"/cases/{handed.case_id}")
    page.locator(f"#reply-{handed.case_id}").fill("une seule fois")
    page.get_by_role("button", name="Envoyer").dblclick()
    expect(page.locator(".block.agent")).to_contain_text("une seule fois")
    assert world.lines(handed, "agent") == ["une seule fois"]


def test_the_row_under_the_pointer_does_not_move(browser: Browser, world: World, visitor: Visitor) -> None:
    for number in range(3):
        world.clock.forward(minutes=1)
        handed = world.handed_over(f"numéro {number}")
    page = page_of(browser, world, visitor)
    row = page.locator(f"#open-{handed.case_id}")
    row.hover()
    before = row.bounding_box()
    from bot.domain.case import HandoffReason, HandoffRequest

    danger = HandoffRequest(reason=HandoffReason.DANGER, summary="fumée")
    urgent = world.handed_over("fumée", request=danger)
    expect(page.locator(f"#open-{urgent.case_id}")).to_be_attached()
    page.wait_for_timeout(400)
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 1
    page.mouse.move(900, 400)
    expect(page.locator(f"#open-{urgent.case_id}")).to_be_in_viewport()


def test_the_dot_goes_out_for_what_was_read_and_comes_back(
    browser: Browser, world: World, visitor: Visitor
) -> None:
    handed = world.handed_over()
    page = page_of(browser, world, visitor)
    row = page.locator(f"#open-{handed.case_id}")
    expect(row).not_to_have_class(re.compile("is-seen"))
    row.click()
    expect(row).to_have_class(re.compile("is-seen"))
    page.goto(world.base + "/")
    expect(row).to_have_class(re.compile("is-seen"))
    world.clock.forward(minutes=1)
    world.says(handed, "encore")
    expect(row).not_to_have_class(re.compile("is-seen"))


def test_a_claim_that_came_second_says_who_was_first(
    browser: Browser, world: World, visitor: Visitor
) -> None:
    handed = world.handed_over()
    page = page_of(browser, world, visitor, f"/cases/{handed.case_id}", is_live=False)
    world.visitor(world.agent("Sam Okafor")).act(handed, "claim")
    page.locator("[data-claim]").first.click()
    expect(page.get_by_role("alert").first).to_contain_text("Sam Okafor a pris cette demande")
    assert page.url == f"{world.base}/cases/{handed.case_id}"


def test_a_lost_connection_and_an_ended_session_are_told(
    browser: Browser, world: World, visitor: Visitor
) -> None:
    page = page_of(browser, world, visitor)
    expect(page.locator("#offline")).to_be_hidden()
    cut = page_of(browser, world, visitor, is_live=False)
    expect(cut.locator("#offline")).to_be_visible(timeout=60_000)
    world.clock.forward(hours=13)
    world.handed_over()
    expect(page.locator("#ended")).to_be_visible()
    expect(page.locator("#ended a")).to_have_attribute("href", re.compile("next=%2Fconsole%2F$"))


def test_news_that_overtake_an_action_wait_for_it(browser: Browser, world: World, visitor: Visitor) -> None:
    """The form that was sent must still be there when its answer comes, else nobody knows where it goes."""
    handed = world.handed_over()
    visitor.act(handed, "claim")
    page = page_of(browser, world, visitor, f"/cases/{handed.case_id}")

    def late(route: Route) -> None:
        visitor.act(handed, "resolve")
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/cases/*/resolve", late)
    page.locator("[data-resolve] summary").click()
    page.get_by_role("button", name="Oui, clore la demande").click()
    expect(page.locator("#problem")).to_contain_text("déjà close")
    expect(page.locator(".state")).to_have_text("Close")
    assert page.locator("dialog, .list, .case").count() == 3


def test_back_and_forward_lead_through_the_cases(browser: Browser, world: World, visitor: Visitor) -> None:
    one, two = world.handed_over("une"), world.handed_over("deux")
    page = page_of(browser, world, visitor, f"/cases/{one.case_id}")
    page.locator(f"#open-{two.case_id}").click()
    opened(page, two)
    page.go_back()
    opened(page, one)
    page.go_forward()
    opened(page, two)


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("path", ["/", "/?view=resolved", "/cases/1", "/cases/1?panel=side", "/nowhere"])
def test_nothing_sticks_out_of_a_phone(
    browser: Browser, world: World, visitor: Visitor, path: str, scripts: bool
) -> None:
    handed = world.handed_over("Un_mot_" * 60, name="Jean-Marc-Emmanuel de la Tour d’Auvergne-Lauraguais")
    visitor.act(handed, "claim")
    visitor.act(handed, "reply", text="https://exemple.test/" + "a" * 300)
    context = browser.new_context(viewport=PHONE, java_script_enabled=scripts)
    token = str(visitor.client.cookies.get(COOKIE, path="/console"))
    context.add_cookies([{"name": COOKIE, "value": token, "url": world.base + "/"}])
    page = context.new_page()
    page.goto(world.base + path)
    expect(page.locator("body")).to_be_visible()
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        too_wide = """[...document.querySelectorAll(".lines-scroll, .side, .scroll, .card")]
          .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.className)"""
        assert page.evaluate(too_wide) == []
    if path == "/cases/1":
        for part in (".thread-head", ".write.reply textarea", ".write.reply button"):
            expect(page.locator(part)).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(
    browser: Browser, world: World, visitor: Visitor, scheme: str
) -> None:
    """WCAG 2.2 AA, 1.4.3: 4.5 to 1, computed from what the browser paints."""
    handed = world.handed_over()
    visitor.act(handed, "claim")
    visitor.act(handed, "note", text="note")
    visitor.act(handed, "reply", text="réponse")
    world.handed_over("une autre")
    page = page_of(browser, world, visitor, f"/cases/{handed.case_id}", color_scheme=scheme)
    assert page.evaluate(_FAINT) == []


_FAINT = """() => {
  const channels = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0.9) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.offsetParent || element.closest(".vh, [hidden], .is-leaving")) continue;
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([element.outerHTML.slice(0, 80), ratio].join());
  }
  return faint;
}"""


def test_every_control_has_a_name_and_shows_its_focus(
    browser: Browser, world: World, visitor: Visitor
) -> None:
    handed = world.handed_over()
    visitor.act(handed, "claim")
    page = page_of(browser, world, visitor, f"/cases/{handed.case_id}")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), textarea, summary")]
          .filter((e) => !(e.textContent.trim() || e.labels?.length || e.getAttribute("aria-label")))
          .map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    for _ in range(12):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
              const label = e.labels?.[0] && getComputedStyle(e.labels[0]);
              const box = e.closest(".write") && getComputedStyle(e.closest(".write"));
              const shown = [s.outlineStyle, label?.outlineStyle, box?.boxShadow];
              return shown.some((style) => style && style !== "none"); }"""
        )
        assert shown, page.evaluate("document.activeElement.outerHTML")


def test_the_page_weighs_little(browser: Browser, world: World, visitor: Visitor) -> None:
    handed = world.handed_over()
    context = browser.new_context()
    token = str(visitor.client.cookies.get(COOKIE, path="/console"))
    context.add_cookies([{"name": COOKIE, "value": token, "url": world.base + "/"}])
    page = context.new_page()
    page.goto(f"{world.base}/cases/{handed.case_id}", wait_until="load")
    sizes = page.evaluate(
        "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
        ".map((entry) => entry.encodedBodySize)"
    )
    assert 10_000 < sum(sizes) < 100_000
