"""What a message says once its courtesies are taken off: what is searched, and what the agent reads."""

import re

_HELLO = (
    r"(?:bonjour|bonsoir|bjr|bsr|salut|slt|coucou|cc|re|hello|hi|hey|good (?:morning|afternoon|evening)"
    r"|dear|cher|chère)"
)
_WHOM = (
    r"(?:\s+(?:à tous|a tous|à toutes et à tous|tout le monde|l'équipe|madame|monsieur"
    r"|all|everyone|team|there))*"
)
_ASIDE = r"(?:au fait|par ailleurs|sinon|et sinon|dites|dis|by the way|btw|also|so|alors|euh|bon|voilà|voila)"
_THANKS = r"(?:merci(?: (?:beaucoup|bien))?(?: d'avance| par avance)?|thanks(?: in advance)?|thank you|thx)"
_PLEASE = r"(?:svp|stp|s'il (?:vous|te) pla[iî]t|please|pls|cordialement|bien à vous|regards|bonne journée)"
_FRONT = re.compile(rf"(?i)^(?:{_HELLO}{_WHOM}|{_ASIDE})(?:\s*[,;:.!…–-]+\s*|\s+(?={_HELLO}\b)|\s+|$)")
_END = re.compile(rf"(?i)[\s,;.!…–-]+(?:{_THANKS}|{_PLEASE})[\s.!…]*$")


def gist(text: str) -> str:
    """The message on one line, without greeting, "by the way", thanks and please; itself if that is all."""
    line = " ".join(text.replace("’", "'").split())
    rest = line
    while True:
        shorter = _END.sub("", _FRONT.sub("", rest, count=1), count=1).strip()
        if not shorter:
            return rest if any(char.isalnum() for char in rest) else line
        if shorter == rest:
            return rest
        rest = shorter
