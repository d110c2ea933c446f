"""Text normalization for intents and entities: folded words, SMS spelling written out, no punctuation."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.text.folding import fold_letters

_WORD = re.compile(r"[^\W_]+'?|[\u2190-\u2bff\U0001f000-\U0001faff]")
"""A word, with the apostrophe of an elision, or a symbol or emoji that can stand for one."""
_CACHED_TEXTS = 64
"""Each rule that looks at a message asks for its words again."""
_STRETCHED = re.compile(r"([a-z])\1\1+")

_SMS = {
    # French
    "slt": "salut", "bjr": "bonjour", "bsr": "bonsoir", "cc": "coucou", "stp": "s il te plait",
    "svp": "s il vous plait", "mrc": "merci", "mci": "merci", "dsl": "desole", "pk": "pourquoi",
    "pq": "pourquoi", "prq": "pourquoi", "pkoi": "pourquoi", "kwa": "quoi", "koi": "quoi",
    "c": "c est", "g": "j ai", "jai": "j ai", "cest": "c est", "ct": "c etait",
    "jsp": "je sais pas", "jss": "je suis", "chuis": "je suis", "pr": "pour", "ds": "dans",
    "ac": "avec", "qq": "quelque", "qqn": "quelqu un", "qqun": "quelqu un", "kelkun": "quelqu un",
    "kelk1": "quelqu un", "qlqn": "quelqu un", "qlq": "quelque", "tt": "tout", "tjrs": "toujours",
    "tjr": "toujours", "tjs": "toujours", "jms": "jamais", "mm": "meme", "pb": "probleme",
    "pbm": "probleme", "rdv": "rendez vous", "cb": "combien", "bcp": "beaucoup", "vs": "vous",
    "ns": "nous", "jvx": "je veux", "jve": "je veux", "veu": "veux", "ki": "qui", "ke": "que",
    "k": "que", "auj": "aujourd hui", "ojd": "aujourd hui", "nn": "non", "ouai": "ouais",
    "wi": "oui", "msg": "message", "tel": "telephone", "mdp": "mot de passe", "ya": "il y a",
    "march": "marche", "dacc": "d accord", "dac": "d accord", "jcomprends": "je comprends",
    # English
    "thx": "thanks", "tks": "thanks", "tnx": "thanks", "ty": "thank you", "pls": "please",
    "plz": "please", "u": "you", "ur": "your", "r": "are", "dunno": "don t know", "idk": "i don t know",
    "dont": "don t", "doesnt": "doesn t", "didnt": "didn t", "cant": "can t", "wont": "won t",
    "isnt": "isn t", "im": "i m", "ive": "i ve", "whats": "what s", "thats": "that s", "its": "it s",
    "gonna": "going to", "wanna": "want to", "yep": "yes", "yup": "yes", "yeah": "yes", "nope": "no",
    "nah": "no", "asap": "as soon as possible", "bc": "because", "smth": "something", "sb": "somebody",
}  # fmt: skip


@lru_cache(maxsize=_CACHED_TEXTS)
def words(text: str) -> Sequence[str]:
    """The words of a text as they are compared: folded, stretched letters cut, SMS spelling written out."""
    plain = _STRETCHED.sub(r"\1", fold_letters(text))
    # An elided word keeps its apostrophe until after the look-up: "c'est" is not SMS "c" and "est".
    return tuple(" ".join(_SMS.get(word, word.rstrip("'")) for word in _WORD.findall(plain)).split())


def normalized(text: str) -> str:
    """The words of a text, joined by single spaces; empty when it has none."""
    return " ".join(words(text))
