"""Trains the upper layers of e5-light to give what e5-small gives. Imports torch: never do so when serving.

The lower layers stay as they are, so what comes out of them is computed once for each text.
"""

import copy
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch.nn.functional import normalize

from bot.text.files import atomic_writer
from nlu.encoders import e5
from nlu.encoders.exported import prepared
from training.originals import BERT_NAMES, load

_BEGUN_FROM = (6, 9, 11)
"""Layers of the whole model that the trained ones begin as."""
_EPOCHS = 7
_BATCH_TOKENS = 1200
_MIXED = 512
"""Texts that are sorted by length together."""
_MAX_TOKENS = 72
_READ_TOGETHER = 32
_RATE = 5e-4
_DECAY = 0.01
_WARM_UP = 0.05
_SEED = 7
_STATE_SCALE = 0.06
"""About the variance of a state: brings the three parts of the loss to like size."""
_DIRECTION, _RELATION = 5.0, 10.0

Show = Callable[[str, int, int], None]
"""Told (what, done, total)."""


@dataclass(frozen=True)
class _Text:
    """What is known of a text; half precision but for the last.

    Args:
        lower: what the layers that stay make of it, (tokens, hidden).
        last: what the whole model makes of the same tokens, (tokens, hidden).
        pooled: mean over all tokens that the whole model reads, its prefix included, (hidden,).
        is_question: it has no prefix here.
    """

    lower: torch.Tensor
    last: torch.Tensor
    pooled: torch.Tensor
    is_question: bool


def distil(questions: Sequence[str], documents: Sequence[str], show: Show) -> dict[str, NDArray[np.float16]]:
    """Trains the upper layers; about ten minutes for ten thousand texts.

    The loss is how far each token's state is off, how far each text's direction from the middle of all is
    off, and how far the cosines between texts are off.

    Args:
        questions, documents: texts on many subjects, in the languages to come.
        show: told how far it is.

    Returns:
        The layers, under the names of `nlu.encoders.wheels.E5Model.tensors`.
    """
    torch.manual_seed(_SEED)
    order = random.Random(_SEED)
    whole = load(e5.NAME)
    texts = [*_texts(whole, questions, True, show), *_texts(whole, documents, False, show)]
    middles = {
        kind: normalize(torch.stack([t.pooled for t in texts if t.is_question is kind]), dim=1).mean(dim=0)
        for kind in (True, False)
    }
    layers = torch.nn.ModuleList(copy.deepcopy(whole[0].model.encoder.layer[n]) for n in _BEGUN_FROM)
    for module in layers.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    optimizer = torch.optim.AdamW(layers.parameters(), lr=_RATE, weight_decay=_DECAY)
    batches = [batch for _ in range(_EPOCHS) for batch in _batches(texts, order)]
    for number, batch in enumerate(batches):
        show("Distilling", number, len(batches))
        for group in optimizer.param_groups:
            group["lr"] = _RATE * _rate_factor(number / len(batches))
        optimizer.zero_grad()
        _loss(layers, batch, middles).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(layers.parameters(), 1.0)
        optimizer.step()
    return dict(_tensors(layers))


def write_layers(path: Path, tensors: dict[str, NDArray[np.float16]]) -> None:
    """Writes trained layers, in one step."""
    with atomic_writer(path) as file:
        np.savez(file, allow_pickle=False, **tensors)


def _texts(whole: SentenceTransformer, texts: Sequence[str], is_question: bool, show: Show) -> list[_Text]:
    """What the whole model makes of texts, and the lower layers of the same as the light one reads them."""
    kind = "query" if is_question else "document"
    theirs, ours = (e5.PROMPTS[name][kind] for name in (e5.NAME, e5.LIGHT))
    tokenizer: Any = whole.tokenizer
    # Tokens of the prefix that only the whole model reads stand after the first, which begins every text.
    extra = len(tokenizer(f"{theirs}a")["input_ids"]) - len(tokenizer(f"{ours}a")["input_ids"])
    found = []
    ordered = sorted(texts, key=len)
    for start in range(0, len(ordered), _READ_TOGETHER):
        show("Reading", start, len(ordered))
        batch = [prepared(text, lower=False) for text in ordered[start : start + _READ_TOGETHER]]
        wholly = _states(whole, [theirs + text for text in batch], _MAX_TOKENS)
        lightly = (
            wholly if ours == theirs else _states(whole, [ours + text for text in batch], _MAX_TOKENS - extra)
        )
        for (_, last), (lower, _) in zip(wholly, lightly, strict=True):
            kept = torch.cat([last[:1], last[1 + extra :]])
            if len(kept) == len(lower):
                found.append(_Text(lower.half(), kept.half(), last.mean(dim=0), is_question))
    return found


