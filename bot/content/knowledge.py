"""The index and the interpreter of a workspace's content: built by one process, opened by all."""

import logging
import multiprocessing
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.content.workspace import Content, parse
from bot.domain.errors import ConfigurationError
from bot.text.files import atomic_write_bytes
from kb_index.articles.errors import IndexUnusableError
from kb_index.build import build, content_hash
from kb_index.index.manifest import Manifest
from kb_index.search import Searcher
from nlu.encoders.encoder import Encoder
from nlu.encoders.errors import EncoderError, NotExportedError
from nlu.encoders.serving import export, serving_encoder
from nlu.intents.training import read as read_training
from nlu.interpreter.embedded import EmbeddedInterpreter, StateError, source_hash
from nlu.settings import DEFAULT_MODEL

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
        encoder: the one that will serve.
        on_progress: called with (texts encoded, texts to encode).
    """
    manifest = build(
        content.documents,
        _index(data_dir),
        encode=encoder.encode,
        encode_documents=encoder.encode_documents,
        model_id=encoder.model_id,
        negatives=_off_topic(content),
        questions=content.questions,
        target=content.wrong_answers,
        on_progress=on_progress,
    )
    interpreter = EmbeddedInterpreter.train(
        content.intents, encoder.encode, negatives=questions(content), model_id=encoder.model_id
    )
    atomic_write_bytes(_interpreter(data_dir), interpreter.to_bytes())
    return manifest


def open_knowledge(content: Content, data_dir: Path, *, model_id: str) -> Knowledge:
    """Opens what `build_knowledge` made of this very content.

    Raises:
        IndexUnusableError: it is missing, damaged, of another model or of other content: build it.
    """
    searcher = Searcher.open(_index(data_dir), model_id=model_id)
    if searcher.manifest.content_hash != content_hash(
        content.documents, content.questions, content.wrong_answers
    ):
        raise IndexUnusableError("The workspace has changed since the index was built.")
    try:
        interpreter = EmbeddedInterpreter.from_bytes(_interpreter(data_dir).read_bytes())
    except (OSError, StateError) as exc:
        raise IndexUnusableError(f"The trained interpreter cannot be read: {exc}.") from exc
    if interpreter.source_hash != source_hash(
        content.intents, negatives=questions(content), model_id=model_id
    ):
        raise IndexUnusableError("The intents have changed since the interpreter was trained.")
    return Knowledge(searcher, interpreter)


def open_encoder(model: str, data_dir: Path, *, tuned: bool = True) -> Encoder:
    """The encoder that serves a model; exported first when that has not been done.

    Args:
        model, tuned: see `nlu.encoders.serving.serving_encoder`.
        data_dir: holds the exports, and what was tuned.

    Raises:
        ConfigurationError: it cannot be had; says what to do.
    """
    models = data_dir / "models"
    try:
        try:
            return serving_encoder(model, models, tuned=tuned)
        except NotExportedError:
            _in_child(_export_alone, model, models)
            return serving_encoder(model, models, tuned=tuned)
    except EncoderError as exc:
        raise ConfigurationError("RELAIS_ENCODER", f"{exc}.") from exc


def questions(content: Content) -> list[str]:
    """Sentences that are no intent: what articles and flows answer."""
    return [text for document in content.documents for text in (document.title, *document.ask)]


def build_in_child(files: Mapping[str, str], data_dir: Path, model: str = DEFAULT_MODEL) -> None:
    """Builds in a process of its own: a server does not keep the memory that it takes.

    Raises:
        ConfigurationError: it failed; the child has said why on standard error.
    """
    if not _in_child(_build_alone, dict(files), data_dir, model):
        raise ConfigurationError("RELAIS_DATA_DIR", f"the index could not be built in {data_dir}.")


def _in_child(work: Callable[..., None], *args: object) -> bool:
    """Runs something in a process of its own. Whether it went well; if not, the child has said why."""
    child = multiprocessing.get_context("spawn").Process(target=work, args=args)
    child.start()
    child.join()
    return child.exitcode == 0


def _build_alone(files: Mapping[str, str], data_dir: Path, model: str) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    print("Building the knowledge index (once, and after each change of the content)…", file=sys.stderr)
    build_knowledge(parse(files), data_dir, open_encoder(model, data_dir))


def _export_alone(model: str, models: Path) -> None:
    """In a child, which takes PyTorch away with it when it ends."""
    print(f"Preparing the model {model} (once)…", file=sys.stderr)
    try:
        export(model, models)
    except EncoderError as exc:
        sys.exit(str(exc))


def _index(data_dir: Path) -> Path:
    return data_dir / "index"


def _interpreter(data_dir: Path) -> Path:
    return data_dir / "index" / "interpreter.npz"


def _off_topic(content: Content) -> list[str]:
    """Sentences that no article answers, for calibration."""
    return [line.text for line in read_training(content.intents).examples if line.name == "out_of_scope"]
