"""The language of short messages."""

from itertools import combinations

import pytest

from nlu.language.detection import SURE, detect, guess
from nlu.language.evidence import evidence


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


FRENCH = _lines(
    """
bonjour
merci
oui
non
ouais
salut ça va
je ne sais pas
aucune idée
un instant
c'est bon
ça marche pas
ca marche pas
sa marche tjr pas
j'ai oublié mon mot de passe
jai oublie mon mdp
slt g perdu mon mdp
mon imprimante est en panne
l'imprimante n'imprime plus
le wifi est lent
pas de wifi
VPN bloqué
le vpn ne se connecte pas
impossible d'ouvrir Outlook
Teams plante au démarrage
comment réserver une salle ?
où est mon colis
suivi de commande
mon aspirateur n'aspire plus
le fer fuit
fuite d'eau
centrale vapeur en panne
voyant rouge
le voyant clignote
code erreur E12 sur le four
remboursement
retour produit
garantie expirée
facture perdue
je veux parler à quelqu'un
un conseiller svp
humain
annuler
retour
répétez
attendez
laisse tomber
c'est urgent
urgence
de la fumée sort de la prise
ça sent le brûlé
on m'a volé mon pc
j'ai cliqué sur un lien bizarre
la deuxième
la première option
je me suis trompé
pourquoi cette réponse ?
vous êtes un robot ?
écran noir
souris cassée
clavier qui ne répond plus
badge perdu
mise à jour bloquée
pièce jointe trop lourde
accès au dossier partagé
demande de congé
nouveau téléphone
batterie faible
ordi lent
toujours pareil
à demain
bonne soirée
d'accord
parfait
nickel
pb de connexion
jsp
dsl
quelqu'un est là
en français svp
"""
)

ENGLISH = _lines(
    """
hello
thanks
thank you
yes
no
yeah
good morning
I don't know
no idea
hold on
it works
it doesn't work
doesnt work
still not working
I forgot my password
forgot password
my printer is broken
the printer won't print
wifi is slow
no wifi
VPN blocked
the vpn does not connect
can't open Outlook
Teams keeps crashing
how do I book a meeting room?
where is my parcel
order tracking
my vacuum cleaner lost suction
the iron is leaking
water leak
steam station broken
red light
the light is blinking
error code E12 on the oven
refund
return a product
warranty expired
lost invoice
I want to talk to someone
agent please
human
cancel
go back
repeat that
wait
never mind
it's urgent
hurry up
smoke is coming out of the plug
it smells burnt
someone stole my laptop
I clicked a weird link
the second one
first option
I made a mistake
why this answer?
are you a bot?
black screen
broken mouse
keyboard not responding
lost badge
update stuck
attachment too large
access to a shared folder
leave request
new phone
low battery
slow computer
same thing
see you tomorrow
have a nice evening
okay
great
awesome
login issue
idk
sorry
anyone there
english please
"""
)


@pytest.mark.parametrize("text", FRENCH)
def test_french_is_told_in_an_english_conversation(text: str) -> None:
    assert detect(text, "en") == "fr"


@pytest.mark.parametrize("text", ENGLISH)
def test_english_is_told_in_a_french_conversation(text: str) -> None:
    assert detect(text, "fr") == "en"


@pytest.mark.parametrize(
    "text", ["", "   ", "???", "2", "VPN", "MFA", "CX-125", "0x80070005", "ok", "👍", "Teams"]
)
def test_a_text_that_does_not_tell_keeps_the_language_of_the_conversation(text: str) -> None:
    assert guess(text, "fr").language == "fr"
    assert guess(text, "en").language == "en"
    assert guess(text, "fr").confidence < SURE


@pytest.mark.parametrize("text", ["je ne comprends pas votre question", "I do not understand your question"])
def test_a_sentence_is_sure(text: str) -> None:
    assert guess(text, "fr").confidence > 0.99


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("comment installer Teams Meeting Add-in for Outlook", "fr"),
        ("le message dit « the remote computer is not available », que faire ?", "fr"),
        ("what does « mot de passe expiré » mean?", "en"),
        ("bonjour, can you help me please?", "en"),
    ],
)
def test_words_of_the_other_language_do_not_turn_a_sentence(text: str, language: str) -> None:
    assert detect(text, "en" if language == "fr" else "fr") == language


def test_no_word_speaks_for_two_languages() -> None:
    assert evidence().keys() == {"fr", "en"}
    for first, second in combinations(evidence().values(), 2):
        assert not first.words & second.words


def test_a_megabyte_is_quick() -> None:
    assert detect("le vpn ne marche pas " * 50_000, "en") == "fr"
