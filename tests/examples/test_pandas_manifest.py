"""The example runs as it stands."""

from collections.abc import Callable
from pathlib import Path

import pytest


def test_example_tabulates_the_loops(loops: Path, run_example: Callable[..., str]) -> None:
    """Two loops of each still with one seed, and whether to trust them."""
    pytest.importorskip("pandas", reason="pip install pandas")
    text = run_example("pandas_manifest.py", loops)
    rows = [line.split() for line in text.splitlines()]
    assert [row[:3] for row in rows if row[-1] in {"True", "False"}] == [
        ["first.png", "2", "1"],
        ["second.png", "2", "1"],
    ]
    assert "model default, SHA-256 " in text
