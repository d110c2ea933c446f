"""Data files of languages: one YAML file a language in a folder, named by its code ("fr.yml")."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def read_language_files(folder: Path) -> Mapping[str, Any]:
    """What the files of a folder hold, by language, in the order of the codes."""
    paths = sorted(folder.glob("*.yml"))
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}
