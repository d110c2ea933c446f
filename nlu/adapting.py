"""Trains an adapter with sentence-transformers. Imports torch: never do so when serving."""

import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers.base.modules import Dense, InputModule
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.training_args import (
    BatchSamplers,
    SentenceTransformerTrainingArguments,
)
from transformers import PrinterCallback

from nlu.adapter import Pair
from nlu.encoder import Encoder

Matrix = NDArray[np.float32]

_EPOCHS = 30
_BATCH = 256
_RATE = 1e-3
_DECAY = 0.01
_SCALE = 20.0
"""Inverse of the temperature of the loss."""
_SEED = 7


def train_adapter(
    encoder: Encoder, pairs: Sequence[Pair], *, decay: float = _DECAY, epochs: int = _EPOCHS
) -> Matrix:
    """Trains the matrix behind an encoder so that each question is nearest to its own answer.

    The loss takes the other answers of a batch for wrong ones (MultipleNegativesRankingLoss); the same
    answer never stands twice in a batch. The encoder itself does not change.

    Args:
        encoder: encodes each text once.
        pairs: at least two with different answers.
        decay: how firmly the matrix is held near one that changes nothing.
        epochs: how often each pair is seen.

    Returns:
        float32, (encoder.dim, encoder.dim).
    """
    torch.manual_seed(_SEED)
    dense = Dense(encoder.dim, encoder.dim, bias=False, activation_function=torch.nn.Identity())
    with torch.no_grad():
        dense.linear.weight.copy_(torch.eye(encoder.dim))
    model = SentenceTransformer(modules=[_Known(encoder, pairs), dense], device="cpu")
    dataset = Dataset.from_dict(
        {"question": [pair.question for pair in pairs], "answer": [pair.answer for pair in pairs]}
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            num_train_epochs=epochs,
            per_device_train_batch_size=_BATCH,
            learning_rate=_RATE,
            weight_decay=0.0,
            batch_sampler=BatchSamplers.NO_DUPLICATES,
            lr_scheduler_type="linear",
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            seed=_SEED,
        )
        trainer = _QuietTrainer(
            model=model,
            args=arguments,
            train_dataset=dataset,
            loss=_Near(model, MultipleNegativesRankingLoss(model, scale=_SCALE), decay),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    trained: Matrix = dense.linear.weight.detach().numpy().T.copy()
    return trained


class _Known(InputModule):  # type: ignore[misc]
    """Gives the vectors of known texts, which do not change while the layer behind them learns."""

    config_keys: list[str] = []  # noqa: RUF012 - the name and type are the library's

    def __init__(self, encoder: Encoder, pairs: Sequence[Pair]) -> None:
        super().__init__()
        questions = list(dict.fromkeys(pair.question for pair in pairs))
        answers = list(dict.fromkeys(pair.answer for pair in pairs))
        self._rows = {text: n for n, text in enumerate([*questions, *answers])}
        self._dim = encoder.dim
        vectors = np.concatenate([encoder.encode(questions), encoder.encode_documents(answers)])
        self.register_buffer("_vectors", torch.from_numpy(vectors))

    def preprocess(self, inputs: Sequence[str], *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Their places in the table, under the name by which the trainer finds a column's features."""
        return {"input_ids": torch.tensor([self._rows[text] for text in inputs])}

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Adds the vectors of the texts."""
        features["sentence_embedding"] = self._vectors[features["input_ids"]]
        return features

    def get_embedding_dimension(self) -> int:
        """Length of a vector."""
        return self._dim

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Nothing to save."""


class _QuietTrainer(SentenceTransformerTrainer):  # type: ignore[misc]
    """A trainer that makes no model card, for which it would show a progress bar of its own."""

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Adds none."""


class _Near(torch.nn.Module):
    """A loss that also keeps the layer near where it began, so that few pairs do not undo the encoder."""

    def __init__(self, model: SentenceTransformer, loss: torch.nn.Module, decay: float) -> None:
        super().__init__()
        self._loss = loss
        self._decay = decay
        self._layer = model[1].linear
        self.register_buffer("_begin", self._layer.weight.detach().clone())

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """See `MultipleNegativesRankingLoss.forward`."""
        moved = torch.sum((self._layer.weight - self._begin) ** 2)
        value: torch.Tensor = self._loss(*args, **kwargs) + self._decay * moved
        return value
