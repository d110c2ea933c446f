"""What the pages show, to whom, and in which language."""

import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.domain.case import HandoffReason, HandoffRequest, Urgency
from bot.domain.messages import Button, Reply, Source
from bot.domain.turn import Candidate, Why
from bot.storage.unit_of_work import UnitOfWork
from tests.console.world import Handed, Visitor, World, content, text_of

XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>gras</b>"


def rows(page: httpx.Response) -> list[int]:
    """The cases in the list, from top to bottom."""
    return [int(found) for found in re.findall(r'class="row[^"]*" id="open-(\d+)"', page.text)]


def test_agents_see_the_cases_of_their_own_desks_only(world: World) -> None:
    ours, theirs = (
        world.handed_over(desk="it"),
        world.handed_over(desk="sav", files=[("a.txt", "text/plain", b"x")]),
    )
    solo = world.visitor(world.agent("Solène Petit", desks=["it"]))
    both = world.visitor(world.agent("Camille Roux"))
    assert rows(solo.open()) == [ours.case_id]
    assert rows(solo.open("/?desk=sav")) == [ours.case_id], "a desk that is not theirs is no filter"
    fields = solo.form(ours, "claim")
    for answer in (
        solo.open(f"/cases/{theirs.case_id}"),
        solo.send(theirs, "claim", fields),
        solo.send(theirs, "note", fields, text="x"),
        solo.open("/files/1"),
        solo.open(f"/events?case={theirs.case_id}"),
    ):
        assert answer.status_code == 404
        assert "Il n’y a rien ici" in answer.text
    assert world.owner(theirs) == "queue"
    assert set(rows(both.open())) == {ours.case_id, theirs.case_id}
    assert both.open("/files/1").status_code == 200


