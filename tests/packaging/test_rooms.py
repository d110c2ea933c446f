"""docs/where-to-put-a-file.md names every room of the product, with the modules in it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "where-to-put-a-file.md"
PACKAGES = ("bot", "nlu", "kb_index", "handoff", "config", "training")
ENTRY_POINTS = {
    "bot": {"start", "cli", "app"},
    "nlu": {"settings"},
    "kb_index": {"build", "search"},
    "config": {"settings"},
}
"""What may lie loose at the root of a package."""


def _rooms() -> dict[str, list[str]]:
    """Folder -> names of its modules, without `__init__`."""
    rooms: dict[str, list[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts and path.name != "__init__.py":
                rooms.setdefault(path.parent.relative_to(ROOT).as_posix(), []).append(path.stem)
    return rooms


def test_the_page_lists_each_room_with_its_modules() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    listed = [row for row in rows if row.split("|")[2].strip().isdecimal()]
    expected = [
        f"| `{folder}/` | {len(modules)} | {', '.join(modules)} |"
        for folder, modules in sorted(_rooms().items())
    ]
    assert listed == expected, "Under 'Rooms and their modules' there must stand:\n" + "\n".join(expected)


def test_only_entry_points_lie_loose_at_the_root_of_a_package() -> None:
    rooms = _rooms()
    loose = {package: set(rooms.get(package, ())) - ENTRY_POINTS.get(package, set()) for package in PACKAGES}
    loose.pop("training")
    assert not any(loose.values()), f"move into a room: {loose}"
