"""multilingual-e5-small, whole or light: its weights in int8 for its ONNX graph, and its tokenizer.

Only the Latin-script part of its vocabulary is kept.

The light one reads questions without a prefix, and has nine layers instead of twelve: the upper three were
trained to give what the model's own upper six give (`training.distilling`). It finds as much in less time.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from nlu.encoders.vectors import Matrix
from nlu.encoders.weights import LAYERS, weights_folder
from nlu.encoders.wheels import E5Model, read_e5

NAME, LIGHT = "e5-small", "e5-light"
PROMPTS = {
    # What the model was trained with before questions and passages (its model card).
    NAME: {"query": "query: ", "document": "passage: "},
    LIGHT: {"query": "", "document": "passage: "},
}
"""What stands before questions and before documents."""
LOWER_CASE = frozenset({LIGHT})
"""Reads all in lower case: it finds as much, and somebody who shouts is understood as well."""
LOWER_LAYERS = 6
"""Layers of the whole model that the light one keeps."""
LIGHT_LAYERS = weights_folder(LIGHT) / LAYERS
"""Its trained layers, under the names of the wheel's file, in half precision."""
MAX_TOKENS = 512
PRODUCTS = ("q", "k", "v"), ("ao",), ("fi",), ("fo",)
"""Matrices of a layer that are multiplied with the same states, and so side by side."""
NORMS = ("aln", "oln")

_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_OF_A_LAYER = re.compile(r"l(\d+)\.")
_MIGRATION = 0.65
"""SmoothQuant's alpha: the share of the difficulty that goes from states to weights. .5 to .8 tried."""
_SMALLEST = 1e-5


def read_model(name: str = NAME) -> E5Model:
    """The model with the Latin-script part of its vocabulary.

    Args:
        name: the whole one, or the light one.

    Raises:
        EncoderError: the wheel is not installed, or its file is not the pinned one.
    """
    whole = _latin(read_e5())
    return _light(whole) if name == LIGHT else whole


def product_name(layer: int, matrices: tuple[str, ...]) -> str:
    """What one of `PRODUCTS` is called in the graph: `l0.qkv`."""
    return f"l{layer}.{''.join(matrices)}"


def product(model: E5Model, layer: int, matrices: tuple[str, ...]) -> tuple[Matrix, Matrix]:
    """The weights, (outer, inner), and biases, (outer,), of matrices side by side."""
    biases = [model.tensors[f"l{layer}.{each}.b"] for each in matrices]
    weights = [
        model.tensors[f"l{layer}.{each}.w"].reshape(len(bias), -1)
        for each, bias in zip(matrices, biases, strict=True)
    ]
    return np.concatenate(weights), np.concatenate(biases)


def common_tensors(model: E5Model) -> Iterator[tuple[str, Matrix]]:
    """The weights that are float32 in any case, by their names in the graph."""
    sizes = model.sizes
    types = model.tensors["emb.type"].reshape(sizes.types, -1)
    yield "positions", model.tensors["emb.pos"].reshape(sizes.positions, -1) + types[0]
    norms = [f"l{layer}.{norm}" for layer in range(sizes.layers) for norm in NORMS]
    for norm in ("emb.ln", *norms):
        yield f"{norm}.scale", model.tensors[f"{norm}.w"]
        yield f"{norm}.shift", model.tensors[f"{norm}.b"]


def int8_tensors(model: E5Model, activations: Mapping[str, Matrix]) -> Iterator[tuple[str, NDArray[Any]]]:
    """The weights by their names in the graph, those of matrices and words in int8.

    Args:
        activations: largest size of each channel of what each product is multiplied with, by the product's
            name, float32, (inner,).
    """
    yield from common_tensors(model)
    words, steps = quantised(model.tensors["emb.word"].reshape(model.sizes.vocabulary, -1), axis=1)
    yield "words.int8", words
    yield "words.steps", steps
    for layer in range(model.sizes.layers):
        for matrices in PRODUCTS:
            name = product_name(layer, matrices)
            weights, bias = product(model, layer, matrices)
            scale = smoothquant_scale(activations[name], weights)
            rounded, steps = quantised((weights * scale).T, axis=0)
            yield f"{name}.smoothing", 1 / scale
            yield f"{name}.int8", rounded
            yield f"{name}.steps", steps[0]
            yield f"{name}.bias", bias


def quantised(weights: Matrix, *, axis: int) -> tuple[NDArray[np.int8], Matrix]:
    """Weights in int8, and the steps to multiply them by again.

    Args:
        axis: along which weights share a step; it has length 1 in the steps.
    """
    steps = np.maximum(np.abs(weights).max(axis=axis, keepdims=True) / 127, 1e-12).astype(np.float32)
    return np.round(weights / steps).astype(np.int8), steps


def smoothquant_scale(activations: Matrix, weights: Matrix) -> Matrix:
    """What weights are multiplied by and states divided by, for each channel (SmoothQuant, Xiao et al. 2023).

    A few channels of the states are so large that int8 would lose the others.

    Args:
        activations: largest size of each channel of the states, (inner,).
        weights: (outer, inner).

    Returns:
        float32, (inner,).
    """
    states = np.maximum(activations, _SMALLEST) ** _MIGRATION
    scale = states / np.maximum(np.abs(weights).max(axis=0), _SMALLEST) ** (1 - _MIGRATION)
    return np.asarray(np.maximum(scale, 1e-3), dtype=np.float32)


def tokenizer(model: E5Model) -> Tokenizer:
    """SentencePiece's unigram model as XLM-RoBERTa uses it."""
    pieces = model.pieces
    ids = {piece: number for number, (piece, _) in enumerate(pieces)}
    found = Tokenizer(models.Unigram(pieces, unk_id=ids["<unk>"], byte_fallback=False))
    found.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    found.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    found.decoder = decoders.Metaspace(prepend_scheme="always")
    found.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", ids["<s>"]), ("</s>", ids["</s>"])],
    )
    found.add_special_tokens(
        [AddedToken(piece, lstrip=piece == "<mask>", normalized=False, special=True) for piece in _SPECIAL]
    )
    return found


def _latin(model: E5Model) -> E5Model:
    """The model without the pieces that hold a letter of another script: 44 % of the vocabulary is left."""
    kept = [n for n, (piece, _) in enumerate(model.pieces) if piece in _SPECIAL or all(map(_is_latin, piece))]
    words = model.tensors["emb.word"].reshape(model.sizes.vocabulary, -1)[kept]
    return E5Model(
        sizes=model.sizes._replace(vocabulary=len(kept)),
        pieces=[model.pieces[n] for n in kept],
        tensors={**model.tensors, "emb.word": words},
    )


def _light(model: E5Model) -> E5Model:
    """The lower layers, and on them the trained ones."""
    with np.load(LIGHT_LAYERS, allow_pickle=False) as trained:
        upper = {name: trained[name].astype(np.float32) for name in trained.files}
    layers = 1 + max(_layer(name) for name in upper)
    lower = {name: tensor for name, tensor in model.tensors.items() if _layer(name) < LOWER_LAYERS}
    return replace(model, sizes=model.sizes._replace(layers=layers), tensors=lower | upper)


def _layer(name: str) -> int:
    """The layer that a tensor belongs to; -1 for the embeddings."""
    found = _OF_A_LAYER.match(name)
    return int(found[1]) if found else -1


def _is_latin(character: str) -> bool:
    """Latin letters, and what is no letter of any script."""
    kind = unicodedata.category(character)
    if kind[0] in "LM" or kind == "Nd":
        return "LATIN" in unicodedata.name(character, "") or character.isascii()
    return True
