"""The few texts of a module that has no phrases at hand: a YAML file a language beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Texts:
    """Texts by language and name.

    Args:
        otherwise: the language of who speaks none of these.
    """

    by_language: Mapping[str, Mapping[str, str]]
    otherwise: str

    @classmethod
    def read(cls, folder: Path, *, otherwise: str, name: str = "texts") -> "Texts":
        """Those in a folder's files `<name>.<language>.yml`."""
        paths = sorted(folder.glob(f"{name}.*.yml"))
        texts = {path.suffixes[-2][1:]: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}
        return cls(texts, otherwise)

    def of(self, language: str | None) -> Mapping[str, str]:
        """The texts in a language, or in `otherwise` when it is unknown or there are none."""
        return self.by_language.get(language or self.otherwise) or self.by_language[self.otherwise]
