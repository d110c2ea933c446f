"""Writes a Rasa project that learns from the same sentences as the embedded engine."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from nlu.intents.background import QUESTION
from nlu.intents.training import read

_CONFIG = Path(__file__).with_name("config.yml")
_NO_MARKUP = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")"})
"""Rasa takes `[word](entity)` for an annotation and `${NAME}` for an environment variable."""


class _LiteralText(str):
    """Written as `|` and lines."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _LiteralText, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)


def write_project(folder: Path, files: Mapping[str, str], *, negatives: Sequence[str] = ()) -> str:
    """Writes config.yml, domain.yml and data/nlu.yml.

    Patterns are left out: they are RE2 on folded text, and the embedded engine always looks for them itself.

    Args:
        folder: made when it is not there.
        files: text by path, in Rasa's NLU format; see `nlu.intents.training.read`.
        negatives: sentences that are no intent; they join the examples of `question`.

    Returns:
        The name of the model that comes of it, which changes with all that training depends on.

    Raises:
        TrainingDataError: a file is wrong.
    """
    examples: dict[str, list[str]] = {}
    for line in read(files).examples:
        examples.setdefault(line.name, []).append(line.text)
    examples.setdefault(QUESTION, []).extend(negatives)
    return write_examples(folder, examples)


def write_examples(folder: Path, examples: Mapping[str, Sequence[str]]) -> str:
    """Writes the same of examples by intent, whose names Rasa must be able to read.

    Args:
        folder: made when it is not there.
        examples: each once is enough; an intent without any is left out.

    Returns:
        The name of the model; see `write_project`.
    """
    distinct = {intent: dict.fromkeys(filter(None, map(_plain, each))) for intent, each in examples.items()}
    items = [
        {"intent": intent, "examples": _LiteralText("".join(f"- {text}\n" for text in texts))}
        for intent, texts in sorted(distinct.items())
        if texts
    ]
    (folder / "data").mkdir(parents=True, exist_ok=True)
    _dump(folder / "data" / "nlu.yml", {"nlu": items})
    _dump(folder / "domain.yml", {"intents": [item["intent"] for item in items]})
    config = _CONFIG.read_text(encoding="utf-8")
    (folder / "config.yml").write_text(config, encoding="utf-8")
    digest = hashlib.sha256(json.dumps([config, items]).encode()).hexdigest()
    return f"relais-{digest[:16]}"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.translate(_NO_MARKUP)).strip()


def _dump(path: Path, content: Mapping[str, object]) -> None:
    document = {"version": "3.1", **content}
    text = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000)
    path.write_text(text, encoding="utf-8")
