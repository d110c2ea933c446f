"""Trains an adapter with sentence-transformers. Imports torch: never do so when serving."""

import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers.base.modules import InputModule, Module
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.training_args import (
    BatchSamplers,
    SentenceTransformerTrainingArguments,
)
from transformers import PrinterCallback

from nlu.encoders.adapter import Adapter, TrainingPair
from nlu.encoders.encoder import Encoder

_EPOCHS = 30
_BATCH = 256
_RATE = 1e-3
_DECAY = 0.01
_SCALE = 20.0
"""Inverse of the temperature of the loss."""
_SEED = 7
_IS_QUESTION = "is_question"


def train_adapter(
    encoder: Encoder,
    pairs: Sequence[TrainingPair],
    *,
    decay: float = _DECAY,
    epochs: int = _EPOCHS,
    separate: bool = False,
) -> Adapter:
    """Trains an adapter so that each question is nearest to its own answer.

    The loss takes the other answers of a batch for wrong ones (MultipleNegativesRankingLoss); the same
    answer never stands twice in a batch. The encoder itself does not change.

    Args:
        encoder: encodes each text once.
        pairs: at least two with different answers.
        decay: weight of the squared distance between each matrix and the identity, added to the loss.
        epochs: how often each pair is seen.
        separate: questions and answers each get a matrix of their own, which needs many pairs.
    """
    torch.manual_seed(_SEED)
    known = _EmbeddingTable(encoder, pairs)
    matrices = _AdapterModule(encoder.dim, separate=separate)
    model = SentenceTransformer(modules=[known, matrices], device="cpu")
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
            loss=_RegularisedLoss(matrices, MultipleNegativesRankingLoss(model, scale=_SCALE), decay),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return matrices.trained()


class _EmbeddingTable(InputModule):  # type: ignore[misc]  # sentence-transformers is untyped
    """Looks up the embeddings of known texts, which do not change while the adapter behind it is trained."""

    config_keys: list[str] = []  # noqa: RUF012 - the name and type are the library's

    def __init__(self, encoder: Encoder, pairs: Sequence[TrainingPair]) -> None:
        super().__init__()
        questions = list(dict.fromkeys(pair.question for pair in pairs))
        answers = list(dict.fromkeys(pair.answer for pair in pairs))
        self._rows = {text: n for n, text in enumerate([*questions, *answers])}
        self._dim = encoder.dim
        self._first_answer = len(questions)
        vectors = np.concatenate([encoder.encode(questions), encoder.encode_documents(answers)])
        self.register_buffer("_vectors", torch.from_numpy(vectors))

    def preprocess(self, inputs: Sequence[str], *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Their places in the table, under the name by which the trainer finds a column's features."""
        return {"input_ids": torch.tensor([self._rows[text] for text in inputs])}

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Adds the vectors of the texts, and whether each is a question."""
        features["sentence_embedding"] = self._vectors[features["input_ids"]]
        features[_IS_QUESTION] = features["input_ids"] < self._first_answer
        return features

    def get_embedding_dimension(self) -> int:
        """Length of a vector."""
        return self._dim

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Nothing to save."""


class _AdapterModule(Module):  # type: ignore[misc]  # the same
    """One matrix for questions and one for answers, or the same for both; each begins as the identity."""

    config_keys: list[str] = []  # noqa: RUF012 - the name and type are the library's

    def __init__(self, dim: int, *, separate: bool) -> None:
        super().__init__()
        self._questions = torch.nn.Parameter(torch.eye(dim))
        self._answers = torch.nn.Parameter(torch.eye(dim)) if separate else self._questions

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Multiplies each vector with the matrix of its kind."""
        vectors, are_questions = features["sentence_embedding"], features[_IS_QUESTION]
        multiplied = torch.empty_like(vectors)
        multiplied[are_questions] = vectors[are_questions] @ self._questions
        multiplied[~are_questions] = vectors[~are_questions] @ self._answers
        features["sentence_embedding"] = multiplied
        return features

    def distance(self) -> torch.Tensor:
        """Sum of the squared distances of the matrices from the identity."""
        return torch.stack([((each - torch.eye(len(each))) ** 2).sum() for each in self.parameters()]).sum()

    def trained(self) -> Adapter:
        """The matrices as they are now."""
        return Adapter(
            queries=self._questions.detach().numpy().copy(), documents=self._answers.detach().numpy().copy()
        )

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Nothing to save: `trained` has it all."""


class _QuietTrainer(SentenceTransformerTrainer):  # type: ignore[misc]  # the same
    """A trainer that makes no model card, for which it would show a progress bar of its own."""

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Adds none."""


class _RegularisedLoss(torch.nn.Module):
    """A loss plus the squared distance of the matrices from the identity, against overfitting."""

    def __init__(self, matrices: _AdapterModule, loss: torch.nn.Module, decay: float) -> None:
        super().__init__()
        self._loss = loss
        self._decay = decay
        self._matrices = matrices

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """See `MultipleNegativesRankingLoss.forward`."""
        value: torch.Tensor = self._loss(*args, **kwargs) + self._decay * self._matrices.distance()
        return value
