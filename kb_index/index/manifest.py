"""The manifest of an index: what it was made of, by which model, and how it decides.

Layout of an index folder:

    manifest.json          the index in use; replaced in one step, so a reader sees the old or the new
    data-<hash>/           vectors.faiss, documents.json, lexicon.*.npy and exact.*.npy of that index, and
                           a clusters-<row>.faiss for each large desk
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from bot.text.files import atomic_write_text
from kb_index.articles.errors import IndexUnusableError
from kb_index.decision.thresholds import OperatingPoint
from kb_index.index.checksums import Checksum

FORMAT = 5
"""Rises when the files or the meaning of their rows change."""
MANIFEST = "manifest.json"
VECTORS = "vectors.faiss"
DOCUMENTS = "documents.json"
_DATA = re.compile(r"data-[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Mean and deviation of both similarities between a query and articles that do not answer it.

    Args:
        cosine_mean, cosine_deviation: of the similarity in meaning.
        lexical_mean, lexical_deviation: of the similarity in spelling.
    """

    cosine_mean: float
    cosine_deviation: float
    lexical_mean: float
    lexical_deviation: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A logistic function from a hit's evidence to the probability that it is right.

    Args:
        weights: one for each of `kb_index.retrieval.fusion.FEATURES`.
        bias: added to the weighted sum.
        positives, negatives: how many questions it was learnt from; 0 when it is the built-in one.
        auroc: of the best hit's probability, right against wrong, on those questions.
    """

    weights: tuple[float, ...]
    bias: float
    positives: int
    negatives: int
    auroc: float


@dataclass(frozen=True, kw_only=True)
class DeskVectors:
    """How the vectors of a desk are searched.

    Args:
        desk: its name.
        start: its first row.
        rows: how many it has.
        kind: `exact` compares all rows with a question; `clusters` those in the nearest clusters.
        lists: how many clusters there are.
        probes: how many of them are looked at.
        recall: recall@10 against comparing all, measured when it was built.
        trained_on: rows that the desk had when its clusters were found.
    """

    desk: str
    start: int
    rows: int
    kind: Literal["exact", "clusters"]
    lists: int = 0
    probes: int = 0
    recall: float = 1.0
    trained_on: int = 0


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What `manifest.json` holds.

    Args:
        format: version of the layout and of the scoring.
        model_id: of the encoder that made the vectors.
        dim: length of a vector.
        documents, vectors: how many.
        content_hash: of all that the index was made from; see `kb_index.build.content_hash`.
        data: name of the folder with the files.
        files: checksum of each file in it.
        desks: how each desk's vectors are searched, in the order of their rows.
        scaling, calibration, decision: see there.
        built_at: aware ISO time.
    """

    format: int
    model_id: str
    dim: int
    documents: int
    vectors: int
    content_hash: str
    data: str
    files: Mapping[str, Checksum]
    desks: tuple[DeskVectors, ...]
    scaling: Scaling
    calibration: Calibration
    decision: OperatingPoint
    built_at: str

    @property
    def count(self) -> int:
        """Documents in the index."""
        return self.documents

    def write(self, folder: Path) -> None:
        """Makes this the index in use, in one step."""
        atomic_write_text(folder / MANIFEST, json.dumps(asdict(self), indent=1, ensure_ascii=False))

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a folder.

        Raises:
            IndexUnusableError: there is none, or it cannot be understood.
        """
        try:
            fields: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
            if fields["format"] != FORMAT:
                raise IndexUnusableError(
                    f"The index has format {fields['format']}; this version reads {FORMAT}."
                )
            if _DATA.fullmatch(fields["data"]) is None:
                raise ValueError(fields["data"])
            fields["files"] = {name: Checksum(**found) for name, found in fields["files"].items()}
            fields["desks"] = tuple(DeskVectors(**found) for found in fields["desks"])
            fields["scaling"] = Scaling(**fields["scaling"])
            calibration = fields["calibration"]
            fields["calibration"] = Calibration(**calibration | {"weights": tuple(calibration["weights"])})
            fields["decision"] = OperatingPoint(**fields["decision"])
            return cls(**fields)
        except FileNotFoundError as exc:
            raise IndexUnusableError("There is no index yet.") from exc
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
            raise IndexUnusableError("The manifest of the index is damaged.") from exc
