"""The example runs as it stands."""

import ast
from collections.abc import Callable
from pathlib import Path


def test_example_mixes_synthetic_and_real_clips(
    loops: Path, dataset: Path, run_example: Callable[..., str]
) -> None:
    """Loops of phantoms and clips of phantoms go into one batch, told apart by their label."""
    text = run_example("pytorch_dataset.py", loops, dataset)
    assert "a batch: (4, 1, 16, 64, 64)" in text
    assert int(text.split()[0]) > 4  # four loops and the training side of the dataset
    labels = ast.literal_eval(text.splitlines()[-1].removeprefix("synthetic: "))
    assert set(labels) <= {0, 1}
