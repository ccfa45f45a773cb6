"""``sonoloop data`` on the command line: exit status and what is said."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.cli.main import main
from sonoloop.data.phantom import phantom_clip


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    """Write six stills of two classes."""
    for number in range(6):
        frame = phantom_clip(np.random.default_rng(number), size=64, num_frames=1)[0]
        folder = tmp_path / "input" / "ab"[number % 2] / f"patient{number}"
        folder.mkdir(parents=True)
        Image.fromarray(frame).save(folder / "still.png")
    return tmp_path / "input"


def run(*words: str | Path) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def test_prepare_then_check(
    stills: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 0, counts told; a second run says that all was done already."""
    out = tmp_path / "dataset"
    command = ("data", "prepare", stills, "--out", out, "--size", 64, "--split", "0.5,0.25,0.25")
    assert run(*map(str, command)) == 0
    assert "6 items" in capsys.readouterr().err
    assert run(*map(str, command), "--workers", "1") == 0
    assert "6 of them were done already" in capsys.readouterr().err
    assert run("data", "check", out) == 0
    assert "nothing leaks" in capsys.readouterr().out


def test_a_skipped_file_gives_status_1(
    stills: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its sentence; the rest is prepared."""
    (stills / "a" / "bad.png").write_text("no picture")
    out = tmp_path / "dataset"
    assert run("data", "prepare", stills, "--out", out, "--size", "64", "--workers", "1") == 1
    told = capsys.readouterr().err
    assert "skipped a/bad.png: " in told
    assert "1 recording skipped" in told
    assert len(json.loads((out / "split.json").read_text())["items"]) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--size", "32"), "greater than or equal to 64"),
        (("--split", "1,1,1"), "give three shares that sum to 1"),
        (("--manifest", "absent.csv"), "absent.csv: no such manifest"),
        (("--layout", "blues"), "which blues needs"),
    ],
)
def test_wrong_usage_gives_status_2(
    stills: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    message: str,
) -> None:
    """One sentence, and nothing is written."""
    assert run("data", "prepare", stills, "--out", tmp_path / "dataset", *options) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "dataset").exists()


def test_a_damaged_dataset_gives_status_1(
    stills: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what is wrong."""
    out = tmp_path / "dataset"
    assert run("data", "prepare", stills, "--out", out, "--size", "64", "--workers", "1") == 0
    (out / "index.parquet").unlink()
    assert run("data", "check", out) == 1
    assert "wrong: index.parquet differs from its checksum" in capsys.readouterr().out
    assert run("data", "check", tmp_path / "absent") == 2


def test_export_names_the_line_that_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the model to judge, and ready to copy though the folder has a space."""
    monkeypatch.setattr("sonoloop.recipes.export_clips.export_clips", lambda *_, **__: 3)
    assert run("data", "export", "dataset", "--out", tmp_path / "held out") == 0
    line = f"next: sonoloop synthesize '{tmp_path}/held out/stills' --model model --out loops\n"
    assert line in capsys.readouterr().err


def test_the_module_imports_no_torch() -> None:
    """Nor the readers: help must not wait for them."""
    code = (
        "import sys, sonoloop.cli.data; "
        "print([name for name in ('torch', 'av', 'polars') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pack_says_what_it_made_and_evaluations_refuse_it(
    stills: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes and quality; stills have no temporal energy. A step below 1 is refused."""
    dataset, pack = tmp_path / "dataset", tmp_path / "some.pack"
    assert run("data", "prepare", stills, "--out", dataset, "--size", "64", "--workers", "1") == 0
    capsys.readouterr()
    assert run("data", "pack", dataset, "--out", pack) == 0
    told = capsys.readouterr().err
    assert f"{pack}: 6 items, 6 frames in " in told
    assert "temporal energy" not in told
    assert run("data", "check", pack) == 0
    assert "nothing leaks" in capsys.readouterr().out
    assert run("data", "export", pack, "--out", tmp_path / "clips") == 2
    assert "is a pack, whose frames are lossy" in capsys.readouterr().err
    assert run("data", "pack", dataset, "--out", pack, "--step", "0.5") == 2
    assert "--step 0.5: give at least 1 grey levels" in capsys.readouterr().err
    assert run("data", "pack", dataset, "--out", stills / "a" / "patient0" / "still.png") == 2
    assert "is no pack; choose another --out" in capsys.readouterr().err
