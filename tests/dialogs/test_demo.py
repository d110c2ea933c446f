"""The demo workspace with the real understanding and the real knowledge index."""

from collections.abc import Callable

import pytest

from bot.content.files import read_folder
from bot.content.knowledge import build_knowledge, open_knowledge
from bot.content.workspace import parse
from bot.dialogs.manager import DialogueManager
from bot.dialogs.turn.content import DialogueContent
from bot.domain.case import HandoffReason
from bot.domain.conversation import Conversation
from bot.domain.turn import Decision
from config.settings import DEMO_WORKSPACE
from nlu.encoders.encoder import Encoder
from tests.dialogs.world import Chat, CountingEncode, FakeRetriever, labels, said

Talk = Callable[..., Chat]


@pytest.fixture(scope="module")
def talk_to(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """Begins a conversation with a desk of the demo."""
    content = parse(read_folder(DEMO_WORKSPACE))
    folder = tmp_path_factory.mktemp("knowledge")
    build_knowledge(content, folder, encoder)
    knowledge = open_knowledge(content, folder, model_id=encoder.model_id)
    manager = DialogueManager(
        content=DialogueContent(
            desks=content.desks,
            phrases=content.phrases,
            flows=content.flows,
            articles=content.articles,
            versions={},
            release_id=1,
            article_url=lambda desk, id, language: None,
        ),
        understander=knowledge.interpreter,
        retriever=knowledge.searcher,
        encode=encoder.encode,
    )

    def begin(desk: str, language: str = "fr") -> Chat:
        conversation = Conversation(
            id=1, account="a", chat="c", user="u", user_name=None, person_id=1, desk=desk, language=language
        )
        unused = FakeRetriever([], {})
        return Chat(manager=manager, encode=CountingEncode(), retriever=unused, conversation=conversation)

    return begin


@pytest.mark.parametrize(
    ("desk", "question", "article"),
    [
        ("it", "bonjour, j'ai oublié mon mot de passe", "mot-de-passe-oublie"),
        ("it", "I locked myself out after typing the wrong password three times", "compte-bloque"),
        ("it", "comment mettre mes mails pro sur mon iphone", "mail-telephone"),
        ("it", "wifi for a guest", "wifi-invites"),
        ("sav", "when will I get my money back", "remboursement"),
        ("sav", "slt, j'ai perdu ma facture svp", "facture"),
        ("sav", "I'm about to iron a satin blouse, help", "repasser-satin"),
    ],
)
def test_questions_find_their_answers(talk_to: Talk, desk: str, question: str, article: str) -> None:
    result = talk_to(desk).say(question)

    assert (result.decision, result.why.article) == (Decision.ANSWER, article)


@pytest.mark.parametrize(
    ("desk", "words", "flow"),
    [
        ("it", "mon vpn marche plus", "vpn-connexion"),
        ("it", "no sound in my meeting", "reunion-son-image"),
        ("sav", "MON FOUR MARCHE PLUS !!!!", "four-ne-chauffe-pas"),
        ("sav", "slt jai plu de vapeur sur ma centrale", "centrale-sans-vapeur"),
    ],
)
def test_troubles_start_their_procedures(talk_to: Talk, desk: str, words: str, flow: str) -> None:
    result = talk_to(desk).say(words)

    assert (result.decision, result.why.flow) == (Decision.FLOW, flow)


def test_a_procedure_with_a_change_of_mind_an_aside_and_a_way_back(talk_to: Talk) -> None:
    talk = talk_to("it")
    talk.say("le vpn ne se connecte pas")
    talk.say("non")
    talk.say("chez moi")
    assert "Relançons la box" in said(talk.say("ça clignote"))
    changed = talk.say("en fait oui je vois un site")
    assert (changed.why.rule, changed.why.step) == ("answer_corrected", "message")
    aside = talk.say("au fait, comment activer le message d'absence outlook ?")
    assert (aside.decision, aside.why.article, aside.why.step) == (Decision.ANSWER, "mail-absence", "message")
    assert talk.say("retour").why.step == "internet"
    assert talk.say("je veux parler à quelqu'un").decision is Decision.HANDOFF


def test_off_topic_is_asked_about_once(talk_to: Talk) -> None:
    talk = talk_to("it")

    assert talk.say("quelle est la meilleure recette de tarte aux prunes ?").decision is Decision.CLARIFY
    handoff = talk.say("avec une pâte sablée et de la cannelle").handoff
    assert handoff is not None
    assert handoff.reason is HandoffReason.LOW_CONFIDENCE


def test_a_bare_name_is_asked_about(talk_to: Talk) -> None:
    result = talk_to("sav", "en").say("steam station")

    assert result.why.rule == "bare_name"
    assert "Set the temperature of your steam station" in labels(result)


@pytest.mark.parametrize(
    ("desk", "words"),
    [
        ("sav", "ça sent le brûlé et il y a de la fumée dans mon four"),
        ("it", "my laptop battery is swelling and smoking"),
    ],
)
def test_danger(talk_to: Talk, desk: str, words: str) -> None:
    handoff = talk_to(desk).say(words).handoff

    assert handoff is not None
    assert handoff.reason is HandoffReason.DANGER
