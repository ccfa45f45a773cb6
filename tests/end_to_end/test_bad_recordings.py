"""Files that cannot be used are named, the others are prepared, nothing half-made stays behind."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sonoloop.data.phantom_files import write_phantoms

ExitStatus = Callable[..., int]
BadFiles = dict[str, tuple[Callable[[Path], object], str]]


def _write_recordings(folder: Path, bad_files: BadFiles) -> None:
    """Four good phantoms and every bad file, one in each class in turn."""
    write_phantoms(folder, count=4, size=64, seed=0, num_frames=50)
    for number, (name, (write, _)) in enumerate(bad_files.items()):
        write(folder / ("cyst", "solid")[number % 2] / name)


def test_bad_recordings_are_named_and_the_others_prepared(
    tmp_path: Path,
    bad_files: BadFiles,
    exit_status: ExitStatus,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each bad file has its sentence, the four good ones are stored, the status is 1."""
    recordings, dataset = tmp_path / "recordings", tmp_path / "dataset"
    _write_recordings(recordings, bad_files)
    words = ("data", "prepare", recordings, "--out", dataset, "--size", "64", "--workers", "1")
    assert exit_status(*words) == 1
    text = "".join(capsys.readouterr())
    assert "Traceback" not in text
    unwrapped = " ".join(text.split())
    for name, (_, word) in bad_files.items():
        assert name in unwrapped
        explanation = unwrapped.split(name, 1)[1].split("skipped", 1)[0]
        assert word.lower() in explanation.lower(), f"{name}: {explanation}"
    store = json.loads((dataset / "store" / "store.json").read_text())
    assert len(store["items"]) == 4
    left = [path.name for path in tmp_path.rglob("*") if path.suffix in {".part", ".tmp"}]
    assert not left


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,label\na.mp4,x\n", "path"),
        ("path,label\nabsent.mp4,x\n", "absent.mp4"),
    ],
    ids=["missing column", "missing file"],
)
def test_faulty_manifests_are_refused(
    tmp_path: Path,
    table: str,
    message: str,
    exit_status: ExitStatus,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A manifest without the needed column, or that names an absent file, is explained."""
    (tmp_path / "manifest.csv").write_text(table)
    status = exit_status("data", "prepare", tmp_path / "manifest.csv", "--out", tmp_path / "out")
    text = "".join(capsys.readouterr())
    assert status in {1, 2}
    assert message in text
    assert "Traceback" not in text
    assert not (tmp_path / "out" / "index.parquet").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of file sizes are Linux's")
def test_a_full_disk_ends_with_one_sentence_and_nothing_half_written(tmp_path: Path) -> None:
    """With no room for the store the run fails cleanly and leaves no dataset behind.

    A limit on the size of a file stands in for the full disk: writing fails in the same place.
    """
    write_phantoms(tmp_path / "in", count=2, size=64, seed=0, num_frames=50)
    program = (
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from sonoloop.cli.main import main\n"
        f"main(['data', 'prepare', {str(tmp_path / 'in')!r}, '--out', "
        f"{str(tmp_path / 'out')!r}, '--size', '64', '--workers', '1'])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "choose another --out" in result.stderr
    assert not (tmp_path / "out" / "index.parquet").exists()
    assert not list(tmp_path.rglob("*.part"))
