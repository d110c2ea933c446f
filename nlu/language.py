"""Which language a short message is in, French or English, and how sure that is.

A sum of evidence in log-odds: whole words that only one of the two has, then letters and endings.
Words that both have ("simple", "message", "VPN") count for nothing, so that a message made of them
keeps the language of its conversation.
"""

import math
from typing import Literal, NamedTuple

import re2

from nlu.text import fold

Language = Literal["fr", "en"]

SURE = 0.85
"""Confidence from which a message may change the language of its conversation."""
_MAX_CHARS = 600
_WORD = 2.2
_STRONG = 3.0

_FR = frozenset(
    """
    je j tu il elle on nous vous ils elles me m te se s moi toi lui leur leurs mon ma mes ton ta tes
    ses notre nos votre vos le la les l un une des du de d au aux ce cet cette ces c ca cela ceci
    et ou mais donc car ni que qu qui quoi dont quand comment pourquoi combien quel quelle quels quelles
    est sont suis es sommes etes etait etais etaient sera serait ete etre ai as avons avez ont avait avais
    aurait avoir aura eu fait fais font faire faites faut fallait peux peut pouvez pouvons peuvent pourrait
    pouvoir pourriez veux veut voulez voulons vouloir voudrais voulais dois doit devez devoir devrait vais va
    allez allons vont aller sais sait savez savoir vois voit voir dis dit dire dites mets met mettre prends
    prend prendre viens vient venir
    ne n pas plus jamais rien aucun aucune personne non oui ouais nan si tres trop peu beaucoup assez
    bien mal mieux aussi encore toujours deja maintenant hier demain aujourd hui ici avant apres depuis
    pendant dans sur sous avec sans pour par chez entre vers contre jusqu
    bonjour bonsoir salut coucou merci svp stp desole pardon revoir bientot soir matin midi nuit jour
    semaine mois annee heure minutes
    quelqu quelque chose autre autres meme tout toute tous toutes
    marche marchait fonctionne fonctionnent arrive arrivez bloque bloquee casse cassee perdu perdue oublie
    recu recois recevoir ouvre ouvrir ferme fermer allume allumer eteint eteindre demarre demarrer envoie
    envoyer cherche chercher trouve trouver change changer acheter achete commande livraison colis facture
    remboursement garantie panne probleme souci aide aidez aider besoin conseiller conseillere humain
    ordinateur portable ecran clavier souris imprimante mot passe compte reseau fichier dossier mise jour
    courriel logiciel telephone reunion salle fer repasser aspirateur four lave linge vapeur fumee brule
    brulure feu flamme etincelles eau prise courant
    urgent urgence vite rapidement attendez attends patientez annuler annulez annule recommencez repetez
    repete retour precedent suivant arriere parler anglais francais question reponse comprends compris
    slt bjr bsr cc mdp pb pk pq jsp jss dsl pr ds qd tjrs tjr qqn qqun wesh ouf bah ben euh voila
    ok-fr parfait genial super nickel impeccable
    allo bref alors puis lors lequel laquelle possible impossible regle reglee resolu
    nouveau nouvelle vieux vieille premier premiere deuxieme troisieme derniere dernier
    """.split()
)
_EN = frozenset(
    """
    i you he she it we they me him her us them my your his its our their mine yours myself
    the a an this that these those and or but so because if then else than
    is are am was were be been being do does did done don doesn didn t isn aren wasn weren won wouldn
    can could couldn cannot will would shall should may might must have has had having ve ll re
    not no yes yeah yep nope never nothing nobody none any some someone somebody something anything
    who what when where why how which whose whom
    to of in on at by for with without from into onto about after before since until during between
    through over under again still yet already now today tomorrow yesterday tonight here there
    very too much many more most less least just only also even
    hello hi hey thanks thank please sorry bye goodbye morning evening afternoon night cheers
    get got getting give gave go going gone come came take took taken make made know knew known think
    want need help work works working worked broken lost forgot forgotten find found see seen say said
    tell told ask asked call called try tried keep keeps kept put send sent receive received buy bought
    open opened close closed turn turned switch switched start started stop stopped change changed
    log login logged sign reset connect connected print printed install installed download
    password laptop screen keyboard mouse printer email mailbox phone meeting room wifi-en network
    computer account file folder update software steam vacuum cleaner oven iron washing machine smoke
    burning burnt burned fire flames sparks shock water socket wall plug power
    order delivery parcel package invoice refund warranty return spare part parts
    human person people agent-en advisor speak talk talking english french urgent-en hurry quick quickly
    wait waiting cancel repeat back previous next undo wrong right mistake meant mean
    ok-en okay great perfect-en good bad nice fine well sure
    new old first second third last one two three other another same all every each
    u ur pls plz thx ty idk dunno gonna wanna im ive dont doesnt cant isnt whats thats
    """.split()
)
_BOTH = _FR & _EN | frozenset(
    """
    on a an me as or but est-both son pour-both note message simple code problem-both info infos ok site
    mail email internet vpn wifi teams outlook excel windows mac pc usb sms pin mfa app application test
    client service support contact agent urgent stop pause menu machine t s re us plus-both
    important impossible possible question excellent question page image photo signal radio
    """.split()
)

_FR_SHAPES = re2.compile(
    r"[àâçèêëîïôùûœ]|é|\bqu|\b[cdjlmnst]'[a-zéèêh]|(?:ez|eux|eau|eaux|aient|ais|ait|oir|ille|ique|ment|tte|euse|eur|ee|aux)\b|oi[rst]\b|gn"
)
_EN_SHAPES = re2.compile(
    r"'(?:m|re|ve|ll|t|d)\b|w|k|th|sh|(?:ing|ed|ly|ght|ness|ful|ould|ty|y|ck|ss)\b|oo|ee[a-z]|\bwh"
)
_WORDS = re2.compile(r"[a-z0-9]+")


class Guess(NamedTuple):
    """A language and the probability that it is the right one, 0.5 to 1."""

    language: Language
    confidence: float


def detect(text: str, default: Language) -> Language:
    """The language of a short text; `default` when nothing in it tells."""
    return guess(text, default).language


def guess(text: str, default: Language) -> Guess:
    """The language of a short text and how sure that is.

    Args:
        text: a message, read up to 600 characters.
        default: the answer, with confidence 0.5, when nothing in the text tells.
    """
    evidence = _evidence(text[:_MAX_CHARS])
    if evidence == 0:
        return Guess(default, 0.5)
    # Words of one message go together, so their evidence does not simply add up: damp it.
    confidence = 1 / (1 + math.exp(-min(abs(evidence), 20.0)))
    return Guess("fr" if evidence > 0 else "en", confidence)


def _evidence(text: str) -> float:
    """Log-odds of French against English."""
    total = 0.0
    lowered = text.lower().replace("’", "'")
    for word in _WORDS.findall(fold(text)):
        if word in _BOTH:
            continue
        if word in _FR:
            total += _WORD
        elif word in _EN:
            total -= _WORD
    french = len(_FR_SHAPES.findall(lowered))
    english = len(_EN_SHAPES.findall(lowered))
    return total + 0.5 * french - 0.5 * english
