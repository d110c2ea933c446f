"""A workspace is read whole, and every mistake is told with file and line."""

import shutil
from pathlib import Path

import pytest

from bot.content.files import content_hash, read_folder
from bot.content.workspace import parse
from bot.domain.errors import ContentErrors
from config.settings import DEMO_WORKSPACE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demo to spoil."""
    return Path(shutil.copytree(DEMO_WORKSPACE, tmp_path / "ws"))


def problems(folder: Path) -> list[str]:
    """What is said of it, a line each."""
    with pytest.raises(ContentErrors) as caught:
        parse(read_folder(folder))
    return [str(error) for error in caught.value.errors]


def test_the_demo_is_whole_in_both_languages(folder: Path) -> None:
    content = parse(read_folder(folder))
    assert content.languages == ("fr", "en")
    for desk in ("it", "sav"):
        french = {key[1] for key in content.articles if key[0] == desk and key[2] == "fr"}
        english = {key[1] for key in content.articles if key[0] == desk and key[2] == "en"}
        assert french == english
        assert len(french) >= 25
        assert len([key for key in content.flows if key[0] == desk]) >= 4
    assert all(3 <= len(document.ask) <= 8 for document in content.articles.values())


def test_the_hash_tells_any_change(folder: Path) -> None:
    before = content_hash(read_folder(folder))
    article = folder / "knowledge/it/badge-perdu.fr.md"
    article.write_text(article.read_text("utf-8") + "\nUn mot de plus.\n", "utf-8")
    assert content_hash(read_folder(folder)) != before


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    (folder / "knowledge/it/nouveau.fr.md").write_text("---\ntitel: X\n---\nTexte.\n", "utf-8")
    (folder / "knowledge/moon").mkdir()
    (folder / "knowledge/moon/x.fr.md").write_text("---\ntitle: X\n---\nTexte.\n", "utf-8")
    (folder / "knowledge/it/sans-langue.md").write_text("---\ntitle: X\n---\nTexte.\n", "utf-8")
    (folder / "phrases/own.fr.yml").write_text("greeting: [a, list]\n", "utf-8")
    told = "\n".join(problems(folder))
    assert "knowledge/it/nouveau.fr.md:2" in told
    assert "knowledge/moon/x.fr.md: not in the folder of a desk" in told
    assert "knowledge/it/sans-langue.md: the file's name lacks its language" in told
    assert "phrases/own.fr.yml: 'greeting' must be a text" in told


def test_a_phrase_in_one_language_only_is_told(folder: Path) -> None:
    (folder / "phrases/own.fr.yml").write_text("welcome: {moon: bonjour}\n", "utf-8")
    assert problems(folder) == ["phrases: 'welcome.moon' has no 'en' text."]


def test_a_plural_form_is_asked_only_of_languages_that_have_it(folder: Path) -> None:
    (folder / "phrases/own.fr.yml").write_text("welcome: {seen: {few: '3', one: '1', other: '2'}}\n", "utf-8")
    assert problems(folder) == [
        "phrases: 'welcome.seen.one' has no 'en' text.",
        "phrases: 'welcome.seen.other' has no 'en' text.",
    ]


@pytest.mark.parametrize(
    ("phrase", "told"),
    [
        ("handoff: {resolved: 'Le {numero} est clos'}", "has no value {numero}. It has {number}."),
        ("handoff: {resolvd: 'Clos'}", "Did you mean 'handoff.resolved'?"),
        ("handoff: {resolved: 'Clos {'}", "Write {{ and }} for braces"),
        ("entity: {ordernumber: Commande}", "nothing says the phrase 'entity.ordernumber'."),
        ("entity: {ordernumber: Commande}", "Did you mean 'entity.order_number'?"),
    ],
)
def test_a_phrase_that_could_not_be_said_is_told(folder: Path, phrase: str, told: str) -> None:
    (folder / "phrases/own.fr.yml").write_text(phrase + "\n", "utf-8")
    assert told in problems(folder)[0]


def test_a_step_that_asks_for_what_no_intent_file_defines_is_told(folder: Path) -> None:
    flow = folder / "flows/sav/colis-non-recu.yml"
    text = flow.read_text("utf-8").replace("entity: order_number", "entity: ordre_number")
    flow.write_text(text, "utf-8")
    line = text[: text.index("ordre_number")].count("\n") + 1
    assert problems(folder)[0] == (
        f'flows/sav/colis-non-recu.yml:{line}: The intents define no entity "ordre_number".'
        ' Did you mean "order_number"?'
    ), "then the questions that the flow answers"


def test_a_step_may_ask_for_what_the_product_finds_by_itself(folder: Path) -> None:
    flow = folder / "flows/sav/colis-non-recu.yml"
    flow.write_text(flow.read_text("utf-8").replace("entity: order_number", "entity: identifier"), "utf-8")
    assert parse(read_folder(folder)).flows["sav", "colis-non-recu"].by_id["commande"].entity == "identifier"


def test_nothing_is_said_of_entities_while_the_intents_cannot_be_read(folder: Path) -> None:
    (folder / "intents/entities.yml").write_text("nlu: {}\n", "utf-8")
    assert len(problems(folder)) == 1
    assert problems(folder)[0].startswith("intents/entities.yml:1")


def test_a_workspace_phrase_replaces_the_products_own(folder: Path) -> None:
    (folder / "phrases/own.fr.yml").write_text("handoff: {claimed: 'Ici {agent}.'}\n", "utf-8")
    phrases = parse(read_folder(folder)).phrases
    assert phrases.say("fr", "handoff.claimed", agent="Camille") == "Ici Camille."
    assert "Camille" in phrases.say("en", "handoff.claimed", agent="Camille")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('mon = ["08:30-18:00"]', 'mon = ["18:00-08:30"]', "ends before it begins"),
        ('mon = ["08:30-18:00"]', 'lundi = ["08:30-18:00"]', "'lundi' is not a day"),
        ('timezone = "Europe/Paris"', 'timezone = "Europe/Lutece"', "is not a time zone"),
        ('bot_name = "Relais"', 'bot_nom = "Relais"', "bot_nom"),
        ("[desks.it]", "[desks.it", "not valid TOML"),
    ],
)
def test_mistakes_in_the_desks_file_are_told_with_their_line(
    folder: Path, old: str, new: str, told: str
) -> None:
    file = folder / "relais.toml"
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    first = problems(folder)[0]
    assert told in first
    assert first.startswith("relais.toml:"), first


def test_files_that_are_no_text_or_too_large_are_refused(folder: Path) -> None:
    (folder / "knowledge/it/latin.fr.md").write_bytes("---\ntitle: Été\n---\né".encode("latin-1"))
    (folder / "knowledge/it/grand.fr.md").write_text("x" * 1_000_001, "utf-8")
    told = problems(folder)
    assert any("latin.fr.md:2: not UTF-8" in line for line in told)
    assert any("grand.fr.md: larger than" in line for line in told)


def test_links_out_of_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.md"
    outside.write_text("---\ntitle: X\n---\nsecret", "utf-8")
    (folder / "knowledge/it/lien.fr.md").symlink_to(outside)
    assert "knowledge/it/lien.fr.md" not in read_folder(folder)


def test_a_folder_that_is_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    assert "relais init" in problems(tmp_path)[0]
