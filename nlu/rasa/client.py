"""The interpreter that asks a Rasa NLU server, and never depends on it.

The embedded engine is asked first, every time. What it knows by spelling (phrases, patterns, choices),
danger and the wish for a person stay its own. Only what is left to be weighed by meaning goes to Rasa, and
when Rasa is slow, away or unsure, the embedded engine's understanding stands.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Self, TypeVar

import httpx
import numpy as np
import re2
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from nlu.intents.background import NONE
from nlu.interpreter.base import Understanding
from nlu.interpreter.embedded import EmbeddedInterpreter, negated

log = logging.getLogger(__name__)

THRESHOLD = 0.75
"""Probability from which Rasa is believed: two in a hundred questions pass; see docs/evaluation-rasa.md."""
TIMEOUT_S = 0.3
REST_S = 30.0
"""How long a server that failed is left alone."""

MAX_CHARS = 300
"""Longer texts take Rasa time and are no commands."""
_RANKING = 5
_LEADING = re2.compile(r"^[/\s\pZ\pC]+")

T = TypeVar("T")
Vector = NDArray[np.float32]


class RasaUnavailableError(Exception):
    """The server gave no usable answer.

    Args:
        reason: what happened, without the text and the token.
        refused: it answered, and does not accept the token.
    """

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


class _Ranked(BaseModel):
    name: str
    confidence: float = Field(ge=0.0, le=1.0)


class _Parsed(BaseModel):
    intent_ranking: list[_Ranked]


class _Status(BaseModel):
    model_file: str


class RasaServer:
    """A Rasa NLU server. Safe among threads; connections are kept.

    Args:
        url: such as "http://127.0.0.1:5005".
        token: what it was started with.
        timeout_s: for connecting, and again for each wait for bytes.
    """

    def __init__(self, url: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        # Rasa takes its token in the address only.
        self._client = httpx.Client(
            base_url=url, params={"token": token}, timeout=timeout_s, trust_env=False, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes its connections."""
        self._client.close()

    def parse(self, text: str) -> dict[str, float]:
        """The probability of each intent, likeliest first; empty when there is nothing to ask about.

        A "/" in front would make Rasa take the rest for the name of an intent, so it is taken away.

        Raises:
            RasaUnavailableError: no answer in time, or none that can be used.
        """
        asked = text[:MAX_CHARS].encode("utf-8", "replace").decode()
        asked = str(_LEADING.sub("", asked)).strip()
        if not asked:
            return {}
        parsed = self._ask(TypeAdapter(_Parsed), "POST", "/model/parse", {"text": asked})
        return {ranked.name: ranked.confidence for ranked in parsed.intent_ranking}

    def model(self) -> str:
        """The file name of the model that it serves.

        Raises:
            RasaUnavailableError: as `parse`.
        """
        return self._ask(TypeAdapter(_Status), "GET", "/status").model_file.rpartition("/")[2]

    def _ask(
        self, answer: TypeAdapter[T], method: str, path: str, content: dict[str, str] | None = None
    ) -> T:
        try:
            response = self._client.request(method, path, json=content)
        except httpx.HTTPError as exc:
            raise RasaUnavailableError(type(exc).__name__) from exc
        if response.status_code != httpx.codes.OK:
            refused = response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
            raise RasaUnavailableError(f"status {response.status_code}", refused=refused)
        try:
            return answer.validate_json(response.content)
        except ValidationError as exc:
            raise RasaUnavailableError("an answer of another form") from exc


class RasaInterpreter:
    """Asks Rasa what the embedded engine could only weigh by meaning. Safe among threads.

    Args:
        embedded: knows the intents; understands whatever Rasa does not.
        server: shared by all interpreters of a process, as is `breaker`.
        breaker: keeps away from a server that failed.
    """

    def __init__(self, embedded: EmbeddedInterpreter, server: RasaServer, breaker: "Breaker") -> None:
        self._embedded = embedded
        self._known = frozenset(embedded.intents) | NONE
        self._server = server
        self._breaker = breaker

    def understand(self, text: str, *, language: str, vector: Callable[[], Vector]) -> Understanding:
        """See `nlu.interpreter.base.Interpreter.understand`."""
        weighed = False

        def watched() -> Vector:
            nonlocal weighed
            weighed = True
            return vector()

        heard = self._embedded.understand(text, language=language, vector=watched)
        if not weighed or is_guarded(heard.intent) or len(text) > MAX_CHARS or not self._breaker.admits():
            return heard
        try:
            chances = self._server.parse(text)
        except RasaUnavailableError as exc:
            self._breaker.failed(exc)
            return heard
        self._breaker.answered()
        return self._judged(heard, text, chances)

    def _judged(self, heard: Understanding, text: str, chances: dict[str, float]) -> Understanding:
        """Rasa's view where it is sure of something that it may say; else the embedded engine's."""
        if not chances or max(chances, key=chances.__getitem__) not in self._known:
            return heard
        known = {intent: chance for intent, chance in chances.items() if intent in self._known}
        chances = negated(known, text, heard.also)
        none = sum(chances.pop(label, 0.0) for label in NONE)
        ranking = tuple(sorted(chances.items(), key=lambda pair: -pair[1])[:_RANKING])
        if not ranking:
            return heard
        intent, score = ranking[0]
        if none >= max(score, THRESHOLD):
            return replace(heard, intent=None, score=none, ranking=ranking, matched=None)
        if score < THRESHOLD or is_guarded(intent):
            return heard
        return replace(
            heard, intent=intent, score=score, ranking=ranking, matched=None, also=heard.also - {intent}
        )


class Breaker:
    """Leaves a server alone for a while once it has failed, then lets one message try it. Safe among threads.

    Args:
        rest_s: how long.
        clock: seconds that only rise.
    """

    def __init__(self, rest_s: float = REST_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._retry_at: float | None = None

    def admits(self) -> bool:
        """Whether to ask now; after a failure True for one caller each `rest_s`."""
        with self._lock:
            if self._retry_at is None:
                return True
            if self._clock() < self._retry_at:
                return False
            self._retry_at = self._clock() + self._rest_s
            return True

    def failed(self, error: RasaUnavailableError) -> None:
        """Opens."""
        with self._lock:
            first = self._retry_at is None
            self._retry_at = self._clock() + self._rest_s
        if first:
            log.warning("rasa not reached", extra={"reason": error.reason})

    def answered(self) -> None:
        """Closes."""
        with self._lock:
            was_open, self._retry_at = self._retry_at is not None, None
        if was_open:
            log.info("rasa answers again")


def is_guarded(intent: str | None) -> bool:
    """Whether only the embedded engine may say so: danger, and the wish for a person."""
    return intent is not None and (intent.startswith("danger") or intent == "human")
