"""Which language a short message is in, French or English, and how sure that is.

A sum of evidence in log-odds: whole words that only one of the two has, then letters and endings.
Words that both have ("simple", "message", "VPN") count for nothing, so that a message made of them
keeps the language of its conversation.
"""

import math
import re
from typing import Literal, NamedTuple

from bot.text.folding import fold_letters

Language = Literal["fr", "en"]

SURE = 0.85
"""Confidence from which a message may change the language of its conversation."""
_MAX_CHARS = 600


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FR = _words(
    """
    je j tu il elle nous vous ils elles m te se toi moi lui leur leurs mon ma mes ton ta tes ses notre nos
    votre vos le la les l un une des du de d aux ce cet cette ces c ca sa cela ceci et ou mais donc car ni
    que qu qui quoi dont quand comment pourquoi combien quel quelle quels quelles lequel laquelle est suis
    es sommes etes etait etais etaient sera serait etre ete ai avons avez ont avait avais aurait avoir
    aura eu fait fais font faire faites faut fallait peux peut pouvez pouvons peuvent pourrait pouvoir
    pourriez veux veut voulez voulons vouloir voudrais voulais dois doit devez devoir devrait vais va
    allez allons vont aller sais sait savez savoir vois voit voir dis dit dire dites mets met mettre
    prends prend prendre viens vient venir arrive arrivez ne n pas jamais rien aucun aucune personne non
    oui ouais nan si tres trop peu beaucoup assez bien mal mieux aussi encore toujours deja maintenant
    hier demain aujourd hui ici avant apres depuis pendant dans sur sous avec sans par chez entre vers
    contre jusqu alors puis lors bref enfin bonjour bonsoir salut coucou merci svp stp desole desolee
    revoir bientot soir matin midi nuit jour semaine mois annee heure heures quelqu quelque quelques chose
    autre autres meme tout toute tous toutes marche marchait fonctionne fonctionnent bloque bloquee casse
    cassee perdu perdue oublie recu recois recevoir ouvre ouvrir ferme fermer allume allumer eteint
    eteindre demarre demarrer envoie envoyer cherche chercher trouve trouver changer acheter achete
    livraison colis facture remboursement garantie panne probleme souci aide aidez aider besoin conseiller
    conseillere humain ordinateur ecran clavier souris imprimante mot passe compte reseau fichier dossier
    jour courriel logiciel reunion salle fer repasser aspirateur four linge vapeur fumee brule brulure feu
    flamme etincelles eau courant urgence vite rapidement attendez attends patientez annuler annulez
    annule recommencez repetez repete retour precedent suivant arriere parler anglais francais reponse
    comprends compris commande commander voyant clignote bouton branche debranche chauffe fuit bac sac
    notice piece pieces magasin vendeur voudriez installer configurer connecter connexion acces droits
    conge absence faible lent lente rame plante batterie suivi telecharger laisse laissez tomber bon bonne
    bonnes invite maj grave gros grosse petit petite ordi appli courriels messagerie partage partager
    sauvegarde supprimer supprime efface recuperer sert servir coute coutent combien delai livre livrer
    livreur slt bjr bsr cc mdp pb pk pq jsp jss dsl pr ds qd tjrs tjr qqn qqun bah ben euh voila jai cest
    nickel parfait regle reglee resolu nouveau nouvelle vieux vieille premier premiere deuxieme troisieme
    derniere dernier
    """
)
_EN = _words(
    """
    i you he she it we they him her us them my your his its our their mine yours myself yourself the this
    that these those and but so because if then else than is are am was were be been being do does did
    done don doesn didn isn aren wasn weren won wouldn can could couldn cannot will would shall should may
    might must has have had having ve ll re not no yes yeah yep nope never nothing nobody none any some
    someone somebody something anything anyone who what when where why how which whose whom to of in at by
    for with without from into onto about after before since until during between through over under again
    still yet already now today tomorrow yesterday tonight here there very too much many more most less
    least just only also even hello hi hey thanks thank please sorry bye goodbye morning evening afternoon
    night cheers get got getting give gave go going gone come came take took taken make made know knew
    known think want need help work works working worked broken lost forgot forgotten found see seen say
    said tell told ask asked call called try tried keep keeps kept put send sent receive received buy
    bought open opened opening close closed turn turned turns switch switched start started stopped change
    changed log login logged sign reset connect connected print printed install installed download
    password laptop screen keyboard mouse printer mailbox phone meeting room network computer account file
    folder update steam vacuum cleaner oven iron washing smoke burning burnt burned fire flames sparks
    shock water socket wall plug power light blinking blinks leaks leaking order hold leave request stuck
    slow low battery charge lock locked unlock expired claim join share shared delete check find add mute
    free awesome deleted remove recover restore save saved backup attachment link website button slowly
    freezes crash crashes crashing track tracking delivery parcel package invoice refund warranty return
    returns spare part parts shipping human person people speak talk talking english french hurry quick
    quickly wait waiting cancel repeat back previous next undo wrong right mistake meant mean great good
    bad nice fine well sure okay new old first second third last one two three another same all every each
    u ur pls plz thx ty idk dunno gonna wanna im ive doesnt cant isnt whats thats
    """
)
_LONE = 2.2
"""Log-odds of one such word: alone it makes nine to one."""

# What is left to tell in words of neither list, mostly endings and letters rare in the other language.
_FR_SHAPES = re.compile(
    r"[àâçèéêëîïôùûœ]|\bqu|\b[cdjlmnst]'[a-zéèêh]"
    r"|(?:ez|eux|eaux?|ais|ait|aient|oir|oire|ille|ique|tte|euse|eur|eurs|ee|ees|aux|iere|age|er)\b"
)
_EN_SHAPES = re.compile(
    r"'(?:m|re|ve|ll|s|t|d)\b|w|k|th|sh|(?:ing|ed|ly|ght|ness|ful|ould|ty|y|ck|ss|ous)\b|oo|ee[a-z]"
)
_SHAPE = 0.6
_QUOTED = re.compile(r"«[^«»]{0,200}»|\"[^\"]{0,200}\"|“[^“”]{0,200}”")
_NAMES = re.compile(r"(?<=[a-zà-ÿ,;] )[A-Z][\w-]*")
"""Words with a capital inside a sentence: names, whatever the language."""
_TOKENS = re.compile(r"[a-z0-9]+")


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
    confidence = 1 / (1 + math.exp(-min(abs(evidence), 20.0)))
    return Guess("fr" if evidence > 0 else "en", confidence)


def _evidence(text: str) -> float:
    """Log-odds of French against English."""
    lowered = _NAMES.sub(" ", _QUOTED.sub(" ", text.replace("’", "'"))).lower() or text.lower()
    tokens = _TOKENS.findall(fold_letters(lowered))
    total = _LONE * (sum(token in _FR for token in tokens) - sum(token in _EN for token in tokens))
    shapes = len(_FR_SHAPES.findall(lowered)) - len(_EN_SHAPES.findall(lowered))
    # One letter of a short word ("ok", "wifi") tells nothing.
    return total + _SHAPE * shapes if total or abs(shapes) > 1 else total
