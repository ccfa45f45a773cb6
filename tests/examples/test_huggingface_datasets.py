"""The example runs as it stands."""

from collections.abc import Callable
from pathlib import Path

import pytest


def test_example_loads_rows_and_frames(loops: Path, run_example: Callable[..., str]) -> None:
    """Manifest and frames come from one object."""
    pytest.importorskip("datasets", reason="pip install datasets")
    text = run_example("huggingface_datasets.py", loops)
    assert "4 loops; the first is of first.png, seed 0" in text
    assert "clip (16, 64, 64) uint8, synthetic by model default" in text
    assert "trustworthy: " in text
