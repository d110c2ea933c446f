"""A model exported to ONNX: its folder, and the encoder that serves it without torch.

Layout, in the data folder:

    models/<name>.json       which folder serves a model; replaced in one step
    models/<model_id>/       encoder.json, model.onnx and a tokenizer; never changed once it is there
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.encoders.errors import NotExportedError

FORMAT = 2
"""Rises when the folder or what the export does to a model changes."""
MANIFEST, MODEL = "encoder.json", "model.onnx"
TOKENIZER, SENTENCEPIECE = "tokenizer.json", "sp.model"
"""One of them: of Hugging Face's tokenizers, or of sentencepiece."""
_OUTPUT = ["embedding"]
_MANY = 16
"""Texts that are shared among all cores: when an index is built, not when a question is asked."""
MAX_CHARS = 1500
"""Of a text, in Unicode code points; what follows is not read."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a model reads texts.

    Args:
        query_prefix, document_prefix: what the model expects before each text.
        lower: whether texts are read in lower case.
        max_tokens: of a text; what follows is not read.
    """

    query_prefix: str = ""
    document_prefix: str = ""
    lower: bool = False
    max_tokens: int = 512


@dataclass(frozen=True, kw_only=True)
class Export(Reading):
    """What `encoder.json` holds.

    Args:
        format: version of the folder's layout.
        model_id: see `nlu.encoders.encoder.Encoder`.
        dim: length of an embedding.
        query_mean, document_mean: mean embedding of texts on all sorts of subjects.
        files: SHA-256 of each of the other files.
    """

    format: int
    model_id: str
    dim: int
    query_mean: Sequence[float]
    document_mean: Sequence[float]
    files: Mapping[str, str]


def pointer(models: Path, model: str) -> Path:
    """The file that says which folder serves a model; one for each name, whatever characters it has."""
    slug = re.sub(r"[^A-Za-z0-9.-]+", "-", model).strip("-.")[-60:]
    return models / f"{slug}-{hashlib.sha256(model.encode()).hexdigest()[:8]}.json"


def find_export(models: Path, model: str) -> Path:
    """The folder that serves a model.

    Raises:
        NotExportedError: there is none yet, or it was made by another version.
    """
    try:
        folder = models / str(json.loads(pointer(models, model).read_bytes())["folder"])
        fields = json.loads((folder / MANIFEST).read_bytes())
        if fields["format"] != FORMAT:
            raise NotExportedError(model, "its export was made by another version")
    except FileNotFoundError as exc:
        raise NotExportedError(model, "it is not exported yet") from exc
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise NotExportedError(model, "its export is damaged") from exc
    return folder


class ExportedEncoder:
    """A model computed by onnxruntime; one core for a question, all for many texts; safe among threads.

    Args:
        folder: of the export.

    Raises:
        NotExportedError: a file is missing, or is not the one that was written.
    """

    def __init__(self, folder: Path) -> None:
        # Imported here: reading a knowledge base or intents needs no model.
        import onnxruntime

        export = _checked(folder)
        self.model_id, self.dim = export.model_id, export.dim
        self.means = (
            np.array(export.query_mean, dtype=np.float32),
            np.array(export.document_mean, dtype=np.float32),
        )
        """Mean embedding of questions and of documents on all sorts of subjects, float32, (dim,) each."""
        self._prefixes = export.query_prefix, export.document_prefix
        self._lower = export.lower
        self._tokens = _tokenizer(folder, export)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # A waiting thread must not burn the core that another conversation needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / MODEL), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoders.encoder.Encoder.encode`."""
        return self._encoded(texts, self._prefixes[0])

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoders.encoder.Encoder.encode_documents`."""
        return self._encoded(texts, self._prefixes[1])

    def _encoded(self, texts: Sequence[str], prefix: str) -> NDArray[np.float32]:
        # One by one: nothing is padded, and a text's vector does not depend on its neighbours, which
        # the scale of int8 states would make it do.
        one = partial(self._vector, prefix)
        if len(texts) < _MANY:
            return np.array([one(text) for text in texts], dtype=np.float32).reshape(-1, self.dim)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return np.array(list(pool.map(one, texts)), dtype=np.float32)

    def _vector(self, prefix: str, text: str) -> NDArray[np.float32]:
        ids = self._tokens(prefix + prepared(text, lower=self._lower))
        vector: NDArray[np.float32] = self._session.run(
            _OUTPUT, {"input_ids": np.array([ids], dtype=np.int64)}
        )[0][0]
        return vector


def prepared(text: str, *, lower: bool) -> str:
    """What is read of a text: cut, without what is no character, in lower case if the model wants it."""
    read = text[:MAX_CHARS].encode("utf-8", "replace").decode().strip()
    return read.lower() if lower else read


def _tokenizer(folder: Path, export: Export) -> Callable[[str], Sequence[int]]:
    """Text to token numbers, with those that mark its ends."""
    if SENTENCEPIECE in export.files:
        from sentencepiece import SentencePieceProcessor

        pieces = SentencePieceProcessor(model_file=str(folder / SENTENCEPIECE))
        return partial(pieces.encode, out_type=int, add_bos=True, add_eos=True)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(export.max_tokens)
    return lambda text: tokenizer.encode(text).ids


def _checked(folder: Path) -> Export:
    try:
        export = Export(**json.loads((folder / MANIFEST).read_bytes()))
        damaged = [name for name, sha256 in export.files.items() if file_hash(folder / name) != sha256]
    except (OSError, ValueError, TypeError) as exc:
        raise NotExportedError(folder.name, "its export is damaged") from exc
    if damaged or MODEL not in export.files or not {TOKENIZER, SENTENCEPIECE} & export.files.keys():
        raise NotExportedError(folder.name, "its export is damaged")
    return export


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
