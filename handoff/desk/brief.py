"""The brief: what an agent reads first, made of a case and what was said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.case import Case, HandoffReason
from bot.domain.messages import Author
from bot.domain.transcript import TranscriptLine

_SHOWN_CHARS = 280

FindEntities = Callable[[str], Mapping[str, Sequence[str]]]
"""What a text names: values by entity, see `nlu.interpreter.base.Understanding`."""


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What is wanted, what was tried, what came of it, and why a person is needed.

    Args:
        wanted: one line, in the conversation's language.
        tried: what was proposed or checked, oldest first, one line each.
        mentioned: what the person named, by entity, each value once, in the order of the transcript.
        last_words: the last thing that the person said before anybody answered, when it is not `wanted`.
        files: how many photos and documents they sent.
    """

    wanted: str
    reason: HandoffReason
    tried: tuple[str, ...]
    mentioned: Mapping[str, tuple[str, ...]]
    last_words: str | None
    files: int


def make_brief(case: Case, entries: Sequence[TranscriptLine], entities: FindEntities) -> Brief:
    """The brief of a case.

    Args:
        case: that it is about.
        entries: the transcript, oldest first.
        entities: finds what a message names.
    """
    theirs = [entry for entry in entries if entry.author is Author.USER]
    return Brief(
        wanted=case.summary.strip(),
        reason=case.reason,
        tried=case.tried or _answers_given(entries),
        mentioned=_mentioned(theirs, entities),
        last_words=_last_words(case, entries),
        files=sum(len(entry.attachments) for entry in theirs),
    )


def _answers_given(entries: Sequence[TranscriptLine]) -> tuple[str, ...]:
    """The titles of the bot's answers, when the dialogue kept no account of its own."""
    titles = (entry.title or entry.source_title for entry in entries if entry.author is Author.BOT)
    return tuple(dict.fromkeys(title for title in titles if title))


def _mentioned(theirs: Sequence[TranscriptLine], entities: FindEntities) -> Mapping[str, tuple[str, ...]]:
    """Also what was said once people had the conversation, which the dialogue never saw."""
    found: dict[str, dict[str, str]] = {}
    for entry in theirs:
        for name, values in entities(entry.text).items():
            for value in values:
                found.setdefault(name, {}).setdefault(value.casefold(), value)
    return {name: tuple(values.values()) for name, values in found.items()}


def _last_words(case: Case, entries: Sequence[TranscriptLine]) -> str | None:
    before: list[str] = []
    for entry in entries:
        if entry.author is Author.AGENT:
            break
        if entry.author is Author.USER and entry.text.strip():
            before.append(" ".join(entry.text.split()))
    if not before or before[-1] == " ".join(case.summary.split()):
        return None
    return before[-1] if len(before[-1]) <= _SHOWN_CHARS else before[-1][: _SHOWN_CHARS - 1].rstrip() + "…"
