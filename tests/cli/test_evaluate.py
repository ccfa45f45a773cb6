"""``sonoloop evaluate``."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import html5lib
import numpy as np
import pytest
from PIL import Image

from sonoloop.cli.main import main
from sonoloop.report.records import EvaluationRecord, read_record

CHEAP = "psnr,motion"
Complaint = Callable[..., tuple[int, str]]


def clip(seed: int, num_frames: int = 16, size: int = 32) -> np.ndarray:
    """Return smooth noise that drifts."""
    noise = np.kron(np.random.default_rng(seed).random((8, 8)), np.ones((size // 8,) * 2))
    drift = [np.roll(noise, step, axis=1) for step in range(num_frames)]
    return (40 + 150 * np.stack(drift)).astype(np.uint8)


def write_gif(path: Path, frames: np.ndarray, *, rate_hz: float) -> None:
    """Write frames that say how long each is shown."""
    first, *others = [Image.fromarray(frame) for frame in frames]
    first.save(path, save_all=True, append_images=others, duration=1000 / rate_hz)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Write six real clips and a synthetic one of each."""
    for folder, offset in (("real", 0), ("made", 100)):
        (tmp_path / folder).mkdir()
        for number in range(6):
            np.save(tmp_path / folder / f"{number}.npy", clip(number + offset))
    return tmp_path / "real", tmp_path / "made"


