"""A model exported to ONNX: its folder, and the encoder that serves it without torch.

Layout, in the data folder:

    models/<name>.json       which folder serves a model; replaced in one step
    models/<model_id>/       encoder.json, model.onnx, tokenizer.json; never changed once it is there
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.errors import NotExportedError
from nlu.use import MAX_CHARS

FORMAT = 1
"""Rises when the folder or what the export does to a model changes."""
MANIFEST, MODEL, TOKENIZER = "encoder.json", "model.onnx", "tokenizer.json"


@dataclass(frozen=True, kw_only=True)
class Export:
    """What `encoder.json` holds.

    Args:
        format: version of the folder's layout.
        model_id: see `nlu.encoder.Encoder`.
        dim: length of a vector.
        query_prefix, document_prefix: what the model expects before each text.
        max_tokens: of a text; what follows is not read.
        query_mean, document_mean: of what the model makes of texts on all sorts of subjects.
        files: SHA-256 of each of the other files.
    """

    format: int
    model_id: str
    dim: int
    query_prefix: str
    document_prefix: str
    max_tokens: int
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
    """A sentence-transformers model computed by onnxruntime; one core a call, safe among threads.

    Args:
        folder: of the export.

    Raises:
        NotExportedError: a file is missing, or is not the one that was written.
    """

    def __init__(self, folder: Path) -> None:
        # Imported here: reading a knowledge base or intents needs no model.
        import onnxruntime
        from tokenizers import Tokenizer

        export = _checked(folder)
        self.model_id, self.dim = export.model_id, export.dim
        self.means = (
            np.array(export.query_mean, dtype=np.float32),
            np.array(export.document_mean, dtype=np.float32),
        )
        """Middle of the vectors of questions and of documents, float32, (dim,) each."""
        self._prefixes = export.query_prefix, export.document_prefix
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(export.max_tokens)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # A waiting thread must not burn the core that another conversation needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / MODEL), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoder.Encoder.encode`."""
        return self._encoded(texts, self._prefixes[0])

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoder.Encoder.encode_documents`."""
        return self._encoded(texts, self._prefixes[1])

    def _encoded(self, texts: Sequence[str], prefix: str) -> NDArray[np.float32]:
        # One by one: nothing is padded, and a text's vector does not depend on its neighbours, which
        # the scale of int8 activations would make it do.
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            ids = self._tokenizer.encode(prefix + _cut(text)).ids
            vectors[row] = self._session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0][0]
        return vectors


def _cut(text: str) -> str:
    return text[:MAX_CHARS].encode("utf-8", "replace").decode().strip()


def _checked(folder: Path) -> Export:
    try:
        export = Export(**json.loads((folder / MANIFEST).read_bytes()))
        damaged = [name for name, sha256 in export.files.items() if file_hash(folder / name) != sha256]
    except (OSError, ValueError, TypeError) as exc:
        raise NotExportedError(folder.name, "its export is damaged") from exc
    if damaged or set(export.files) != {MODEL, TOKENIZER}:
        raise NotExportedError(folder.name, "its export is damaged")
    return export


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
