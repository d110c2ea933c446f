"""Trains the adapters that come with the product, from `nlu/pairs` and the demo: see `scripts/adapt`.

Importing it imports torch.
"""

import sys
from pathlib import Path

import yaml

from bot.tuning import answers, pairs_of
from bot.workspace import parse, read_folder
from config.settings import DEMO_WORKSPACE
from nlu.adapter import Pair, write_matrix
from nlu.adapting import train_adapter
from nlu.encoder import PAIR, Encoder, adapter_file, bare_encoder, export
from nlu.use import NAME as USE

_PAIRS = Path(__file__).resolve().parent.parent / "nlu" / "pairs"


def shipped_pairs() -> list[Pair]:
    """What the product's own adapters learn from."""
    pairs = pairs_of(parse(read_folder(DEMO_WORKSPACE)).documents)
    for path in sorted(_PAIRS.glob("*.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            found = answers(entry["title"], entry["text"])
            pairs += [Pair(question=line, answer=answer) for line in entry["ask"] for answer in found]
    return pairs


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
