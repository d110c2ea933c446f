"""The level of a test, which follows from its folder and from what it asks for: see CONTRIBUTING.md."""

from pathlib import Path

import pytest

LEVELS = ("unit", "model", "e2e")
"""From the quickest to the slowest."""

ROOT = Path(__file__).parents[1]
END_TO_END = {"browser", "cli", "crash", "engine", "kb_pages", "packaging", "scenarios"}
"""Folders whose tests start the product's programs."""
PARTS_OF_A_RUN = {"built_demo", "data_dir", "browser_path", "postgres_server"}
"""Fixtures that are a whole product, or a program beside it."""
MODELS = {"models", "encoder", "base_intents"}
"""Fixtures that load a model, or train one."""
LOADING = {
    *("nlu/test_distilling.py", "nlu/test_encoder.py", "nlu/test_exported.py", "nlu/test_publishing.py"),
    "nlu/rasa",
}
"""Tests that load a model without a fixture."""


def level_of(item: pytest.Item) -> str:
    """One of `LEVELS`."""
    path = item.path.relative_to(ROOT)
    fixtures = set(getattr(item, "fixturenames", ()))
    if path.parts[0] in END_TO_END or fixtures & PARTS_OF_A_RUN or item.get_closest_marker("postgres"):
        return "e2e"
    if fixtures & MODELS or any(path.is_relative_to(place) for place in LOADING):
        return "model"
    return "unit"