@pytest.mark.parametrize(
    "path", ["/cases/999", "/cases/99999999999999999999", "/files/99999999999999999999", "/x"]
)
def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    assert visitor.open(path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/cases/1", "/files/1", "/events", "/nowhere"])
def test_nothing_is_shown_to_strangers(world: World, path: str) -> None:
    world.handed_over(files=[("a.txt", "text/plain", b"x")])
    assert world.client().get(path).url.path == "/console/login"


def test_what_people_write_is_text_wherever_it_is_shown(world: World) -> None:
    handed = world.handed_over(
        XSS,
        name=XSS,
        bot_says=Reply(
            text=XSS, title=XSS, source=Source(title=XSS), buttons=(Button(label=XSS, value="v"),)
        ),
        files=[(f"{XSS}.png", "image/png", b"\x89PNG\r\n\x1a\n")],
        request=HandoffRequest(reason=HandoffReason.ASKED, summary=XSS, tried=(XSS,), category=XSS),
        why=Why(rule="x", matched=XSS, candidates=(_candidate(XSS, 0.5), _candidate(XSS, 0.4))),
    )
    visitor = world.visitor(world.agent(XSS.replace(" ", "-") + " Roux"))
    visitor.act(handed, "claim")
    visitor.act(handed, "note", text=XSS)
    pages = [visitor.act(handed, "reply", text=XSS), visitor.open(), visitor.open("/cases/1?part=list")]
    pages.append(visitor.act(handed, "reply", text=XSS * 400))
    for page in pages:
        assert "alert(1)" in page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "<b>gras" not in page.text
        assert not re.search(r"<[^>]*\sonerror=", re.sub(r'"[^"]*"', '""', page.text))


def _candidate(title: str, confidence: float) -> Candidate:
    return Candidate(kind="article", id="a", title=title, confidence=confidence, matched=title)


def test_the_list_is_sorted_by_what_to_do_next(world: World) -> None:
    camille = world.agent("Camille Roux")
    sam = world.agent("Sam Okafor")
    low = world.handed_over("bas", request=_request(Urgency.LOW))
    first = world.handed_over("premier", request=_request(Urgency.NORMAL))
    world.clock.forward(minutes=5)
    second = world.handed_over("second", request=_request(Urgency.NORMAL))
    world.clock.forward(minutes=5)
    danger = world.handed_over(
        "fumée", request=HandoffRequest(reason=HandoffReason.DANGER, summary="fumée", urgency=Urgency.LOW)
    )
    mine, answered, theirs = (
        world.handed_over("à moi"),
        world.handed_over("répondu"),
        world.handed_over("à Sam"),
    )
    now = world.clock.now()
    for handed, agent in ((mine, camille), (answered, camille), (theirs, sam)):
        world.write(lambda unit, h=handed, a=agent: world.desk.claim(unit, h.conversation_id, a, now=now))  # type: ignore[misc]  # mypy cannot infer the defaults
    world.write(lambda unit: world.desk.reply(unit, answered.conversation_id, camille, "Voilà", now=now))
    page = world.visitor(camille).open()
    expected = [danger, first, second, mine, low, answered, theirs]
    assert rows(page) == [handed.case_id for handed in expected]
    headings = ["À faire maintenant 5", "En attente d’une réponse 1", "Chez vos collègues 1"]
    positions = [text_of(page.text).index(heading) for heading in headings]
    assert positions == sorted(positions)


def _request(urgency: Urgency) -> HandoffRequest:
    return HandoffRequest(reason=HandoffReason.ASKED, summary="x", urgency=urgency)


def test_closed_cases_and_those_of_the_bot_have_their_places(world: World) -> None:
    camille = world.agent("Camille Roux")
    closed, returned = world.handed_over("une"), world.handed_over("deux")
    now = world.clock.now()
    for handed in (closed, returned):
        world.write(lambda unit, h=handed: world.desk.claim(unit, h.conversation_id, camille, now=now))  # type: ignore[misc]  # mypy cannot infer the defaults
    world.write(lambda unit: world.desk.resolve(unit, closed.conversation_id, camille, now=now))
    world.write(lambda unit: world.desk.give_back(unit, returned.conversation_id, camille, now=now))
    visitor = world.visitor(camille)
    assert rows(visitor.open()) == [returned.case_id]
    assert "Rendues au robot" in visitor.open().text
    assert rows(visitor.open("/?view=resolved")) == [closed.case_id]
    assert "sera rouverte" in visitor.open(f"/cases/{closed.case_id}").text
    assert "Le robot a la conversation" in visitor.open(f"/cases/{returned.case_id}").text


def test_empty_lists_say_what_would_be_there(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    assert "Les demandes arrivent ici dès que" in visitor.open().text
    assert "Les demandes que vous ou vos collègues terminez" in visitor.open("/?view=resolved").text
    handed = world.handed_over()
    assert "C’est la première demande de cette personne" in visitor.open(f"/cases/{handed.case_id}").text


def test_the_brief_comes_first_on_the_right(world: World) -> None:
    handed = world.handed_over(
        "Oui, tout de suite",
        request=HandoffRequest(
            reason=HandoffReason.NOT_HELPED, summary="Mon fer fuit", tried=("Autonettoyage : n’a pas aidé",)
        ),
    )
    page = text_of(world.visitor(world.agent("Camille Roux")).open(f"/cases/{handed.case_id}").text)
    parts = ["En bref Mon fer fuit", "La réponse du robot n’a pas aidé", "Autonettoyage : n’a pas aidé"]
    parts += ["Ses derniers mots Oui, tout de suite", "Délais", "Personne Nom Marie Lefèvre", "Historique"]
    side = page[page.rindex("En bref") :]
    positions = [side.index(part) for part in parts]
    assert positions == sorted(positions)


def test_the_brief_lists_what_the_person_named_in_the_agents_language(world: World) -> None:
    handed = world.handed_over("Ma CX-125 affiche E11, commande MB-20451873")
    world.says(handed, "c'est écrit ABC-1234, sur une Caféa X1")

    def side(name: str, language: str) -> str:
        page = world.visitor(world.agent(name, language=language)).open(f"/cases/{handed.case_id}")
        return text_of(page.text)

    french, english = side("Camille Roux", "fr"), side("Ann Lee", "en")
    assert "Mentionné Code d’erreur E11 Numéro de commande MB-20451873 Produit Caféa X1" in french
    assert "Référence ou code ABC-1234 Déjà essayé" in french
    assert "Mentioned Error code E11 Order number MB-20451873 Product Caféa X1" in english
    unnamed = world.handed_over("Bonjour")
    page = world.visitor(world.agent("Zoé Petit")).open(f"/cases/{unnamed.case_id}")
    assert "Mentionné" not in text_of(page.text)


def test_service_levels_are_told_while_they_run_and_after(world: World) -> None:
    camille = world.agent("Camille Roux")
    handed = world.handed_over(request=_request(Urgency.HIGH))  # first response due within an hour
    visitor = world.visitor(camille)

    def side() -> str:
        return text_of(visitor.open(f"/cases/{handed.case_id}").text)

    assert "Première réponse reste 1\u00a0h".replace("\u00a0", " ") in side().replace("\u00a0", " ")
    world.clock.forward(minutes=90)
    assert "dépassé de 30 min" in side().replace("\u00a0", " ")
    assert "+ 30 min" in text_of(visitor.open().text).replace("\u00a0", " ")
    visitor.act(handed, "claim")
    visitor.act(handed, "reply", text="Bonjour")
    assert "hors délai, en 1 h 30" in side().replace("\u00a0", " ")


def test_the_bots_turns_fold_and_say_why(world: World) -> None:
    handed = world.handed_over(
        bot_says=Reply(text="Réglez le **thermostat**.", title="Le fer goutte"),
        why=Why(
            rule="article_confident",
            matched="mon fer coule",
            confidence=0.873,
            threshold=0.55,
            candidates=(_candidate("Le fer goutte", 0.87), _candidate("Détartrer", 0.31)),
        ),
    )
    page = world.visitor(world.agent("Camille Roux")).open(f"/cases/{handed.case_id}").text
    folded = re.search(r'<details class="block bot".*?</details>', page, re.DOTALL)
    assert folded is not None
    assert "<strong>thermostat</strong>" in folded[0]
    said = text_of(folded[0]).replace("\u00a0", " ").replace("\u202f", " ")
    for part in (
        "Le fer goutte",
        "« mon fer coule »",
        "Confiance 87 %, seuil 55 %",
        "Deuxième choix : Détartrer (31 %)",
    ):
        assert part in said


def test_the_bots_titles_and_buttons_are_set_as_customers_see_them(world: World) -> None:
    button = Button(label="Cela m'a aidé", value="yes")
    handed = world.handed_over(bot_says=Reply(text="Voici.", title="L'eau coule ?", buttons=(button,)))
    page = world.visitor(world.agent("Camille Roux")).open(f"/cases/{handed.case_id}").text
    assert page.count("L’eau coule\u202f?") == 2, "the folded turn's line, and the title inside"
    assert "Cela m’a aidé" in page


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("pending", "Envoi en cours"),
        ("sent", "Envoyé"),
        ("in_doubt", "Envoyé, peut-être deux fois"),
        ("undelivered", "Non remis : la personne n’a pas reçu ce message"),
    ],
)
def test_each_sent_message_says_whether_it_arrived(world: World, outcome: str, said: str) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    visitor.act(handed, "claim")
    visitor.act(handed, "reply", text="Bonjour")
    now = world.clock.now()

    def deliver(unit: UnitOfWork) -> None:
        while (leased := unit.outbox.lease(handed.conversation_id, holder="h", now=now)) is not None:
            if leased.message.reply.text != "Bonjour":
                unit.outbox.sent(leased, "1", now)
            elif outcome == "undelivered":
                unit.outbox.undeliverable(leased, problem="blocked <by> user")
            elif outcome == "in_doubt":
                unit.outbox.again(leased, at=now, problem="?", in_doubt=True)
                leased = unit.outbox.lease(handed.conversation_id, holder="h", now=now)
                assert leased is not None
                unit.outbox.sent(leased, "1", now)
            elif outcome == "sent":
                unit.outbox.sent(leased, "1", now)
            else:
                return

    world.write(deliver)
    page = visitor.open(f"/cases/{handed.case_id}?part=case").text
    mine = page[page.index("Bonjour") :]
    assert said in text_of(mine[: mine.index("</section>")]).replace("\u00a0", " ")
    if outcome == "undelivered":
        assert "blocked &lt;by&gt; user" in page
        assert "Non remis" in text_of(visitor.open().text), "the list says so, too"


