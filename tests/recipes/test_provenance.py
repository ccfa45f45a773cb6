"""The command tells what made a file, and of foreign files that it does not know."""

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.recipes.provenance import SUFFIXES, find_provenance, provenance
from sonoloop.recipes.synthesize import synthesize
from sonoloop.synthesis.batch_options import BatchOptions

Flipped = Callable[[Path, int], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def loops(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Animate one still into every format."""
    folder = tmp_path_factory.mktemp("provenance")
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "still.png")
    options = BatchOptions(seed=5, formats=("mp4", "gif", "npy", "dicom", "nifti", "mha", "strip"))
    quiet = Console(quiet=True)
    synthesize(
        [folder / "still.png"], folder / "loops", options, model=str(model_folder), console=quiet
    )
    return folder / "loops"


def _said(files: list[Path], *, as_json: bool = False) -> tuple[int, list[str]]:
    text = io.StringIO()
    console = Console(file=text, width=100)
    return provenance(files, as_json=as_json, console=console), text.getvalue().splitlines()


def test_every_format_knows_where_it_came_from(loops: Path) -> None:
    """All seven files of the loop tell the same still, model and seed."""
    num_foreign, lines = _said([loops])
    assert num_foreign == 0
    assert sorted(line.split(":")[0].rpartition(".")[2] for line in lines) == [
        "dcm",
        "gif",
        "gz",
        "mha",
        "mp4",
        "npy",
        "png",
    ]
    assert all("SYNTHETIC, made by sonoloop" in line and "seed 5" in line for line in lines)
    made = {find_provenance(file).source_sha256 for file in loops.glob("*.[mgnd]*[4fym]")}
    assert len(made) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(data=st.data(), bit=st.integers(0, 10**7))
def test_any_flipped_bit_of_any_file_is_found(
    loops: Path, flipped: Flipped, data: st.DataObject, bit: int
) -> None:
    """Clips, strip, manifests and checksums: the file is named."""
    files = sorted(path for path in loops.rglob("*") if path.is_file())
    assert len(files) == 10
    path = data.draw(st.sampled_from(files))
    with flipped(path, bit):
        number, lines = _said([loops])
        alone, _ = _said([path] if path.suffix in SUFFIXES else [loops])
    assert number >= 1  # a damaged manifest tells nothing of npy files either
    assert alone >= 1
    names = [line for line in lines if "checksum" in line]
    assert any(path.name in line for line in names)
    assert _said([loops])[0] == 0


def test_json_holds_every_setting(loops: Path) -> None:
    """One object a line, with null for foreign files."""
    Image.new("L", (8, 8)).save(loops.parent / "foreign.png")
    num_foreign, lines = _said(
        [next(loops.glob("*.dcm")), loops.parent / "foreign.png"], as_json=True
    )
    assert num_foreign == 1
    made, foreign = map(json.loads, lines)
    assert made["sonoloop"]["seed"] == 5
    assert made["sonoloop"]["synthetic"] is True
    assert foreign["sonoloop"] is None


def test_what_cannot_be_told_is_said(loops: Path, tmp_path: Path) -> None:
    """An npy file far from its manifest, a DICOM file of a scanner, nothing at all."""
    moved = tmp_path / "moved.npy"
    moved.write_bytes(next(loops.glob("*.npy")).read_bytes())
    with pytest.raises(UnreadableFileError, match=r"no manifest\.parquet beside it names it"):
        find_provenance(moved)
    (tmp_path / "scanner.dcm").write_bytes(b"\0" * 128 + b"DICM")
    with pytest.raises(UnreadableFileError, match="was not made by sonoloop"):
        find_provenance(tmp_path / "scanner.dcm")
    with pytest.raises(UsageError, match="there is no file or folder"):
        _said([tmp_path / "missing.mp4"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"holds no \.mp4, \.gif"):
        _said([tmp_path / "empty"])
    with pytest.raises(UsageError, match="give at least one"):
        _said([])


def test_links_that_lead_out_are_named_and_not_followed(loops: Path, tmp_path: Path) -> None:
    """Whoever sends a folder does not learn what other files are."""
    (tmp_path / "sent").mkdir()
    clip = next(loops.glob("*.mp4"))
    (tmp_path / "sent" / "a.mp4").symlink_to(clip)
    (tmp_path / "sent" / "own.mp4").write_bytes(clip.read_bytes())
    (tmp_path / "sent" / "again.mp4").symlink_to("own.mp4")
    number, lines = _said([tmp_path / "sent"])
    assert number == 1
    assert "a.mp4: is or holds a link that leads out of sent" in lines[0]
    assert all("SYNTHETIC" in line for line in lines[1:])
    assert _said([tmp_path / "sent" / "a.mp4"])[0] == 0  # given by name it is what was meant
