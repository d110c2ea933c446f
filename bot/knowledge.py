"""The index and the interpreter of a workspace's content: built by one process, opened by all."""

import logging
import multiprocessing
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import ConfigurationError
from bot.workspace import Content, parse
from kb_index.build import build, content_hash
from kb_index.errors import IndexUnusableError
from kb_index.manifest import Manifest
from kb_index.search import Searcher
from nlu.embedded import EmbeddedInterpreter, StateError, source_hash
from nlu.encoder import Encoder, building_encoder
from nlu.training import read as read_training

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Knowledge:
    """What serving needs: found articles and flows, understood messages."""

    searcher: Searcher
    interpreter: EmbeddedInterpreter


def build_knowledge(
    content: Content, data_dir: Path, encoder: Encoder, *, on_progress: Progress | None = None
) -> Manifest:
    """Builds the index and trains the interpreter, each swapped in whole.

    Args:
        content: of the workspace.
        data_dir: holds both.
        encoder: through sentence-transformers; see `nlu.encoder.building_encoder`.
        on_progress: told (texts encoded, texts to encode).
    """
    manifest = build(
        content.documents,
        _index(data_dir),
        encode=encoder.encode,
        model_id=encoder.model_id,
        negatives=_off_topic(content),
        on_progress=on_progress,
    )
    interpreter = EmbeddedInterpreter.train(
        content.intents, encoder.encode, negatives=_questions(content), model_id=encoder.model_id
    )
    target = _interpreter(data_dir)
    fresh = target.with_suffix(".new")
    fresh.write_bytes(interpreter.to_bytes())
    fresh.replace(target)
    return manifest


def open_knowledge(content: Content, data_dir: Path, *, model_id: str) -> Knowledge:
    """Opens what `build_knowledge` made of this very content.

    Raises:
        IndexUnusableError: it is missing, damaged, of another model or of other content: build it.
    """
    searcher = Searcher.open(_index(data_dir), model_id=model_id)
    if searcher.manifest.content_hash != content_hash(content.documents):
        raise IndexUnusableError("The workspace has changed since the index was built.")
    try:
        interpreter = EmbeddedInterpreter.from_bytes(_interpreter(data_dir).read_bytes())
    except (OSError, StateError) as exc:
        raise IndexUnusableError(f"The trained interpreter cannot be read: {exc}.") from exc
    if interpreter.source_hash != source_hash(
        content.intents, negatives=_questions(content), model_id=model_id
    ):
        raise IndexUnusableError("The intents have changed since the interpreter was trained.")
    return Knowledge(searcher, interpreter)


def build_in_child(files: Mapping[str, str], data_dir: Path) -> None:
    """Builds in a process of its own, so that a server never carries a training framework.

    Raises:
        ConfigurationError: it failed; the child has said why on standard error.
    """
    child = multiprocessing.get_context("spawn").Process(target=_build_alone, args=(dict(files), data_dir))
    child.start()
    child.join()
    if child.exitcode != 0:
        raise ConfigurationError("RELAIS_DATA_DIR", f"the index could not be built in {data_dir}.")


def _build_alone(files: Mapping[str, str], data_dir: Path) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    print("Building the knowledge index (once, and after each change of the content)…", file=sys.stderr)
    build_knowledge(parse(files), data_dir, building_encoder())


def _index(data_dir: Path) -> Path:
    return data_dir / "index"


def _interpreter(data_dir: Path) -> Path:
    return data_dir / "index" / "interpreter.npz"


def _off_topic(content: Content) -> list[str]:
    """Sentences that no article answers, for calibration."""
    return [line.text for line in read_training(content.intents).examples if line.name == "out_of_scope"]


def _questions(content: Content) -> list[str]:
    """Sentences that are no intent: what articles and flows answer."""
    return [text for document in content.documents for text in (document.title, *document.ask)]
