"""What people are given depends on their language, on the day, and on whom it is for: whole chats."""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.commands.content import STARTER
from bot.commands.staging import stage
from bot.content.files import read_folder
from bot.content.knowledge import build_knowledge
from bot.content.workspace import parse
from bot.quality.rehearsal import StepResult
from config.settings import Settings
from nlu.encoders.encoder import Encoder
from tests.support.models import share_models

HERE = ZoneInfo("America/Montreal")
ARTICLES = {
    "imprimer-telephone.en.md": """---
title: "Print from your phone"
ask:
  - how do I print from a mobile
  - imprimer depuis mon téléphone
---
Install **Office Print**.
""",
    "cantine-fermee.fr.md": """---
title: "La cantine est fermée cette semaine"
ask:
  - pourquoi la cantine est-elle fermée
  - why is the canteen closed
valid_from: 2026-12-07
valid_until: 2026-12-11
---
Des paniers-repas sont servis dans le hall.
""",
    "compte-heberge.fr.md": """---
title: "Forcer la synchronisation de l'annuaire"
ask:
  - forcer la synchronisation de l'annuaire
audience: agents
---
Lancez **Sync-Annuaire** sur le serveur.
""",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, models: Path) -> Settings:
    """The starter in Montréal, with an article in English only, one for a week and one for agents."""
    folder = tmp_path_factory.mktemp("office")
    shutil.copytree(STARTER, folder / "ours")
    desks = folder / "ours" / "relais.toml"
    desks.write_text(desks.read_text(encoding="utf-8").replace("Europe/Paris", HERE.key), encoding="utf-8")
    for name, text in ARTICLES.items():
        (folder / "ours" / "knowledge" / "support" / name).write_text(text, encoding="utf-8")
    share_models(models, folder / "data")
    build_knowledge(parse(read_folder(folder / "ours")), folder / "data", encoder)
    return Settings(workspace=folder / "ours", data_dir=folder / "data")


def _talk(
    office: Settings, encoder: Encoder, *said: tuple[str, str], language: str = "fr"
) -> Sequence[StepResult]:
    """Each sentence in a new conversation at its local time, all in one running server."""

    async def played() -> list[StepResult]:
        heard = []
        async with stage(office, encoder=encoder) as running:
            for number, (at, words) in enumerate(said):
                running.clock.at = datetime.fromisoformat(at).replace(tzinfo=HERE)
                person = running.rehearse(desk="support", language=language, person=f"p{number}")
                heard.append(await person.say(words))
        return heard

    return asyncio.run(played())


def _text(heard: StepResult) -> str:
    return "\n".join(f"{m.reply.title}\n{m.reply.text}" for m in heard.sent).replace("\u202f", " ")


NOON = "2026-12-09T12:00"


def test_what_is_written_in_the_other_language_only_is_given_and_said_so(
    office: Settings, encoder: Encoder
) -> None:
    (french,) = _talk(office, encoder, (NOON, "comment imprimer depuis mon téléphone"))
    (english,) = _talk(office, encoder, (NOON, "why is the canteen closed?"), language="en")
    assert (french.why["article"], french.why["article_language"]) == ("imprimer-telephone", "en")
    assert "Je n'ai cette réponse qu'en anglais pour l'instant ; la voici quand même" in _text(french)
    assert "Install **Office Print**." in _text(french)
    assert (english.why["article"], english.why["article_language"]) == ("cantine-fermee", "fr")
    assert "I have this answer only in French for now; here it is all the same" in _text(english)


def test_what_is_written_in_both_is_given_in_the_person_s_language_whatever_matched(
    office: Settings, encoder: Encoder
) -> None:
    (heard,) = _talk(office, encoder, (NOON, "I forgot my password"), language="en")
    assert heard.why["article_language"] == "en"
    assert "only in French" not in _text(heard)


def test_an_article_comes_and_goes_by_itself_at_the_desk_s_midnights(
    office: Settings, encoder: Encoder
) -> None:
    words = "pourquoi la cantine est-elle fermée ?"
    moments = ("2026-12-06T23:59", "2026-12-07T00:00", "2026-12-11T23:59", "2026-12-12T00:00", NOON)
    heard = _talk(office, encoder, *((moment, words) for moment in moments))
    given = [each.why.get("article") == "cantine-fermee" for each in heard]
    assert given == [False, True, True, False, True]
    for each in (heard[0], heard[3]):
        assert "cantine" not in _text(each).casefold()
        assert all("cantine" not in b.label.casefold() for m in each.sent for b in m.reply.buttons)


def test_nobody_is_given_what_is_for_agents(office: Settings, encoder: Encoder) -> None:
    (heard,) = _talk(office, encoder, (NOON, "forcer la synchronisation de l'annuaire"))
    assert "nnuaire" not in _text(heard) + "".join(b.label for m in heard.sent for b in m.reply.buttons)


def test_an_answer_that_expired_meanwhile_is_gone_from_the_talk(office: Settings, encoder: Encoder) -> None:
    async def played() -> list[StepResult]:
        async with stage(office, encoder=encoder) as running:
            running.clock.at = datetime(2026, 12, 11, 23, 58, tzinfo=HERE)
            person = running.rehearse(desk="support", language="fr")
            given = await person.say("pourquoi la cantine est-elle fermée ?")
            running.clock.at = datetime(2026, 12, 12, 0, 1, tzinfo=HERE)
            return [given, await person.say("répète"), await person.press("Pas tout à fait")]

    given, repeated, pressed = asyncio.run(played())
    assert given.why["article"] == "cantine-fermee"
    for heard in (repeated, pressed):
        assert heard.sent
        assert "paniers-repas" not in _text(heard)
        assert "cantine" not in _text(heard).casefold()
