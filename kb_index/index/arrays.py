"""Array types of the index, and arrays as `.npy` files that are mapped into memory."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
"""Float32 of one or two dimensions: embeddings, similarities, scores."""
Numbers = NDArray[np.int64]
"""Numbers of rows or documents: int64, (n,)."""


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes each array into the file of its name."""
    for name, array in arrays.items():
        np.save(folder / name, array, allow_pickle=False)


def map_arrays(folder: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Maps the arrays that `write_arrays` wrote into memory: they are read where and when they are needed.

    Raises:
        ValueError: a file is no such array, or is too short.
    """
    # As plain arrays: slicing a numpy.memmap costs ten times as much.
    return {name: np.asarray(np.load(folder / name, mmap_mode="r")) for name in names}