def test_only_whoever_has_it_can_reply_and_everybody_can_note(world: World) -> None:
    handed = world.handed_over()
    camille = world.visitor(world.agent("Camille Roux"))
    sam = world.visitor(world.agent("Sam Okafor"))
    path = f"/cases/{handed.case_id}"
    assert "Prenez la demande en charge pour répondre" in camille.open(path).text
    camille.act(handed, "claim")
    assert f'action="/console{path}/reply"' in camille.open(path).text
    seen = sam.open(path).text
    assert f'action="/console{path}/reply"' not in seen
    assert "Camille Roux s’occupe de cette demande" in seen
    assert sam.act(handed, "note", text="Je connais ce cas.").status_code == 200
    assert "Note de Sam Okafor, invisible pour la personne" in camille.open(path).text


def test_a_person_with_other_requests_shows_them(world: World) -> None:
    earlier = world.handed_over("Une livraison", user="same")
    hidden = world.handed_over("Autre bureau", user="same", account="telegram:sav", desk="it")
    later = world.handed_over("Un fer qui fuit", user="same")
    solo = world.visitor(world.agent("Solène Petit", desks=["sav"]))
    page = text_of(solo.open(f"/cases/{later.case_id}").text)
    others = page[page.index("Ses autres demandes") :]
    assert "Une livraison" in others
    assert f"N1-{earlier.case_id:06d}" in others
    assert f"N1-{hidden.case_id:06d}" not in others


# Languages ----------------------------------------------------------------------------------------


FRENCH = re.compile(r"\b(demande|vous|est|une|pas|les|avec|robot|envoyer)\b", re.IGNORECASE)
ENGLISH = re.compile(r"\b(the|request|is|with|your|not|person|and|send)\b", re.IGNORECASE)


