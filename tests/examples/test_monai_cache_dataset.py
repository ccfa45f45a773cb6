"""The example runs as it stands."""

from collections.abc import Callable
from pathlib import Path

import pytest


def test_example_gives_a_batch(loops: Path, run_example: Callable[..., str]) -> None:
    """Clips have one channel and time as their first axis."""
    pytest.importorskip("monai", reason="pip install monai")
    pytest.importorskip("pandas", reason="pip install pandas")
    text = run_example("monai_cache_dataset.py", loops)
    assert "4 loops; a batch: (2, 1, 16, 64, 64) of ['first.png', 'first.png']" in text
