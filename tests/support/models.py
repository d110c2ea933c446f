"""Exported models that data folders share: exporting takes many seconds."""

from pathlib import Path


def share_models(models: Path, data_dir: Path) -> None:
    """Gives a data folder the models of another, as links: an export is never changed once it is there."""
    folder = data_dir / "models"
    folder.mkdir(parents=True)
    for path in models.iterdir():
        (folder / path.name).symlink_to(path)