def _everything(world: World, language: str) -> list[str]:
    """All kinds of pages, without what people and bot said in their own language."""
    agent = world.agent("Camille Roux", language=language)
    visitor = world.visitor(agent)
    waiting = world.handed_over(
        "Zzz", name="Zzz", request=HandoffRequest(reason=HandoffReason.DANGER, summary="Zzz")
    )
    paths = [
        "/",
        "/?view=resolved",
        f"/cases/{waiting.case_id}",
        f"/cases/{waiting.case_id}?panel=side",
        "/nowhere",
    ]
    pages = [visitor.open(path).text for path in paths]
    pages += [visitor.act(waiting, action, text="Zzz").text for action in ("claim", "reply", "note")]
    pages.append(visitor.act(waiting, "reply", text="").text)
    pages.append(visitor.act(waiting, "resolve").text)
    return [_without_content(page) for page in pages]


def _without_content(page: str) -> str:
    """The desk speaks the person's language in the transcript; the rest of the page is the agent's."""
    return re.sub(r'(?s)<div class="system" id=.*?</time>', "", page)


@pytest.mark.parametrize(("language", "other"), [("fr", ENGLISH), ("en", FRENCH)])
def test_a_page_speaks_one_language(world: World, language: str, other: re.Pattern[str]) -> None:
    for page in _everything(world, language):
        assert f'<html lang="{language}">' in page
        # The agent's own desks' names and the names of keys are no language.
        assert not other.findall(text_of(page)), text_of(page)


def test_the_language_can_be_changed_and_stays_changed(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    assert '<html lang="en">' in visitor.open("/language/en?next=/console/?view=resolved").text
    assert '<html lang="en">' in visitor.open().text
    assert visitor.open("/language/xx").url.path == "/console/"
    assert '<html lang="en">' in visitor.open().text
    assert visitor.open("/language/fr?next=https://evil.example/").url.path == "/console/"


@pytest.mark.parametrize(
    ("accepted", "expected"), [("en-GB,en;q=0.9", "en"), ("fr-CA", "fr"), ("de", "fr"), ("", "fr")]
)
def test_the_login_page_speaks_the_browsers_language(world: World, accepted: str, expected: str) -> None:
    page = world.client(headers={"accept-language": accepted}).get("/login").text
    assert f'<html lang="{expected}">' in page


def test_french_phrases_keep_their_marks_on_the_line(world: World) -> None:
    french = {
        key: text for key, text in content().phrases.by_language["fr"].items() if key.startswith("console.")
    }
    assert len(french) > 200
    loose = {key: text for key, text in french.items() if re.search(r" [;:!?»]|« ", text)}
    assert loose == {}
    assert [key for key, text in french.items() if "'" in text] == []


def test_both_languages_have_the_same_phrases_with_the_same_places() -> None:
    places = {
        language: {
            key: sorted(re.findall(r"\{\w+\}", text))
            for key, text in phrases.items()
            if key.startswith("console.")
        }
        for language, phrases in content().phrases.by_language.items()
    }
    assert places["fr"] == places["en"]


def test_every_reason_status_and_event_has_words(world: World) -> None:
    """A new value in the domain must not break a page in the middle of the night."""
    camille = world.agent("Camille Roux")
    visitor = world.visitor(camille)
    for reason in HandoffReason:
        for urgency in Urgency:
            handed = world.handed_over(request=HandoffRequest(reason=reason, summary="x", urgency=urgency))
            assert visitor.open(f"/cases/{handed.case_id}").status_code == 200


def test_times_are_told_in_the_desks_own_time_zone(world: World) -> None:
    handed = world.handed_over()  # 10:00 UTC is 11:00 in Paris
    page = world.visitor(world.agent("Camille Roux")).open(f"/cases/{handed.case_id}").text
    assert 'title="mardi 10 mars 2026 à 11\u00a0h"' in page


def test_a_long_transcript_says_that_it_is_cut(world: World) -> None:
    handed = world.handed_over()

    def fill(unit: UnitOfWork) -> None:
        conversation = unit.conversations.get(handed.conversation_id)
        for number in range(510):
            message = world.message(
                f"ligne {number}", user=conversation.user, name="M", account=conversation.account
            )
            unit.inbox.add(
                replace(message, sent_at=world.clock.now() + timedelta(seconds=number)),
                conversation.id,
                world.clock.now(),
            )

    world.write(fill)
    page = world.visitor(world.agent("Camille Roux")).open(f"/cases/{handed.case_id}").text
    assert "Seuls les 500 derniers messages" in page
    assert "ligne 509" in page


def test_an_action_keeps_to_one_case(world: World) -> None:
    one, two = world.handed_over("une"), world.handed_over("deux")
    visitor: Visitor = world.visitor(world.agent("Camille Roux"))
    fields = visitor.form(one, "claim")
    both: list[Handed] = [one, two]
    for handed in both:
        assert visitor.send(handed, "claim", fields).status_code == 200
        assert world.owner(handed) == "agent", "the same key counts for each case by itself"
