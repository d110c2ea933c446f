"""What agents do, through the forms of the pages."""

import threading
from dataclasses import replace

import pytest

from bot.domain.case import CaseStatus
from bot.storage.unit_of_work import UnitOfWork
from tests.console.world import Handed, World, text_of


def status(world: World, handed: Handed) -> CaseStatus:
    return world.read(lambda unit: unit.cases.get(handed.case_id)).status


def test_claim_reply_note_and_resolve(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))

    claimed = visitor.act(handed, "claim")
    assert "La demande est à vous" in claimed.text
    assert world.owner(handed) == "agent"

    replied = visitor.act(handed, "reply", text="Bonjour Marie,\r\nje regarde. ")
    assert "Réponse envoyée" in replied.text
    assert world.lines(handed, "agent") == ["Bonjour Marie,\nje regarde."]

    noted = visitor.act(handed, "note", text="Voir le lot 48.")
    assert "Note ajoutée" in noted.text
    assert world.lines(handed, "note") == ["Voir le lot 48."]

    resolved = visitor.act(handed, "resolve")
    assert "La demande est close" in resolved.text
    assert world.owner(handed) == "closed"
    assert status(world, handed) is CaseStatus.RESOLVED


def test_back_to_the_queue_and_back_to_the_bot(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    visitor.act(handed, "claim")
    assert "de nouveau dans la file" in visitor.act(handed, "release").text
    assert world.owner(handed) == "queue"
    visitor.act(handed, "claim")
    assert "Le robot a repris" in visitor.act(handed, "return").text
    assert world.owner(handed) == "bot"


def test_a_post_that_arrives_twice_is_done_once(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    visitor.act(handed, "claim")
    fields = visitor.form(handed, "reply")
    first = visitor.send(handed, "reply", fields, text="Une seule fois")
    again = visitor.send(handed, "reply", fields, text="Une seule fois")
    assert first.status_code == again.status_code == 200
    assert "Réponse envoyée" in again.text
    assert world.lines(handed, "agent") == ["Une seule fois"]


def test_a_double_click_claims_once(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    fields = visitor.form(handed, "claim")
    assert visitor.send(handed, "claim", fields).status_code == 200
    assert visitor.send(handed, "claim", fields).status_code == 200
    events = [event for _, event, _ in world.read(lambda unit: unit.cases.history(handed.case_id))]
    assert events == ["opened", "claimed"]


def test_going_back_and_changing_the_text_sends_the_new_text(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    visitor.act(handed, "claim")
    fields = visitor.form(handed, "reply")
    visitor.send(handed, "reply", fields, text="Première version")
    visitor.send(handed, "reply", fields, text="Seconde version")
    assert world.lines(handed, "agent") == ["Première version", "Seconde version"]


def test_what_was_refused_can_be_tried_again_with_the_same_key(world: World) -> None:
    handed = world.handed_over()
    camille = world.visitor(world.agent("Camille Roux"))
    sam = world.visitor(world.agent("Sam Okafor"))
    fields = sam.form(handed, "claim")
    camille.act(handed, "claim")
    assert sam.send(handed, "claim", fields).status_code == 409
    camille.act(handed, "release")
    assert sam.send(handed, "claim", fields).status_code == 200
    assert world.read(lambda unit: unit.conversations.get(handed.conversation_id)).agent_id == 2


def test_of_two_who_claim_at_once_one_is_told_who_has_it(world: World) -> None:
    handed = world.handed_over()
    visitors = {name: world.visitor(world.agent(name)) for name in ("Camille Roux", "Sam Okafor")}
    forms = {name: visitor.form(handed, "claim") for name, visitor in visitors.items()}
    pages = {}
    barrier = threading.Barrier(2)

    def claim(name: str) -> None:
        barrier.wait()
        pages[name] = visitors[name].send(handed, "claim", forms[name])

    threads = [threading.Thread(target=claim, args=(name,)) for name in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = {page.status_code: name for name, page in pages.items()}
    assert sorted(statuses) == [200, 409]
    winner, loser = statuses[200], statuses[409]
    assert f"{winner} a pris cette demande juste avant vous" in pages[loser].text
    assert pages[loser].headers["hx-push-url"] == f"/console/cases/{handed.case_id}"


def test_a_reply_to_what_a_colleague_took_is_not_sent_and_not_lost(world: World) -> None:
    handed = world.handed_over()
    camille = world.visitor(world.agent("Camille Roux"))
    sam = world.visitor(world.agent("Sam Okafor"))
    camille.act(handed, "claim")
    fields = camille.form(handed, "reply")
    camille.act(handed, "release")
    sam.act(handed, "claim")
    refused = camille.send(handed, "reply", fields, text="Trop tard & perdu ?")
    assert refused.status_code == 409
    assert "Sam Okafor a maintenant cette demande" in refused.text
    assert "Trop tard &amp; perdu ?" in refused.text
    assert world.lines(handed, "agent") == []


@pytest.mark.parametrize("text", ["", "   \r\n ", "\x00\x07"])
def test_an_empty_reply_is_refused(world: World, text: str) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    visitor.act(handed, "claim")
    refused = visitor.act(handed, "reply", text=text)
    assert refused.status_code == 422
    assert "Écrivez votre réponse avant de l’envoyer" in refused.text
    assert world.lines(handed, "agent") == []


def test_a_reply_has_a_longest_length_and_one_too_long_is_kept(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    visitor.act(handed, "claim")
    assert visitor.act(handed, "reply", text="é" * 4000).status_code == 200
    refused = visitor.act(handed, "reply", text="fin " * 1500 + "fin")
    assert refused.status_code == 422
    assert "6\u202f003 caractères" in refused.text
    assert refused.text.count("fin fin fin") > 0
    assert world.lines(handed, "agent") == ["é" * 4000]


def test_the_text_of_an_ended_session_is_handed_back(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    visitor.act(handed, "claim")
    fields = visitor.form(handed, "reply")
    world.clock.forward(hours=13)
    response = visitor.send(handed, "reply", fields, text="Dix lignes <b>écrites</b>")
    assert response.status_code == 401
    assert "Dix lignes &lt;b&gt;écrites&lt;/b&gt;" in response.text
    scripted = visitor.client.post(
        f"/cases/{handed.case_id}/reply", data=fields | {"text": "x"}, headers={"hx-request": "true"}
    )
    assert scripted.headers["hx-redirect"].startswith("/console/login?next=")
    assert world.lines(handed, "agent") == []


def test_nothing_is_done_without_a_key(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    fields = visitor.form(handed, "claim")
    for key in ("", "court", "x" * 65, "a b c d e f"):
        assert visitor.send(handed, "claim", fields | {"key": key}).status_code == 422
    assert world.owner(handed) == "queue"


def test_an_older_case_of_the_conversation_takes_no_action(world: World) -> None:
    """Its conversation has a newer one: what is done belongs there."""
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    fields = visitor.form(handed, "claim")

    def newer(unit: UnitOfWork) -> None:
        case = unit.cases.get(handed.case_id)
        unit.cases.save(
            replace(case, status=CaseStatus.RESOLVED), event="resolved", agent_id=None, now=case.opened_at
        )
        opened = unit.cases.open(replace(case, id=0))
        unit.conversations.save(replace(unit.conversations.lock(handed.conversation_id), case_id=opened.id))

    world.write(newer)
    assert visitor.send(handed, "claim", fields).status_code == 409
    assert "demande plus récente" in text_of(visitor.open(f"/cases/{handed.case_id}").text)
    assert world.owner(handed) == "queue"


def test_an_action_nobody_knows_is_not_found(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    fields = visitor.form(handed, "claim")
    assert visitor.send(handed, "explode", fields).status_code == 404
    assert visitor.open(f"/cases/{handed.case_id}/claim").url.path == f"/console/cases/{handed.case_id}"


def test_the_list_that_was_open_stays_open(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    visitor_page = visitor.open(f"/cases/{handed.case_id}?desk=sav")
    assert "desk=sav" in visitor_page.text
    fields = visitor.form(handed, "claim") | {"back": f"/console/cases/{handed.case_id}?desk=sav"}
    assert "desk=sav" in str(visitor.send(handed, "claim", fields).url)
