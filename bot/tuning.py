"""Adapts the encoder to an organisation's own questions, and keeps the result only when it is better.

Run as a module it trains the adapters that come with the product, from `nlu/pairs` and the demo workspace:
see `scripts/adapt`. Importing it imports torch.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from bot.workspace import parse, read_folder
from config.settings import DEMO_WORKSPACE
from kb_index.documents import Document
from kb_index.text import plain
from nlu.adapter import write_matrix
from nlu.adapting import Pair, train_adapter
from nlu.encoder import PAIR, Encoder, adapter_file, bare_encoder, export
from nlu.use import NAME as USE

_PAIRS = Path(__file__).resolve().parent.parent / "nlu" / "pairs"


def pairs_of(documents: Iterable[Document]) -> list[Pair]:
    """Each way of asking with the title, and with the title and the text."""
    return [
        Pair(question=question, answer=answer)
        for document in documents
        for question in document.ask
        for answer in _answers(document.title, plain(document.body))
    ]


def shipped_pairs() -> list[Pair]:
    """What the product's own adapters learn from."""
    pairs = pairs_of(parse(read_folder(DEMO_WORKSPACE)).documents)
    for path in sorted(_PAIRS.glob("*.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            answers = _answers(entry["title"], entry["text"])
            pairs += [Pair(question=line, answer=answer) for line in entry["ask"] for answer in answers]
    return pairs


def _answers(title: str, text: str) -> Sequence[str]:
    return (title, f"{title}\n{text}") if text else (title,)


def _train_shipped(model: str, encoder: Encoder) -> None:
    target = adapter_file(model)
    target.parent.mkdir(exist_ok=True)
    write_matrix(target, train_adapter(encoder, shipped_pairs()))
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


def main(models: Path) -> None:
    """Trains the adapters of all models that come with one; minutes.

    Args:
        models: folder for exported models.
    """
    export(PAIR, models)
    for model in (USE, PAIR):
        _train_shipped(model, bare_encoder(model, models))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