@pytest.fixture
def evaluate(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Complaint:
    """Run the command in this process; return its status and what it says."""

    def run(*words: str | Path) -> tuple[int, str]:
        sets = ("--real", folders[0], "--synthetic", folders[1], "--out", tmp_path / "out")
        asked = () if "--metrics" in words else ("--metrics", CHEAP)
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", *map(str, (*sets, *asked, *words))])
        said = capsys.readouterr()
        if ended.value.code == 2:
            assert not said.out
            assert len(said.err.splitlines()) == 1
            assert not (tmp_path / "out").exists()
        return int(ended.value.code or 0), said.out + said.err

    return run


def record(tmp_path: Path) -> EvaluationRecord:
    """Read what was written."""
    return read_record(tmp_path / "out")


def test_command_measures_and_reports_failures(tmp_path: Path) -> None:
    """As a user starts it: exit status 1 where a clip could not be used, the table all the same."""
    for folder in ("real", "made"):
        (tmp_path / folder).mkdir()
        for number in range(3):
            np.save(tmp_path / folder / f"{number}.npy", clip(number))
    (tmp_path / "made" / "empty.mp4").touch()
    sets = ("--real", tmp_path / "real", "--synthetic", tmp_path / "made")
    words = ("evaluate", *sets, "--out", tmp_path / "out", "--metrics", CHEAP)
    command = [sys.executable, "-m", "sonoloop", *map(str, words)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 1, result.stderr
    assert "PSNR, dB" in result.stdout
    assert "1 synthetic files could not be used" in result.stdout
    assert "empty.mp4" in result.stdout
    assert (tmp_path / "out" / "evaluation.json").is_file()


def test_corrupt_clips_are_named_and_counted(
    evaluate: Complaint, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """No video, no array, one frame in an array and in a gif; a picture beside them is no clip."""
    made = folders[1]
    (made / "empty.mp4").touch()
    (made / "noise.avi").write_bytes(bytes(range(256)) * 20)
    (made / "text.npy").write_text("no array")
    np.save(made / "short.npy", clip(1, 1))
    write_gif(made / "once.gif", clip(2, 1), rate_hz=10)
    Image.fromarray(clip(3)[0]).save(made / "strip.png")
    status, said = evaluate()
    assert status == 1
    assert "5 synthetic files could not be used" in said
    assert "once.gif: has one frame: a clip has at least 2" in said
    names = [name for name, _ in record(tmp_path).synthetic.failures]
    assert sorted(names) == ["empty.mp4", "noise.avi", "once.gif", "short.npy", "text.npy"]
    assert any("1 files of one frame are no clips" in n for n in record(tmp_path).synthetic.notes)
    assert record(tmp_path).metrics[0].values[0].num_clips == 6


@pytest.mark.parametrize("shape", [(20, 32), (16, 40)], ids=["frames", "size"])
def test_other_shapes_are_refused_or_resampled(
    evaluate: Complaint, folders: tuple[Path, Path], tmp_path: Path, shape: tuple[int, int]
) -> None:
    """Both clips are named with their shapes; what --resample does is recorded."""
    np.save(folders[1] / "3.npy", clip(103, *shape))
    status, said = evaluate()
    assert status == 2
    assert "real clip 0.npy has (frames, height, width) (16, 32, 32), synthetic clip 3.npy" in said
    assert "add --resample" in said
    status, _ = evaluate("--resample")
    assert status == 0
    assert any("resampled to 16 frames of 32 x 32" in note for note in record(tmp_path).notes)


def test_another_shape_among_more_samples_is_refused_too(
    evaluate: Complaint, folders: tuple[Path, Path]
) -> None:
    """Not only the first sample of a still is measured."""
    np.save(folders[1] / "3_sample1.npy", clip(103, 20))
    status, said = evaluate()
    assert status == 2
    assert "synthetic clip 3_sample1.npy has (20, 32, 32)" in said


def test_another_rate_is_refused_or_recorded(
    evaluate: Complaint, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """As far as files state it."""
    for folder, rate_hz in zip(folders, (10, 25), strict=True):
        for number, path in enumerate(sorted(folder.glob("*.npy"))):
            write_gif(path.with_suffix(".gif"), clip(number), rate_hz=rate_hz)
            path.unlink()
    status, said = evaluate()
    assert status == 2
    assert "plays at 10.00 Hz" in said
    assert "motion cannot be compared" in said
    status, _ = evaluate("--resample")
    assert status == 0
    assert any("play at 10 to 25 Hz" in note for note in record(tmp_path).notes)


def test_sets_of_different_number_are_recorded(
    evaluate: Complaint, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """Real clips without a synthetic one, and the other way round."""
    (folders[1] / "4.npy").unlink()
    np.save(folders[1] / "other.npy", clip(200))
    status, _ = evaluate()
    assert status == 0
    found = record(tmp_path)
    assert found.real.num_clips == 5
    assert {value.num_clips for metric in found.metrics for value in metric.values} == {5}
    assert any("1 of 6 real clips have no synthetic clip" in note for note in found.notes)
    assert any("1 of 6 synthetic clips belong to no real" in note for note in found.notes)


@pytest.mark.parametrize("kept", [1, 0])
def test_fewer_than_two_clips_are_refused(
    evaluate: Complaint, folders: tuple[Path, Path], kept: int
) -> None:
    """In a folder, and after pairing."""
    for number in range(kept, 6):
        (folders[1] / f"{number}.npy").unlink()
    status, said = evaluate()
    assert status == 2
    assert f"made holds {kept} usable clips, at least 2 are needed" in said
    np.save(folders[1] / "0.npy", clip(1))
    np.save(folders[1] / "other.npy", clip(2))
    status, said = evaluate()
    assert status == 2
    assert "1 real clips of" in said
    assert "at least 2 are needed" in said


def test_identical_sets_are_noted(evaluate: Complaint, folders: tuple[Path, Path]) -> None:
    """Ratios of motion are 1, the flow distance 0, PSNR at its most."""
    for path in folders[0].iterdir():
        (folders[1] / path.name).write_bytes(path.read_bytes())
    status, said = evaluate()
    assert status == 0
    assert "58.92" in said
    assert "the synthetic clips are the real ones, pixel for pixel" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--metrics", "fdi"), "there is no metric 'fdi'; choose from fvd"),
        (("--metrics", ","), "--metrics names none"),
        (("--metrics", "fvd"), "fvd cannot be computed: its net is not there: 'sonoloop weights"),
        (("--metrics", "dtfvd"), "dtfvd cannot be computed: its net may not be passed on"),
        (("--metrics", "fid"), "fid cannot be computed: FID needs the Inception-v3 of 2015-12-05"),
        (("--metrics", "dtfvd", "--dtfvd-weights", "gone"), "there is no file gone: DTFVD needs"),
        (("--metrics", "fid", "--inception-weights", "gone"), "there is no file gone: FID needs"),
        (("--limit", "-1"), "--limit -1 is below 0"),
        (("--limit", "1"), "1 real clips of"),
        (("--train", "gone"), "there is no folder gone"),
    ],
)
def test_wrong_usage_is_one_sentence(
    evaluate: Complaint, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    """Exit status 2, nothing written."""
    status, said = evaluate(*words, "--weights-dir", tmp_path / "none")
    assert status == 2
    assert sentence in said


def test_weights_with_the_wrong_checksum_are_refused(evaluate: Complaint, tmp_path: Path) -> None:
    """Also where no metric was named: a damaged net is not one that is absent."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "i3d-kinetics-400.safetensors").write_bytes(b"damaged")
    for words in (("--metrics", "fvd"), ("--metrics", "psnr,div")):
        status, said = evaluate(*words, "--weights-dir", tmp_path / "weights")
        assert status == 2
        assert "i3d-kinetics-400 are damaged or another net's (wrong SHA-256)" in said


def test_results_are_not_written_among_the_clips(folders: tuple[Path, Path]) -> None:
    """Their loops would be read as clips the next time."""
    with pytest.raises(SystemExit) as ended:
        main(
            [
                *("evaluate", "--real", str(folders[0]), "--synthetic", str(folders[1])),
                *("--out", str(folders[1] / "out")),
            ]
        )
    assert ended.value.code == 2


@pytest.mark.parametrize("change", ["exact", "flipped", "brighter"])
def test_planted_copies_are_found(
    evaluate: Complaint,
    folders: tuple[Path, Path],
    tmp_path: Path,
    change: str,
) -> None:
    """A training clip among the synthetic ones, in the record, on the console and in the report."""
    train = tmp_path / "train"
    train.mkdir()
    for number in range(12):
        np.save(train / f"t{number}.npy", clip(300 + number))
    copy = clip(305)
    copy = {"exact": copy, "flipped": copy[:, ::-1], "brighter": copy + 40}[change]
    np.save(folders[1] / "surprise.npy", copy)
    status, said = evaluate("--metrics", "privacy", "--train", train)
    assert status == 0
    assert "of 7 synthetic clips are nearer to a training clip" in said
    privacy = record(tmp_path).privacy
    assert privacy is not None
    assert privacy.share_above >= 1 / 7
    assert privacy.nearest[0].name == "surprise.npy"
    assert privacy.nearest[0].caption.startswith("similarity 1.000, above the threshold")
    with pytest.raises(SystemExit):
        main(["report", str(tmp_path / "out"), "--out", str(tmp_path / "page.html")])
    page = (tmp_path / "page.html").read_text()
    html5lib.HTMLParser(strict=True).parse(page)  # raises at the first error
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page)
    assert "surprise.npy" in page.partition("Nearest to a training clip")[2]
    assert "similarity 1.000, above the threshold, to t5.npy" in page
