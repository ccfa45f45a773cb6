"""What docs/other_tools.md says loads in one line does."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from sonoloop.data.clip_sampling import ClipSet, TrainingClips
from sonoloop.data.config import ClipConfig

PAGE = Path(__file__).parents[2] / "docs" / "other_tools.md"


@pytest.mark.parametrize(
    ("module", "row", "length"),
    [
        ("pandas", "pandas", 4),
        ("polars", "polars", 4),
        ("datasets", "datasets", 4),
        ("torch", "PyTorch, a prepared dataset", 1000),
    ],
)
def test_line_loads(
    loops: Path,
    dataset: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    module: str,
    row: str,
    length: int,
) -> None:
    """The line of the table, in a folder with loops and a dataset of these names."""
    pytest.importorskip(module, reason=f"pip install {module}")
    [line] = re.findall(rf"^\| {row} \| `([^`]+)`", PAGE.read_text(), flags=re.MULTILINE)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "loops").symlink_to(loops)
    (tmp_path / "dataset").symlink_to(dataset)
    monkeypatch.chdir(tmp_path)
    names = {"Path": Path, "ClipSet": ClipSet, "ClipConfig": ClipConfig}
    names |= {"TrainingClips": TrainingClips, module: import_module(module)}
    assert len(eval(line, names)) == length  # noqa: S307 - the page's own line
