"""Agents look things up: the knowledge base from the list, the version of an article from an answer."""

import re
from html import unescape

import pytest

from bot.content.files import read_folder
from bot.content.library import store_release
from bot.content.workspace import parse
from bot.domain.messages import Reply, Source
from bot.domain.turn import Why
from bot.pipeline.clock import SystemClock
from config.settings import DEMO_WORKSPACE
from tests.console.world import Handed, World, log_in, text_of

PATH = "knowledge/sav/facture.fr.md"
OLD = '---\ntitle: "Obtenir votre facture"\nask: [ma facture]\n---\nDemandez-la par <b>courrier</b>.\n'
NEW = OLD.replace("courrier", "e-mail")


@pytest.fixture
def answered(world: World) -> Handed:
    """A conversation whose answer came from the first of two versions."""
    files = read_folder(DEMO_WORKSPACE)
    for text in (OLD, NEW):
        stored = files | {PATH: text}
        world.write(lambda unit, s=stored: store_release(unit, s, parse(s), SystemClock()))  # type: ignore[misc]  # mypy cannot infer the defaults
    why = Why(rule="article_confident", article="facture", article_language="fr", article_version=1)
    source = Source(title="Obtenir votre facture", url="/kb/sav/facture?lang=fr")
    return world.handed_over(bot_says=Reply(text="Demandez-la.", source=source), why=why)


def test_an_answer_leads_to_the_version_that_it_came_from(world: World, answered: Handed) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    case = visitor.open(f"/cases/{answered.case_id}")
    assert 'href="/kb/sav/facture?lang=fr"' in case.text
    link = re.search(r'<a href="/console(/articles/[^"]+)"[^>]*>Version 1 de l’article</a>', case.text)
    assert link is not None
    old = visitor.open(unescape(link[1]))
    assert "Demandez-la par <b>courrier</b>." in text_of(old.text)
    assert "<b>" not in old.text
    assert re.search(r"Version 1 \(Service clients\), en ligne depuis le \w+ \d", text_of(old.text))
    newest = visitor.open("/articles/sav/facture")
    assert "e-mail" in text_of(newest.text)


@pytest.mark.parametrize("path", ["/articles/sav/nope", "/articles/sav/facture?version=9", "/articles/x/y"])
def test_a_version_that_is_not_there_is_not_found(world: World, answered: Handed, path: str) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    assert visitor.open(path).status_code == 404


def test_older_versions_are_for_agents_only(world: World, answered: Handed) -> None:
    world.agent("Camille Roux")
    client = world.client()
    path = "/articles/sav/facture?version=1"
    assert "courrier" not in client.get(path).text
    after = log_in(client, "camille@bellac.example", next_path=f"/console{path}")
    assert "courrier" in after.text


def test_the_list_leads_to_the_knowledge_base_of_the_desk_in_view(world: World) -> None:
    ours = world.handed_over(desk="sav")
    visitor = world.visitor(world.agent("Camille Roux", desks=["it", "sav"]))
    assert 'href="/kb/it?lang=fr"' in visitor.open().text
    assert 'href="/kb/sav?lang=fr"' in visitor.open("/?desk=sav").text
    assert 'href="/kb/sav?lang=fr"' in visitor.open(f"/cases/{ours.case_id}").text


def test_an_article_of_another_desk_is_not_shown(world: World, answered: Handed) -> None:
    visitor = world.visitor(world.agent("Sam Okafor", desks=["it"]))
    assert visitor.open("/articles/sav/facture").status_code == 404
