"""The phrases of a workspace over the product's own: read, merged and checked."""

import difflib
import string
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from bot.content.files import BASE_PREFIX, MAX_FILE_BYTES, part_of
from bot.domain.errors import ContentError
from bot.i18n.formats import PLURAL_FORMS, plural_forms
from bot.i18n.phrases import Phrases
from bot.text.yaml import YamlError, load


def parse_phrases(
    files: Mapping[str, str],
    languages: Sequence[str],
    entities: Collection[str] | None,
    problems: list[ContentError],
) -> Phrases:
    """The phrases of all files by language.

    Args:
        files: of the workspace, path -> text.
        languages: of the workspace.
        entities: names of what messages may hold, which phrases may call; None when they are not known.
        problems: gets what is wrong.
    """
    merged: dict[str, dict[str, str]] = {language: {} for language in languages}
    # The base comes first, so that the workspace's own phrases replace it.
    for path in sorted(
        (p for p in files if part_of(p) == "phrases"), key=lambda p: not p.startswith(BASE_PREFIX)
    ):
        language = PurePosixPath(path).stem.rpartition(".")[2]
        if language in merged:
            problems += _add_phrases(merged[language], path, files[path], entities)
        elif not path.startswith(BASE_PREFIX):
            problems.append(ContentError(path, None, f"{language!r} is not among the languages {languages}."))
    everything = set().union(*merged.values())
    problems.extend(
        ContentError("phrases", None, f"{key!r} has no {language!r} text.")
        for language in languages
        for key in sorted(everything - merged[language].keys())
        if not _is_foreign_plural(key, language, everything)
    )
    return Phrases(merged)


def _is_foreign_plural(key: str, language: str, everything: Collection[str]) -> bool:
    """Whether a phrase is a plural form that the language lacks; every language has "other"."""
    name, _, form = key.rpartition(".")
    return form in PLURAL_FORMS and f"{name}.other" in everything and form not in plural_forms(language)


def _add_phrases(
    phrases: dict[str, str], path: str, text: str, entities: Collection[str] | None
) -> list[ContentError]:
    """Adds a file's phrases; one that replaces the product's may only name the values that it knows."""
    try:
        flat = flat_phrases(path, text)
    except ContentError as exc:
        return [exc]
    problems = []
    labels = {f"entity.{name}" for name in entities or ()}
    free = "welcome." if entities is not None else ("welcome.", "entity.")
    for key, phrase in flat.items():
        try:
            unknown = _placeholders(phrase) - _placeholders(phrases.get(key, phrase))
        except ValueError as exc:
            problems.append(ContentError(path, None, f"{key!r}: {exc}.", "Write {{ and }} for braces."))
            continue
        for name in sorted(unknown):
            known = ", ".join(f"{{{each}}}" for each in sorted(_placeholders(phrases[key]))) or "none"
            problems.append(ContentError(path, None, f"{key!r} has no value {{{name}}}.", f"It has {known}."))
        sayable = phrases.keys() | labels
        if not path.startswith(BASE_PREFIX) and key not in sayable and not key.startswith(free):
            near = difflib.get_close_matches(key, sayable, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else ""
            problems.append(ContentError(path, None, f"nothing says the phrase {key!r}.", remedy))
        phrases[key] = phrase
    return problems


def _placeholders(phrase: str) -> set[str]:
    """Names in braces. Raises ValueError for braces that do not fit together."""
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}


def flat_phrases(path: str, text: str) -> dict[str, str]:
    """The phrases of one file by dotted key.

    Raises:
        ContentError: not YAML, or something that is no text.
    """
    try:
        tree = load(text, max_chars=MAX_FILE_BYTES) or {}
    except YamlError as exc:
        raise ContentError(path, exc.line, "not valid YAML.") from exc
    flat: dict[str, str] = {}
    pending: list[tuple[str, object]] = [("", tree)]
    while pending:
        prefix, node = pending.pop()
        if isinstance(node, Mapping):
            pending.extend((f"{prefix}.{key}".lstrip("."), value) for key, value in node.items())
        elif isinstance(node, str):
            flat[prefix] = node.strip()
        else:
            raise ContentError(path, None, f"{prefix!r} must be a text.")
    return flat
