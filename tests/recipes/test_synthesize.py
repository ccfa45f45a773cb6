"""From the user's folders to the report on the console."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from subprocess import Popen

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.folder_claim import CLAIM_FILE
from sonoloop.recipes.synthesize import LINES_SHOWN, find_stills, report, synthesize
from sonoloop.synthesis.batch_options import BatchOptions, BatchResult
from sonoloop.synthesis.typicality import StillTypicality

Elsewhere = Callable[[Path], AbstractContextManager[Popen[str]]]


def write_still(path: Path, seed: int = 0) -> Path:
    """Write a textured png."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(1, 255, (40, 48), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def console() -> tuple[Console, StringIO]:
    """Make a console and what it printed."""
    text = StringIO()
    return Console(file=text, width=200), text


def test_stills_are_found_once_and_masks_are_not_stills(tmp_path: Path) -> None:
    """BUSI's layout, given as a folder and one of its files again; natural order."""
    for name in ("benign (10)", "benign (2)", "benign (2)_mask", "benign (2)_mask_1", "a_mask"):
        write_still(tmp_path / "benign" / f"{name}.png")
    found = find_stills([tmp_path, tmp_path / "benign" / "benign (2).png"])
    names = [file.name for file in found.files]
    assert names == ["benign/a_mask.png", "benign/benign (2).png", "benign/benign (10).png"]
    assert found.num_masks == 2


def test_nothing_to_do_is_refused(tmp_path: Path) -> None:
    """No argument, a wrong path, an empty folder."""
    with pytest.raises(UsageError, match="give at least one still"):
        find_stills([])
    with pytest.raises(UsageError, match=r"there is no file or folder .*gone\.png"):
        find_stills([tmp_path / "gone.png"])
    with pytest.raises(UsageError, match="holds no image, DICOM file or video"):
        find_stills([tmp_path])


def test_whole_recipe(tmp_path: Path, model_folder: Path) -> None:
    """Noise is not the tiny model's training data, and the console says so."""
    screen, text = console()
    stills = [write_still(tmp_path / "in" / "a.png"), tmp_path / "in" / "b.png"]
    stills[1].write_text("no image")
    options = BatchOptions(formats=("gif",))
    result = synthesize(
        [tmp_path / "in"], tmp_path / "out", options, model=str(model_folder), console=screen
    )
    assert len(result.rows) == 1
    said = text.getvalue()
    assert "model 'tiny', trained on speckle: anything else will move as if it were that" in said
    assert "a.png is unlike the model's training data (distance" in said
    assert "skipped" in said
    assert "b.png" in said
    assert f"1 loop written to {tmp_path / 'out'}, 1 still could not be used" in said


def test_unwritable_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    """A file stands in the way."""
    still = write_still(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"cannot be written .*; choose another --out"):
        synthesize([still], still / "out", BatchOptions(), model="default", console=console()[0])


def test_a_folder_that_another_run_fills_is_refused(
    tmp_path: Path, model_folder: Path, claimed_elsewhere: Elsewhere
) -> None:
    """Two runs would lose rows of each other's manifest."""
    still, out = write_still(tmp_path / "a.png"), tmp_path / "out"
    out.mkdir()
    with claimed_elsewhere(out):
        with pytest.raises(UsageError, match="is being written by another run"):
            synthesize([still], out, BatchOptions(), model=str(model_folder), console=console()[0])
        assert [path.name for path in out.iterdir()] == [CLAIM_FILE]


def test_long_lists_are_cut(tmp_path: Path) -> None:
    """Hundreds of odd stills do not bury the last line; those that failed are all named."""
    screen, text = console()
    result = BatchResult(
        unusual=[(f"{number}.png", StillTypicality(2.0, 1.0, 0.5)) for number in range(50)],
        failures=[UnreadableFileError(f"{number}.png", "is empty") for number in range(30)],
        num_skipped=7,
        warnings=[(f"{number}.tif", "is deep") for number in range(5)] + [("6.tif", "is odd")],
    )
    report(result, tmp_path, screen)
    lines = text.getvalue().splitlines()
    assert lines[:2] == ["0.tif, 1.tif, 2.tif and 2 more: is deep", "6.tif: is odd"]
    assert lines[2 + LINES_SHOWN] == "... and 40 more like this, see the manifest"
    assert lines[3 + LINES_SHOWN : -1] == [f"skipped {n}.png: is empty" for n in range(30)]
    assert lines[-1].endswith("7 already there, 30 stills could not be used")
