"""Optional parts of an installation: what is missing is named with the command that installs it."""

import sys

import pytest

from bot.commands.extras import EXTRAS, explain, require
from bot.domain.errors import ConfigurationError


def test_an_extra_is_missing_while_one_of_its_modules_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [extra.missing() for extra in EXTRAS] == [[]] * len(EXTRAS), "the tests run with all of them"
    require("imports")
    monkeypatch.setitem(sys.modules, "bs4", None)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ConfigurationError) as caught:
        require("imports")
    assert str(caught.value) == (
        "relais[imports]: relais kb import needs bs4, openpyxl, which this environment lacks: "
        "run `pip install 'relais[imports]'`."
    )


def test_a_failed_import_is_explained_by_its_extra() -> None:
    error = explain(ModuleNotFoundError("no torch", name="torch.nn"))
    assert error is not None
    assert "pip install 'relais[tune]'" in str(error)
    assert explain(ModuleNotFoundError("no such module", name="relaiz")) is None
