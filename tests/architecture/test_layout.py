"""The repository keeps the shape CONTRIBUTING.md promises."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
CODE = [path for path in SOURCES if path.stem not in {"__init__", "__main__"}]
MAX_LINES = 300
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "core", "base", "manager"}


def _relative(path: Path) -> str:
    """Name a test case by its place in the repository."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_file_is_short_named_and_introduced(path: Path) -> None:
    """A reader can tell from name and first line what a file is for."""
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_LINES
    assert not VAGUE_NAMES & {path.stem, path.parent.name}
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_file_has_its_test_file(path: Path) -> None:
    """src/sonoloop/a/b.py is tested by tests/a/test_b.py."""
    relative = path.relative_to(ROOT / "src" / "sonoloop")
    assert (ROOT / "tests" / relative.parent / f"test_{path.name}").is_file()


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_exceptions_to_the_rules_are_named(path: Path) -> None:
    """No work is left as a note, and a silenced tool is silenced by the rule's code."""
    for line in path.read_text().splitlines():
        assert not any(word in line for word in ("TODO", "FIXME", "XXX"))
        assert "# type: ignore" not in line or "# type: ignore[" in line
        assert "# noqa" not in line or "# noqa: " in line
