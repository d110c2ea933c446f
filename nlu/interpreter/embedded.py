"""The interpreter that runs inside the product: phrases, patterns, and a classifier of the meaning."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import re2
from numpy.typing import NDArray

from bot.text.identifiers import without_addresses
from bot.text.normalization import normalized, words
from nlu.entities.extraction import EntityExtractor, choice
from nlu.intents.background import NONE, QUESTION, bare_words, threshold
from nlu.intents.classifier import IntentClassifier, softmax
from nlu.intents.patterns import MAX_CHARS, Patterns
from nlu.intents.phrases import PhraseMatch, PhraseMatcher
from nlu.intents.training import TrainingData, TrainingDataError, TrainingLine, read
from nlu.interpreter.base import Understanding
from nlu.language.detection import SURE, guess
from nlu.language.vocabulary import vocabulary

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Vector = NDArray[np.float32]

_FORMAT = 4
"""Rises when stored weights no longer fit the code: other features, another spelling, other fields."""
_MAX_CHARS = 4000
_MEANING_MAX_WORDS = 30
_RANKING = 5
_SEGMENT = re2.compile(r"[.,;:!?…\n()]+|\s[-–—]\s")

_ORDER = (
    "danger_injury", "danger_fire", "danger_electric", "danger_data", "human", "cancel", "correct",
    "not_resolved", "resolved", "language_fr", "language_en", "bot_challenge", "why", "back", "repeat",
    "wait", "returned", "dont_know", "deny", "affirm", "no_human", "bot_wanted", "queue_status",
    "not_urgent", "help", "goodbye",
    "frustration", "urgent", "praise", "thank", "greet", "laugh",
)  # fmt: skip
"""Which intent a message is for when it holds several and nothing else."""
_TAKES_OVER = frozenset({*_ORDER[:5], "correct"})
"""Intents that the message is for whatever else it says."""

_DANGER = frozenset(_ORDER[:4])
_DANGER_THRESHOLD = 0.95
"""Patterns know danger well; by meaning alone, "what is phishing?" is too near to it."""
_OPPOSITE = {"affirm": "deny", "resolved": "not_resolved"}
"""What a negation makes of an intent: "nothing works" is near "everything works" in meaning."""
_NEGATION = re2.compile(rf"\b(?:{'|'.join(vocabulary().negations)})\b")
"""In normal form, where "doesn't" is "doesn t"."""


class StateError(Exception):
    """A stored interpreter cannot be used: train a new one."""


class EmbeddedInterpreter:
    """Understands by spelling first, then by meaning. Immutable, and safe among threads."""

    def __init__(
        self,
        *,
        data: TrainingData,
        classifier: IntentClassifier,
        threshold: float,
        vectors: NDArray[np.float16],
        source_hash: str,
    ) -> None:
        self._data = data
        self._classifier = classifier
        self._threshold = threshold
        self._vectors = vectors
        self._labels = np.array([line.name for line in data.examples])
        self._patterns = Patterns(data.intent_patterns)
        self._entities = EntityExtractor(data)
        self._phrases = PhraseMatcher((line.text, line.name) for line in data.examples)
        self.source_hash = source_hash
        """Of what it was trained on; see `source_hash`."""

    @property
    def intents(self) -> tuple[str, ...]:
        """Names of the intents it was trained on, sorted."""
        return self._data.intents

    @classmethod
    def train(
        cls, files: Mapping[str, str], encode: Encode, *, negatives: Sequence[str] = (), model_id: str = ""
    ) -> "EmbeddedInterpreter":
        """Trains on files in Rasa's NLU format.

        Args:
            files: text by path.
            encode: see `nlu.encoders.encoder.Encoder.encode`.
            negatives: sentences that are no intent, such as questions that articles answer; they join
                the examples of `question`, and so do their single words.
            model_id: of the encoder, so that a stored interpreter is known to fit it.

        Raises:
            TrainingDataError: a file is wrong, or one phrase stands for two intents.
        """
        from nlu.intents import fitting

        data = read(files)
        _refuse_ambiguous(data)
        said = [line.text for line in data.examples if line.name not in NONE]
        none = [line.text for line in data.examples if line.name in NONE]
        background = [*negatives, *bare_words([*none, *negatives], said)]
        texts = [line.text for line in data.examples] + background
        labels = [line.name for line in data.examples] + [QUESTION] * len(background)
        if len(set(labels)) < 2:
            raise TrainingDataError(next(iter(files), "intents"), 1, "there must be at least two intents")
        vectors = encode(texts)
        fitted = fitting.train(texts, labels, vectors)
        is_none = np.array([label in NONE for label in fitted.classifier.labels], dtype=np.bool_)
        return cls(
            data=data,
            classifier=fitted.classifier,
            threshold=threshold(fitted.left_out, fitted.truth, is_none),
            vectors=vectors[: len(data.examples)].astype(np.float16),
            source_hash=source_hash(files, negatives=negatives, model_id=model_id),
        )

    def understand(self, text: str, *, language: str, vector: Callable[[], Vector]) -> Understanding:
        """See `nlu.interpreter.base.Interpreter.understand`."""
        written = _valid(text)
        text = without_addresses(written)
        nothing = _nothing(text, language)
        parts = words(written[:_MAX_CHARS])
        count = len(parts)
        if nothing.choice is not None or count == 0:
            return nothing
        nothing = replace(nothing, entities=self._entities.find(written, parts))
        spelt = self._by_spelling(text, nothing)
        if spelt.intent is not None or spelt.matched is not None or count > _MEANING_MAX_WORDS:
            return spelt
        return self._by_meaning(text[:_MAX_CHARS], vector(), spelt)

    def entities(self, text: str) -> Mapping[str, tuple[str, ...]]:
        """What a text names, as in `Understanding.entities`; nothing else is looked at."""
        text = _valid(text)
        return self._entities.find(text, words(text[:_MAX_CHARS]))

    def _by_spelling(self, text: str, nothing: Understanding) -> Understanding:
        """By phrases and patterns: the intent if they tell, and what rides along in any case."""
        raised = {name: PhraseMatch(name, 1.0, what) for name, what in self._patterns.search(text).items()}
        parts, rest = self._parts(text[:_MAX_CHARS])
        said = {**parts, **raised}
        whole = self._phrases.find(text[:_MAX_CHARS])
        if whole is not None and whole.intent not in NONE and not raised.keys() & _TAKES_OVER:
            return _found(nothing, whole, frozenset(said))
        first = next((said[name] for name in _ORDER if name in said), None)
        if first is not None and (first.intent in _TAKES_OVER or not rest):
            return _found(nothing, first, frozenset(said))
        if whole is not None:
            return replace(nothing, score=whole.score, matched=whole.example, also=frozenset(said))
        return replace(nothing, also=frozenset(said))

    def _by_meaning(self, text: str, vector: Vector, nothing: Understanding) -> Understanding:
        """By the classifier; `nothing` when no intent is likely enough."""
        probabilities = softmax(self._classifier.scores([text], vector[np.newaxis])[0]).tolist()
        chances = negated(dict(zip(self._classifier.labels, probabilities, strict=True)), text, nothing.also)
        none = sum(chances.pop(label, 0.0) for label in NONE)
        ranking = tuple(sorted(chances.items(), key=lambda pair: -pair[1])[:_RANKING])
        intent, score = ranking[0]
        if score < max(none, self._threshold, _DANGER_THRESHOLD if intent in _DANGER else 0.0):
            return replace(nothing, score=max(none, 1.0 - score), ranking=ranking)
        example = self._nearest(intent, vector)
        return replace(_found(nothing, PhraseMatch(intent, score, example), nothing.also), ranking=ranking)

    def _nearest(self, intent: str, vector: Vector) -> str:
        """The example of an intent that means most nearly the same."""
        rows = np.flatnonzero(self._labels == intent)
        best = rows[int(np.argmax(self._vectors[rows].astype(np.float32) @ vector))]
        return self._data.examples[int(best)].text

    def _parts(self, text: str) -> tuple[dict[str, PhraseMatch], bool]:
        """The intents of the parts between punctuation, and whether any part says something else."""
        found: dict[str, PhraseMatch] = {}
        rest = False
        for part in _SEGMENT.split(text):
            if not words(part):
                continue
            phrase = self._phrases.find(part)
            if phrase is None or phrase.intent in NONE:
                rest = True
            else:
                found.setdefault(phrase.intent, phrase)
        return found, rest

    def to_bytes(self) -> bytes:
        """What `from_bytes` needs, so that a second start neither encodes nor trains."""
        meta = {
            "format": _FORMAT,
            "source_hash": self.source_hash,
            "labels": self._classifier.labels,
            "threshold": self._threshold,
            "examples": [[e.name, e.text, e.path, e.line] for e in self._data.examples],
            "patterns": [[e.name, e.text, e.path, e.line] for e in self._data.patterns],
            "lookups": [[e.name, e.text, e.path, e.line] for e in self._data.lookups],
            "synonyms": dict(self._data.synonyms),
        }
        packed = io.BytesIO()
        np.savez(
            packed,
            meta=np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8),
            weights=self._classifier.weights,
            vectors=self._vectors,
        )
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, state: bytes) -> "EmbeddedInterpreter":
        """The interpreter that `to_bytes` stored.

        Raises:
            StateError: the bytes are damaged or of another version.
        """
        try:
            with np.load(io.BytesIO(state), allow_pickle=False) as packed:
                meta = json.loads(packed["meta"].tobytes())
                weights, vectors = packed["weights"], packed["vectors"]
            if meta["format"] != _FORMAT:
                raise StateError(f"format {meta['format']}, not {_FORMAT}")
            return cls(
                data=TrainingData(
                    examples=_lines(meta["examples"]),
                    patterns=_lines(meta["patterns"]),
                    synonyms=meta["synonyms"],
                    lookups=_lines(meta["lookups"]),
                ),
                classifier=IntentClassifier(labels=tuple(meta["labels"]), weights=weights),
                threshold=meta["threshold"],
                vectors=vectors,
                source_hash=meta["source_hash"],
            )
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as exc:
            raise StateError("the bytes are damaged") from exc


def source_hash(files: Mapping[str, str], *, negatives: Sequence[str] = (), model_id: str = "") -> str:
    """SHA-256 of what training depends on: a stored interpreter with this hash need not be trained again."""
    parts = [str(_FORMAT), model_id, sorted(files.items()), list(negatives)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def negated(chances: dict[str, float], text: str, said: frozenset[str]) -> dict[str, float]:
    """Chances of a text that holds a negation: those of "yes" and "solved" go to their opposites.

    Where a part of the text says "yes" or "solved" in as many words, it is neither by meaning: "it works, no
    more errors" is not "not solved", however near to it the classifier puts it.
    """
    if _NEGATION.search(normalized(text)):
        for intent, opposite in _OPPOSITE.items():
            chance = chances.pop(intent, 0.0)
            if intent in said and opposite not in said:
                chances.pop(opposite, None)
            elif intent not in said:
                chances[opposite] = chances.get(opposite, 0.0) + chance
    return chances


def _valid(text: str) -> str:
    """As much of a text as is looked at; a lone half of a pair is no text."""
    return text[:MAX_CHARS].encode("utf-8", "replace").decode()


def _nothing(text: str, language: str) -> Understanding:
    """What can be said of a text before its intent is known."""
    guessed = guess(text, language)
    sure = guessed.confidence >= SURE
    return Understanding(
        language=guessed.language if sure else language,
        language_sure=sure,
        intent=None,
        score=1.0,
        choice=choice(text),
    )


def _found(nothing: Understanding, found: PhraseMatch, also: frozenset[str]) -> Understanding:
    return replace(
        nothing,
        intent=found.intent,
        score=found.score,
        ranking=((found.intent, found.score),),
        matched=found.example,
        also=also - {found.intent},
    )


def _lines(rows: Sequence[tuple[str, str, str, int]]) -> tuple[TrainingLine, ...]:
    return tuple(TrainingLine(name=name, text=text, path=path, line=line) for name, text, path, line in rows)


def _refuse_ambiguous(data: TrainingData) -> None:
    seen: dict[str, TrainingLine] = {}
    for line in data.examples:
        form = " ".join(words(line.text))
        other = seen.setdefault(form, line)
        if form and other.name != line.name:
            elsewhere = f"{other.path}:{other.line}"
            problem = f"`{line.text}` stands for `{line.name}` here, for `{other.name}` in {elsewhere}"
            raise TrainingDataError(line.path, line.line, problem)
