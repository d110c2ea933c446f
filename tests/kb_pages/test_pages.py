"""Articles to read and to search, as a browser gets them."""

import html
import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bot.http.knowledge import MAX_QUESTION_CHARS
from bot.http.shared.headers import SECURITY_HEADERS
from tests.kb_pages.conftest import Helpdesk
from tests.support.served import RELAIS


def text_of(answer: httpx.Response) -> str:
    """What a page says."""
    body = re.sub(r"(?s)<head>.*?</head>", " ", answer.text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u202f", " ").split())


def titles(answer: httpx.Response) -> list[str]:
    """Of the articles listed."""
    found = re.findall(r'(?s)<li><a href="[^"]+"[^>]*>(.*?)</a>', answer.text)
    return [html.unescape(re.sub(r"<[^>]+>", "", each)) for each in found]


def test_all_articles_of_a_desk_are_listed_once_in_the_reader_s_language(helpdesk: Helpdesk) -> None:
    with helpdesk.reader("fr") as reader:
        french = reader.get("/kb/support")
    with helpdesk.reader("en-GB,en;q=0.9") as reader:
        english = reader.get("/kb/support")
    assert titles(french)[1:] == [
        "Les horaires du support",
        "Mot de passe oublié\u00a0: en choisir un nouveau",
        "Print from your phone",
    ]
    assert "4 articles" in text_of(french)
    assert "en anglais" in text_of(french)
    assert "Print from your phone" in titles(english)
    assert "in French" in text_of(english), "the one that is written in French only"
    assert french.headers["content-security-policy"] == SECURITY_HEADERS["content-security-policy"]
    assert "<script" not in french.text


def test_the_search_finds_by_meaning_and_marks_the_words(helpdesk: Helpdesk) -> None:
    with helpdesk.reader() as reader:
        found = reader.get("/kb/support", params={"q": "j'ai perdu mon mdp"})
        worded = reader.get("/kb/support", params={"q": "liens indésirables"})
    assert titles(found)[0].startswith("Mot de passe oublié")
    assert "<mark>indésirables</mark>" in worded.text
    assert "<mark>lien</mark>" in worded.text
    assert "courriers indésirables" in text_of(worded)


def test_a_search_without_an_answer_says_so_and_leads_to_the_bot(helpdesk: Helpdesk) -> None:
    with helpdesk.reader() as reader:
        nothing = reader.get("/kb/support", params={"q": "qui a peint la Joconde & Guernica"})
    assert titles(nothing) == []
    assert "Rien ne répond à « qui a peint la Joconde & Guernica »" in text_of(nothing)
    assert "Joconde & " not in nothing.text, "it is escaped"
    assert 'href="/chat/support"' in nothing.text


def test_a_search_of_any_length_and_kind_is_answered(helpdesk: Helpdesk) -> None:
    with helpdesk.reader() as reader:
        long = reader.get("/kb/support", params={"q": "imprimante " * 400})
        odd = [
            reader.get("/kb/support", params={"q": q}) for q in ("\x00", "?!", "😀", " ", "%ff", "a" * 199)
        ]
        raw = reader.get("/kb/support?q=%ff%fe%00")
    assert f"Seuls les {MAX_QUESTION_CHARS} premiers caractères" in text_of(long)
    assert [each.status_code for each in (long, *odd, raw)] == [200] * 8
    assert titles(odd[3]), "a blank search shows the list"


def test_an_article_is_read_in_the_reader_s_language(helpdesk: Helpdesk) -> None:
    with helpdesk.reader("fr") as reader:
        page = reader.get("/kb/support/mot-de-passe-oublie")
        assert "<h1>Mot de passe oublié\u00a0: en choisir un nouveau</h1>" in page.text
        assert "<li>Ouvrez la page de connexion" in page.text
        assert re.search(r"Version 1, en ligne depuis le <time datetime=\"\d{4}-\d\d-\d\d\">", page.text)
        english = reader.get("/kb/support/mot-de-passe-oublie?lang=en")
        assert '<html lang="en">' in english.text
        assert "Lire en français" in english.text
        assert '<html lang="en">' in reader.get("/kb/support").text, "the switch is remembered"


def test_an_article_in_one_language_only_is_offered_and_said_to_be_so(helpdesk: Helpdesk) -> None:
    with helpdesk.reader("fr") as reader:
        page = reader.get("/kb/support/imprimer-telephone")
        found = reader.get("/kb/support", params={"q": "imprimer avec mon téléphone"})
    assert '<html lang="fr">' in page.text
    assert "Cet article n’existe pour l’instant qu’en anglais" in text_of(page)
    assert '<article lang="en">' in page.text
    assert "hold your badge" in text_of(page)
    assert titles(found)[0] == "Print from your phone"


def test_what_an_article_says_is_text_and_safe_links(helpdesk: Helpdesk) -> None:
    with helpdesk.reader() as reader:
        page = reader.get("/kb/support/balises")
        listed = reader.get("/kb/support", params={"q": "balises"})
    for answer in (page, listed):
        assert "<script>" not in answer.text
        assert "<img src=x" not in answer.text
        assert 'href="javascript' not in answer.text
        assert "<b>" not in answer.text
    assert '<a href="https://example.org/aide"' in page.text
    assert "<strong>gras</strong>" in page.text


@pytest.mark.parametrize(
    ("path", "said", "link"),
    [
        ("/kb/nowhere", "Cette adresse ne mène nulle part", 'href="/"'),
        ("/kb/nowhere/mot-de-passe-oublie", "Cette adresse ne mène nulle part", 'href="/"'),
        ("/kb/support/nope", "Cet article n’existe pas", 'href="/kb/support"'),
        ("/kb/support/..%5c..%2frelais.toml", "Cette adresse ne mène nulle part", 'href="/"'),
    ],
)
def test_what_is_not_there_is_said_kindly(helpdesk: Helpdesk, path: str, said: str, link: str) -> None:
    with helpdesk.reader() as reader:
        answer = reader.get(path)
    assert answer.status_code == 404
    assert said in text_of(answer)
    assert link in answer.text


@pytest.fixture
def agent(helpdesk: Helpdesk) -> Iterator[httpx.Client]:
    """Somebody who is logged in to the console."""
    environment = {"RELAIS_DATA_DIR": str(helpdesk.data_dir), "RELAIS_WORKSPACE": str(helpdesk.workspace)}
    email = f"{secrets.token_hex(4)}@relais.example"
    added = subprocess.run(
        [RELAIS, "agents", "add", email, "--name", "Ada", "--desks", "support"],
        input="not-a-guess-1\n",
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert added.returncode == 0, added.stderr
    with helpdesk.reader(**{"sec-fetch-site": "same-origin"}) as client:
        form = client.get("/console/login").text
        proof = re.search(r'name="csrf" value="([^"]+)"', form)
        assert proof
        fields = {"csrf": proof.group(1), "email": email, "password": "not-a-guess-1"}
        assert client.post("/console/login", data=fields).status_code == 303
        yield client


def test_agents_find_what_is_for_agents_from_their_console(helpdesk: Helpdesk, agent: httpx.Client) -> None:
    question = {"q": "déverrouiller un compte"}
    link = re.search(r'href="(/console/kb/support)\?lang=fr"', agent.get("/console/").text)
    assert link
    found = agent.get(link.group(1), params=question)
    assert titles(found)[0] == "Déverrouiller un compte à la main"
    assert "réservé aux agents" in text_of(found)
    page = agent.get("/console/kb/support/compte-bloque")
    assert "Cet article est réservé aux agents" in text_of(page)
    assert "Comptes bloqués" in text_of(page)
    assert "Déverrouiller un compte à la main" in titles(agent.get("/console/kb/support"))
    with helpdesk.reader() as visitor:
        for base in ("/kb", "/console/kb"):
            assert "Déverrouiller" not in visitor.get(f"{base}/support", params=question).text
            assert "Déverrouiller" not in visitor.get(f"{base}/support").text
            assert visitor.get(f"{base}/support/compte-bloque").status_code == 404
            assert visitor.get(f"{base}/support/mot-de-passe-oublie").status_code == 200


def test_an_expired_article_is_shown_to_nobody(helpdesk: Helpdesk, agent: httpx.Client) -> None:
    with helpdesk.reader() as visitor:
        for client, base in ((visitor, "/kb"), (agent, "/console/kb")):
            assert "coupure" not in client.get(f"{base}/support").text
            found = client.get(f"{base}/support", params={"q": "la coupure du 3 janvier 2020"})
            assert titles(found) == []
            assert client.get(f"{base}/support/coupure-2020").status_code == 404


def test_the_start_page_leads_to_the_articles(helpdesk: Helpdesk) -> None:
    with helpdesk.reader() as reader:
        assert 'href="/kb/support"' in reader.get("/").text
        assert reader.get("/kb").headers["location"] == "/kb/support"


def test_an_answer_in_the_chat_links_to_its_article(helpdesk: Helpdesk) -> None:
    with helpdesk.reader() as reader:
        reader.get("/chat/support")
        reader.post(
            "/chat/support/messages", data={"key": "first-message-1", "text": "j'ai oublié mon mot de passe"}
        )
        deadline = time.monotonic() + 120
        while not (link := re.search(r'<a href="(/kb/[^"]+)"', reader.get("/chat/support").text)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert link.group(1) == "/kb/support/mot-de-passe-oublie?lang=fr"
        assert "Mot de passe oublié" in reader.get(link.group(1)).text


@pytest.mark.parametrize("public", ["", "https://aide.example/"])
def test_answers_elsewhere_link_to_the_article_once_browsers_can_reach_it(
    helpdesk: Helpdesk, public: str
) -> None:
    environment = {"RELAIS_DATA_DIR": str(helpdesk.data_dir), "RELAIS_PUBLIC_URL": public, "COLUMNS": "200"}
    done = subprocess.run(
        [RELAIS, "chat", str(helpdesk.workspace)],
        input="j'ai oublié mon mot de passe\n",
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    said = " ".join(done.stdout.split())
    assert "Source : Mot de passe oublié" in said.replace("\u00a0", " ")
    assert ("(https://aide.example/kb/support/mot-de-passe-oublie?lang=fr)" in said) is bool(public)
    assert ("/kb/" in said) is bool(public)


def test_many_readers_are_answered_or_asked_to_come_back(helpdesk: Helpdesk) -> None:
    def search(number: int) -> int:
        with helpdesk.reader() as reader:
            return reader.get("/kb/support", params={"q": f"mot de passe numéro {number}"}).status_code

    with ThreadPoolExecutor(12) as crowd, helpdesk.reader() as other:
        answers = [crowd.submit(search, number) for number in range(60)]
        assert other.get("/healthz").status_code == 200
        assert {each.result() for each in answers} <= {200, 503}
