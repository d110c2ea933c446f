"""The optional parts of an installation: what each needs, and the command that installs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from bot.domain.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class Extra:
    """One of the `optional-dependencies` of pyproject.toml.

    Args:
        name: as pyproject.toml spells it.
        purpose: what needs it, for people.
        modules: import names of the packages that it installs.
    """

    name: str
    purpose: str
    modules: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command that installs it."""
        return f"pip install 'relais[{self.name}]'"

    def missing(self) -> Sequence[str]:
        """Import names that this environment lacks."""
        return [module for module in self.modules if find_spec(module) is None]


EXTRAS = (
    Extra(
        name="tune",
        purpose="relais kb tune, and encoders of your own",
        modules=("torch", "transformers", "sentence_transformers", "datasets"),
    ),
    Extra(
        name="imports",
        purpose="relais kb import",
        modules=("bs4", "lxml", "markdownify", "openpyxl", "charset_normalizer", "defusedxml"),
    ),
    Extra(name="postgres", purpose="PostgreSQL", modules=("psycopg", "procrastinate")),
)


def require(name: str) -> None:
    """Makes sure that an extra is installed.

    Raises:
        ConfigurationError: it is not; names the command that installs it.
    """
    extra = next(each for each in EXTRAS if each.name == name)
    missing = extra.missing()
    if missing:
        raise _missing_error(extra, missing)


def explain(error: ModuleNotFoundError) -> ConfigurationError | None:
    """The error to show for a failed import; None when no extra installs the module."""
    module = (error.name or "").partition(".")[0]
    extra = next((each for each in EXTRAS if module in each.modules), None)
    return None if extra is None else _missing_error(extra, [module])


def _missing_error(extra: Extra, missing: Sequence[str]) -> ConfigurationError:
    return ConfigurationError(
        f"relais[{extra.name}]",
        f"{extra.purpose} needs {', '.join(missing)}, which this environment lacks: run `{extra.command}`.",
    )
