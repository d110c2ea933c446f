"""A small desk with flows and articles of its own, and fakes of what understands and finds."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import yaml

from bot.dialogs.flow.reading import parse_flow
from bot.dialogs.manager import DialogueManager
from bot.dialogs.turn.content import DialogueContent
from bot.domain.conversation import Conversation
from bot.domain.desk import Desk
from bot.domain.messages import Attachment, Button, InboundKind, InboundMessage
from bot.domain.turn import TurnResult
from bot.i18n.phrases import Phrases
from bot.pipeline.ports import Vector
from bot.text.folding import fold_label
from bot.text.normalization import words as words_of
from kb_index.articles.documents import Document, Reader
from kb_index.search import Hit, SearchResult
from nlu.entities.extraction import EntityExtractor
from nlu.intents.training import read as read_training
from nlu.interpreter.base import Understanding

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BASE = Path(__file__).parents[2] / "config" / "base" / "phrases"

VPN = """
flow: vpn
title: {fr: Le VPN ne se connecte pas, en: The VPN does not connect}
category: reseau
triggers: {fr: [le vpn ne marche pas], en: [the vpn does not work]}
steps:
  - id: lieu
    ask: {fr: "Où êtes-vous ?", en: "Where are you?"}
    choices:
      - value: maison
        label: {fr: Chez moi, en: At home}
        also: {fr: [à la maison, en télétravail], en: [my place]}
        next: voyant
      - value: bureau
        label: {fr: Au bureau, en: At the office}
        next: serie
  - id: voyant
    ask: {fr: "Le voyant de la box clignote-t-il ?", en: "Is the light on the box blinking?"}
    choices:
      - value: oui
        label: {fr: "Oui, il clignote", en: "Yes, it blinks"}
        next: redemarrer
      - value: non
        label: {fr: Non, en: "No"}
        next: suite
    help: {fr: C'est la petite lampe., en: It is the small lamp.}
  - id: redemarrer
    say: {fr: Redémarrez la box., en: Restart the box.}
  - id: verifier
    solved: {fr: "Le VPN se connecte-t-il maintenant ?", en: "Does the VPN connect now?"}
    otherwise: suite
  - id: suite
    branch:
      - when: {voyant: oui}
        next: serie
      - next: bientot
  - id: bientot
    say: {fr: "Attendez dix minutes, une coupure est en cours.", en: "Wait ten minutes, there is an outage."}
    next: end
  - id: serie
    ask: {fr: "Quel est le numéro de série ?", en: "What is the serial number?"}
    dont_know: agent
    next: agent
  - id: agent
    handoff:
      fr: Le VPN ne se connecte pas malgré le redémarrage.
      en: The VPN does not connect in spite of a restart.
    urgency: low
"""
PRINTER = """
flow: imprimante
title: {fr: L'imprimante n'imprime pas, en: The printer does not print}
triggers: {fr: [l'imprimante n'imprime pas], en: [the printer does not print]}
steps:
  - id: papier
    ask: {fr: "Y a-t-il du papier ?", en: "Is there paper?"}
    choices:
      - {value: oui, label: {fr: Oui, en: "Yes"}, next: agent}
      - {value: non, label: {fr: Non, en: "No"}, next: remplir}
  - id: remplir
    solved: {fr: "Remplissez le bac. Imprime-t-elle ?", en: "Fill the tray. Does it print?"}
  - id: agent
    handoff: {fr: Ne s'imprime pas., en: Does not print.}
"""
COFFEE = """
flow: cafe
title: {fr: Le café ne coule pas, en: The coffee does not flow}
triggers: {fr: [le café ne coule pas], en: [no coffee]}
steps:
  - id: machine
    ask: {fr: "Quelle machine avez-vous ?", en: "Which machine do you have?"}
    choices:
      - {value: grande, label: {fr: La grande, en: The big one}}
      - {value: petite, label: {fr: La petite, en: The small one}}
  - id: remplir
    say: {fr: Remplissez le réservoir., en: Fill the tank.}
  - id: tasses
    ask: {fr: "Combien de tasses ?", en: "How many cups?"}
    choices:
      - {value: une, label: {fr: Une seule, en: Only one}}
      - {value: plusieurs, label: {fr: Plusieurs, en: Several}}
  - id: rincer
    say: {fr: Rincez la buse., en: Rinse the nozzle.}
  - id: verifier
    solved: {fr: "Le café coule-t-il ?", en: "Does the coffee flow?"}
  - id: numero
    ask: {fr: "Quel est son numéro ?", en: "What is its number?"}
    next: agent
  - id: agent
    handoff: {fr: Ne coule pas., en: Does not flow.}
"""
PARCEL = """
flow: colis
title: {fr: Le colis n'arrive pas, en: The parcel does not come}
triggers: {fr: [je n'ai pas reçu mon colis], en: [my parcel has not come]}
steps:
  - id: vu
    say: {fr: Regardez chez le gardien., en: Ask the caretaker.}
  - id: commande
    ask: {fr: "Quel est le numéro de commande ?", en: "What is the order number?"}
    entity: order_number
    dont_know: appareil
  - id: appareil
    ask: {fr: "Quel appareil attendez-vous ?", en: "Which appliance do you expect?"}
    entity: product
    choices:
      - {value: grande, label: {fr: La grande, en: The big one}, also: {fr: [Caféa X1]}}
      - {value: petite, label: {fr: La petite, en: The small one}, also: {fr: [Caféa M2]}}
      - {value: autre, label: {fr: Autre chose, en: Something else}}
  - id: etat
    ask: {fr: "Le suivi dit-il « livré » ?", en: "Does tracking say delivered?"}
    choices:
      - {value: oui, label: {fr: Oui, en: "Yes"}}
      - {value: non, label: {fr: Non, en: "No"}}
  - id: agent
    handoff: {fr: Colis introuvable., en: Parcel not found.}
"""

NAMES = """
nlu:
  - lookup: product
    examples: |
      - Caféa X1
      - Caféa M2
      - Fournéa F60
  - synonym: Caféa X1
    examples: |
      - CX-125
  - regex: order_number
    examples: |
      - MB-\\d{6}
"""
DEFINED = read_training({"intents/entities.yml": NAMES})
ENTITIES = EntityExtractor(DEFINED)

INTENTS: Mapping[str, str] = {
    "bonjour": "greet", "hello": "greet", "merci": "thank", "au revoir": "goodbye", "oui": "affirm",
    "ouais": "affirm", "non": "deny", "nope": "deny", "je ne sais pas": "dont_know", "annuler": "cancel",
    "annuler ma commande": "cancel", "retour": "back", "repete": "repeat", "attendez": "wait",
    "une personne svp": "human", "j en ai marre": "frustration", "c est urgent": "urgent",
    "pourquoi": "why", "aide": "help", "tu es un robot": "bot_challenge", "ca marche": "resolved",
    "ca ne marche toujours pas": "not_resolved", "merci mais ca ne marche toujours pas": "not_resolved",
    "je me suis trompe": "correct", "en fait chez moi": "correct",
    "non je me suis trompe au bureau": "correct",
    "in english please": "language_en", "en francais": "language_fr", "ca brule": "danger_fire",
}  # fmt: skip
"""What the fake understands, folded; everything else it has to look at closely."""

ALSO: Mapping[str, str] = {
    "bonjour": "greet",
    "urgent": "urgent",
    "marre": "frustration",
    "fumee": "danger_fire",
}
"""Words that raise an intent beside something else."""

ENGLISH = frozenset("the my is not does how where i hello please forgot what".split())  # noqa: SIM905


class FakeUnderstander:
    """Knows some sentences by heart; for all others it asks for the vector, as the real one does."""

    def understand(self, text: str, *, language: str, vector: Callable[[], Vector]) -> Understanding:
        words = fold_label(text).split()
        also = frozenset(ALSO[word] for word in words if word in ALSO)
        english = len(ENGLISH & set(words)) >= 2 or fold_label(text) in ("hello", "in english please")
        intent = INTENTS.get(" ".join(words))
        choice = {"2": "2", "la deuxieme": "2", "la derniere": "-1"}.get(" ".join(words))
        if intent is None and choice is None and words:
            assert vector().shape == (3,)
        french = bool(words) and not english and len(words) > 1
        return Understanding(
            language="en" if english else "fr" if french else language,
            language_sure=english or french,
            intent=intent,
            score=1.0,
            matched=intent and text,
            choice=choice,
            entities=ENTITIES.find(text, words_of(text)),
            also=also - {intent} if intent else also,
        )


class FakeRetriever:
    """Finds by words: a topic scores what `found` says for the longest key that is in the question."""

    def __init__(self, documents: Sequence[Document], found: Mapping[str, Mapping[str, float]]) -> None:
        self._documents = documents
        self._found = found
        self.asked: list[str] = []

    def search(
        self,
        question: str,
        vector: Callable[[], Vector],
        *,
        desk: str,
        language: str,
        k: int = 5,
        reader: Reader,
    ) -> SearchResult:
        assert vector().shape == (3,)
        self.asked.append(question)
        keys = [key for key in self._found if fold_label(key) in fold_label(question)]
        scores = self._found[max(keys, key=len)] if keys else {}
        hits = [self._hit(topic, score, language) for topic, score in scores.items()]
        return SearchResult(hits=tuple(sorted(hits, key=lambda hit: -hit.confidence)[:k]))

    def _hit(self, topic: str, confidence: float, language: str) -> Hit:
        same = [document for document in self._documents if document.id == topic]
        shown = next((document for document in same if document.language == language), same[0])
        return Hit(
            kind=shown.kind,
            id=topic,
            language=shown.language,
            title=shown.title,
            confidence=confidence,
            score=40 * confidence,
            cosine=confidence,
            lexical=0.0,
            matched=shown.ask[0] if shown.ask else shown.title,
        )


class CountingEncode:
    """Puts all texts that speak of one thing at one place; keeps what it was asked to encode."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    @property
    def calls(self) -> int:
        return len(self.batches)

    def __call__(self, texts: Sequence[str], /) -> Vector:
        self.batches.append(list(texts))
        return np.array([_meaning(set(fold_label(text).split())) for text in texts], dtype=np.float32)


def _meaning(words: set[str]) -> tuple[float, float, float]:
    if words & {"chez", "place", "maison", "domicile", "home", "teletravail"}:
        return (0.5, 0.0, 0.866) if "vaguement" in words else (1.0, 0.0, 0.0)
    return (0.0, 1.0, 0.0) if words & {"bureau", "office"} else (0.0, 0.0, 1.0)


def article(id: str, language: str, title: str, body: str, *ask: str) -> Document:
    """An article of the desk."""
    return Document(kind="article", id=id, desk="it", language=language, title=title, body=body, ask=ask)


ARTICLES = (
    article("mdp", "fr", "Mot de passe oublié", "1. Ouvrez **Mon compte**.", "j'ai perdu mon mot de passe"),
    article("mdp", "en", "Forgotten password", "1. Open **My account**.", "I lost my password"),
    article("wifi", "fr", "Se connecter au wifi", "Choisissez **Bureau**.", "le réseau wifi du bureau"),
    article("wifi", "en", "Connect to the wifi", "Choose **Bureau**.", "the office wifi"),
    article("badge", "fr", "Badge perdu", "Passez à l'accueil.", "j'ai perdu mon badge"),
)

FOUND: Mapping[str, Mapping[str, float]] = {
    "mot de passe": {"mdp": 0.9, "badge": 0.3, "wifi": 0.05},
    "forgot my password": {"mdp": 0.9},
    "wifi": {"wifi": 0.8, "vpn": 0.1},
    "badge": {"badge": 0.9},
    "perdu": {"badge": 0.4, "mdp": 0.35},
    "perdu mon truc d entree": {"badge": 0.8},
    "annuler ma commande": {"badge": 0.7},
    "vpn": {"vpn": 0.9, "wifi": 0.2},
    "reseau": {"vpn": 0.9, "wifi": 0.2},
    "cafe": {"cafe": 0.95},
    "colis": {"colis": 0.95},
    "imprimante": {"imprimante": 0.95},
    "partage": {"mdp": 0.7, "badge": 0.68},
    "flou": {"mdp": 0.3},
    "flou un peu moins": {"mdp": 0.42},
}


def phrases() -> Phrases:
    """The product's own, as they are shipped."""
    return Phrases({language: _flat(language) for language in ("fr", "en")})


def _flat(language: str) -> dict[str, str]:
    tree = yaml.safe_load((BASE / f"dialogue.{language}.yml").read_text(encoding="utf-8"))
    return {f"{group}.{key}": text for group, entries in tree.items() for key, text in entries.items()}


def desk() -> Desk:
    """A desk that is always open."""
    return Desk(
        id="it",
        name={"fr": "Support informatique", "en": "IT support"},
        languages=("fr", "en"),
        bot_name="Relais",
        timezone=ZoneInfo("Europe/Paris"),
        hours={},
        holidays=frozenset(),
        emergency={"fr": "appelez le poste 3333", "en": "call extension 3333"},
        reopen_after=timedelta(hours=72),
        idle_close=timedelta(hours=24),
        first_response={},
        resolution={},
    )


@cache
def content() -> DialogueContent:
    """Four flows and three articles, one of them in French only."""
    flows = [
        parse_flow(f"flows/it/{name}.yml", text, languages=["fr", "en"], entities=DEFINED.entities)
        for name, text in (("vpn", VPN), ("imprimante", PRINTER), ("cafe", COFFEE), ("colis", PARCEL))
    ]
    return DialogueContent(
        desks={"it": desk()},
        phrases=phrases(),
        flows={("it", flow.id): flow for flow in flows},
        articles={(each.desk, each.id, each.language): each for each in ARTICLES},
        versions={("it", "mdp", "fr"): 3},
        release_id=7,
        article_url=lambda desk, id, language: f"https://aide.example/{desk}/{id}.{language}",
    )


@dataclass
class Chat:
    """One person and the bot."""

    manager: DialogueManager
    encode: CountingEncode
    retriever: FakeRetriever
    conversation: Conversation = field(
        default_factory=lambda: Conversation(
            id=1, account="web:it", chat="c", user="u", user_name=None, person_id=1, desk="it", language="fr"
        )
    )
    buttons: list[Button] = field(default_factory=list)
    count: int = 0

    def say(self, text: str, *, reference: str | None = None, file: str | None = None) -> TurnResult:
        """Writes a message."""
        files = (Attachment(name=file, media_type="image/jpeg", size_bytes=9, remote_id="1"),) if file else ()
        return self.send(InboundKind.TEXT, text=text, reference=reference, attachments=files)

    def press(self, label: str) -> TurnResult:
        """Presses the latest button of that label."""
        return self.press_value(self.button(label).value)

    def button(self, label: str) -> Button:
        """The latest one of that label."""
        return next(button for button in reversed(self.buttons) if button.label == label)

    def press_value(self, value: str) -> TurnResult:
        """Presses a button, whether it still stands or not."""
        return self.send(InboundKind.PRESS, value=value)

    def send(self, kind: InboundKind, **fields: Any) -> TurnResult:
        """Sends anything, and keeps what came of it as the pipeline does."""
        self.count += 1
        message = InboundMessage(
            account="web:it",
            kind=kind,
            key=str(self.count),
            chat="c",
            user="u",
            sent_at=NOW,
            **fields,
        )
        result = self.manager.decide(self.conversation, message, now=NOW)
        self.conversation = replace(
            self.conversation,
            turn_no=self.conversation.turn_no + 1,
            state=json.loads(json.dumps(dict(result.state))),
            language=result.language or self.conversation.language,
            language_chosen=self.conversation.language_chosen or result.language_chosen,
        )
        self.buttons += [button for reply in result.replies for button in reply.buttons]
        return result


def chat(known: DialogueContent | None = None, conversation: Conversation | None = None) -> Chat:
    """A new conversation in French; with `conversation`, that one goes on."""
    encode = CountingEncode()
    flows = [
        Document(kind="flow", id=flow.id, desk="it", language=language, title=flow.title[language])
        for flow in content().flows.values()
        for language in ("fr", "en")
    ]
    retriever = FakeRetriever([*ARTICLES, *flows], FOUND)
    manager = DialogueManager(
        content=known or content(), understander=FakeUnderstander(), retriever=retriever, encode=encode
    )
    talk = Chat(manager=manager, encode=encode, retriever=retriever)
    talk.conversation = conversation or talk.conversation
    return talk


def said(result: TurnResult) -> str:
    """All that the bot said, with plain spaces."""
    text = "\n".join(f"{reply.title or ''}\n{reply.text}" for reply in result.replies)
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def labels(result: TurnResult) -> list[str]:
    """The labels of all buttons."""
    return [button.label for reply in result.replies for button in reply.buttons]
