"""Which clips may be shown to readers."""

from pathlib import Path

import numpy as np
import pytest

from sonoloop.data.phantom import phantom_clip
from sonoloop.errors import UsageError
from sonoloop.synthesis.batch import synthesize_batch
from sonoloop.synthesis.batch_options import BatchOptions, Format, StillFile
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.web.reader_clips import find_study_clips


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write real clips."""
    for name in ("real", "synthetic"):
        (tmp_path / name).mkdir()
    for number in range(2):
        clip = phantom_clip(np.random.default_rng(number), num_frames=12)
        np.save(tmp_path / "real" / f"{number}.npy", clip)
    return tmp_path


def synthesize(
    model: ImageToVideo, still: Path, out: Path, *formats: Format, mark: bool = True
) -> None:
    """Make one loop as the command does."""
    out.mkdir(exist_ok=True)
    options = BatchOptions(formats=formats, mark=mark)
    synthesize_batch(model, [StillFile(still, still.name)], out, options, advance=lambda _: None)


def test_arrays_are_shown_and_marked_videos_of_the_same_loops_are_not(
    folder: Path, model: ImageToVideo, still_path: Path
) -> None:
    """Npy files never show the word; where both are there, they count."""
    synthesize(model, still_path, folder / "synthetic", "mp4", "npy")
    clips = find_study_clips(folder)
    assert [clip.truth for clip in clips.clips] == ["real", "real", "synthetic"]
    assert clips.clips[2].name.endswith(".npy")
    assert clips.num_frames == 12
    assert clips.frames(2).shape == (12, 91, 123)
    assert any("real clips are 64 x 64 pixels and synthetic ones 123 x 91" in note
               for note in clips.notes)  # fmt: skip


def test_only_marked_clips_are_a_sentence(
    folder: Path, model: ImageToVideo, still_path: Path
) -> None:
    """It names both ways out."""
    synthesize(model, still_path, folder / "synthetic", "mp4", "gif")
    with pytest.raises(UsageError, match="show the word SYNTHETIC") as refusal:
        find_study_clips(folder)
    assert "--formats npy" in str(refusal.value)
    assert "--no-mark" in str(refusal.value)


def test_unmarked_videos_are_shown(folder: Path, model: ImageToVideo, still_path: Path) -> None:
    """Their manifest says so; without it nobody knows, and they are not."""
    synthesize(model, still_path, folder / "synthetic", "mp4", mark=False)
    assert len(find_study_clips(folder).clips) == 3
    for manifest in (folder / "synthetic").glob("manifest.*"):
        manifest.unlink()
    with pytest.raises(UsageError, match="or may"):
        find_study_clips(folder)


def test_real_clips_made_here_are_refused(
    folder: Path, model: ImageToVideo, still_path: Path
) -> None:
    """A mix-up of folders would spoil the study."""
    synthesize(model, still_path, folder / "synthetic", "npy")
    synthesize(model, still_path, folder / "real", "mp4")
    with pytest.raises(UsageError, match="was made by sonoloop: only real recordings"):
        find_study_clips(folder)


def test_unreadable_and_missing_clips_are_told(folder: Path) -> None:
    """A folder that is not there or empty, and a file that is left out."""
    with pytest.raises(UsageError, match="holds 0 usable clips"):
        find_study_clips(folder)
    with pytest.raises(UsageError, match="there is no folder"):
        find_study_clips(folder / "real")
    np.save(folder / "synthetic" / "a.npy", phantom_clip(np.random.default_rng(5), num_frames=12))
    (folder / "synthetic" / "b.npy").write_bytes(b"garbage")
    clips = find_study_clips(folder)
    assert any(note.startswith("synthetic/b.npy is left out") for note in clips.notes)
