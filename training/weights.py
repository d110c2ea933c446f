"""Trains the weights that come with the product, from `training/subjects` and the demo: see `scripts/adapt`.

Importing it imports torch.
"""

import sys
from pathlib import Path

import yaml

from bot.content.files import read_folder
from bot.content.workspace import Content, parse
from bot.quality.tuning import answers, pairs_of
from bot.text.folding import fold
from config.settings import DEMO_WORKSPACE
from nlu.encoders import e5
from nlu.encoders.adapter import TrainingPair, write_adapter
from nlu.encoders.adapter_training import train_adapter
from nlu.encoders.exported import find_export
from nlu.encoders.samples import PASSAGES, QUESTIONS
from nlu.encoders.serving import bare_encoder, export
from nlu.encoders.use import NAME as USE
from nlu.encoders.weights import ADAPTER, weights_folder
from nlu.intents.training import read as read_training
from nlu.settings import USE_AND_E5
from training.distilling import distil, write_layers
from training.publishing import publish

_PAIRS = Path(__file__).resolve().parent / "subjects"
_DEMO_TIMES = 3
"""How often the demo's questions count: `training/subjects` has seven times as many."""
_EPOCHS = 10
"""More of them find no more on subjects that were held out."""


def shipped_pairs(demo: Content) -> list[TrainingPair]:
    """What the product's own adapters learn from."""
    pairs = pairs_of(demo.documents) * _DEMO_TIMES
    for path in sorted(_PAIRS.glob("*.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            found = answers(entry["title"], entry["text"])
            pairs += [TrainingPair(question=line, answer=answer) for line in entry["ask"] for answer in found]
    return pairs


def _show(what: str, done: int, total: int) -> None:
    print(f"\r{what} {done}/{total} ", end="", file=sys.stderr, flush=True)


def _distil(demo: Content, pairs: list[TrainingPair]) -> None:
    """Every second question is also read as somebody in a hurry types it: without accents or capitals."""
    said = [line.text for line in read_training(demo.intents).examples]
    asked = [*(pair.question for pair in pairs), *said]
    questions = [*QUESTIONS, *dict.fromkeys(asked)]
    hurried = [fold(question) for question in questions[::2]]
    documents = [*PASSAGES, *dict.fromkeys(pair.answer for pair in pairs)]
    write_layers(e5.LIGHT_LAYERS, distil([*questions, *hurried], documents, _show))


def main(models: Path) -> None:
    """Trains the light encoder, then the adapters of all models that come with one; about an hour.

    Args:
        models: folder for exported models.
    """
    demo = parse(read_folder(DEMO_WORKSPACE))
    pairs = shipped_pairs(demo)
    _distil(demo, pairs)
    for model in (USE, e5.NAME, e5.LIGHT):
        publish(model, weights_folder(model))
    export(USE_AND_E5, models)
    for model in (USE, e5.LIGHT):
        target, encoder = weights_folder(model) / ADAPTER, bare_encoder(model, find_export(models, model))
        write_adapter(target, train_adapter(encoder, pairs, epochs=_EPOCHS, separate=True))
        print(f"\n{target}: {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