def _states(
    whole: SentenceTransformer, texts: Sequence[str], most: int
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """What the layers that stay, and all layers, make of texts: (tokens, hidden) each."""
    tokenizer: Any = whole.tokenizer
    tokens = tokenizer(list(texts), truncation=True, max_length=most, padding=True, return_tensors="pt")
    model: Any = whole[0].model
    with torch.inference_mode():
        states = model(**tokens, output_hidden_states=True).hidden_states
    lengths = tokens["attention_mask"].sum(dim=1).tolist()
    return [
        (states[e5.LOWER_LAYERS][row, :length].clone(), states[-1][row, :length].clone())
        for row, length in enumerate(lengths)
    ]


def _batches(texts: Sequence[_Text], order: random.Random) -> list[list[_Text]]:
    """All texts once; those of a batch are of like length."""
    mixed = list(texts)
    order.shuffle(mixed)
    found: list[list[_Text]] = []
    for start in range(0, len(mixed), _MIXED):
        batch: list[_Text] = []
        for text in sorted(mixed[start : start + _MIXED], key=lambda text: len(text.lower)):
            if batch and (len(batch) + 1) * len(text.lower) > _BATCH_TOKENS:
                found.append(batch)
                batch = []
            batch.append(text)
        found.append(batch)
    order.shuffle(found)
    return found


def _rate_factor(done: float) -> float:
    """Of the learning rate: up at the beginning, then down along a cosine."""
    return min(1.0, done / _WARM_UP + 0.01) * max(0.01, (1 + math.cos(math.pi * done)) / 2)


def _loss(
    layers: torch.nn.ModuleList, batch: Sequence[_Text], middles: dict[bool, torch.Tensor]
) -> torch.Tensor:
    longest = max(len(text.lower) for text in batch)
    states, wanted = (
        torch.zeros(len(batch), longest, text.shape[1]) for text in (batch[0].lower, batch[0].last)
    )
    there = torch.zeros(len(batch), longest, 1)
    for row, text in enumerate(batch):
        states[row, : len(text.lower)], wanted[row, : len(text.last)] = text.lower.float(), text.last.float()
        there[row, : len(text.lower)] = 1
    mask = torch.where(there[:, None, None, :, 0] > 0, 0.0, -1e9).expand(-1, 1, longest, longest)
    for layer in layers:
        found = layer(states, mask)
        states = found[0] if isinstance(found, tuple) else found
    middle = torch.stack([middles[text.is_question] for text in batch])

    def direction(pooled: torch.Tensor) -> torch.Tensor:
        return normalize(normalize(pooled, dim=1) - middle, dim=1)

    ours = direction((states * there).sum(dim=1) / there.sum(dim=1))
    theirs = direction(torch.stack([text.pooled for text in batch]))
    off = ((states - wanted) ** 2 * there).sum() / (there.sum() * states.shape[2]) / _STATE_SCALE
    turned = (1 - (ours * theirs).sum(dim=1)).mean()
    related = ((ours @ ours.T - theirs @ theirs.T) ** 2).mean()
    total: torch.Tensor = off + _DIRECTION * turned + _RELATION * related
    return total


def _tensors(layers: torch.nn.ModuleList) -> Iterator[tuple[str, NDArray[np.float16]]]:
    for number, layer in enumerate(layers, start=e5.LOWER_LAYERS):
        state = layer.state_dict()
        for short, name in BERT_NAMES.items():
            for kind, what in (("w", "weight"), ("b", "bias")):
                yield f"l{number}.{short}.{kind}", state[f"{name}.{what}"].numpy().astype(np.float16)
