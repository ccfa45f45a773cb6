"""A model learns a few videos in seconds."""

import shutil
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console

from sonoloop.data.phantom_files import write_phantoms
from sonoloop.errors import UsageError
from sonoloop.flow.config import FlowConfig
from sonoloop.recipes import adapt as recipe
from sonoloop.recipes.adapt import adapt, adaptation_preset
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.pretrained import find_model, read_model
from sonoloop.training.log import read_lines
from sonoloop.training.loop import Outcome

BUDGET_MINUTES = 0.05


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write ten phantoms of two classes."""
    folder = tmp_path_factory.mktemp("videos") / "phantoms"
    write_phantoms(folder, count=10, size=64, seed=0, num_frames=20)
    return folder


def test_a_model_comes_out_and_work_is_not_done_twice(
    videos: Path, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new model runs, knows the videos' labels and motion, and says what it was made of.

    Lost and asked for again, it is exported from the trainings that are there.
    """
    monkeypatch.setattr(recipe, "ENCODINGS", 32)
    text = StringIO()
    console = Console(file=text, width=300)
    out = tmp_path / "model"
    options = {
        "minutes": BUDGET_MINUTES, "model": str(model_folder), "stage_1": "adapt",
        "console": console,
    }  # fmt: skip
    config = adapt([videos], out, **options)  # type: ignore[arg-type]
    assert config.diffusion.labels == ("cyst", "solid")
    assert config.diffusion.motion
    assert config.autoencoder == read_model(model_folder)[0].autoencoder
    assert config.trained_on == "speckle, adapted to 8 own videos"
    loops = ImageToVideo.from_pretrained(out)(next(videos.rglob("*.mp4")), label="cyst", motion=0.8)
    assert loops[0][0].shape == (16, 64, 64)
    said = text.getvalue()
    assert "1/4 8 videos to train on, 2 held out to check" in said
    assert "2 held-out clips of 2 patients or groups: reconstruction" in said
    assert "2 groups are too few to trust these numbers" in said
    assert f"{tmp_path / 'model-work'} holds the videos' frames" in said
    with pytest.raises(UsageError, match="holds a model already: choose another --out"):
        adapt([videos], out, **options)  # type: ignore[arg-type]
    logs = [read_lines(out.with_name("model-work") / s / "log.jsonl") for s in STAGES]
    (out / "config.json").unlink()
    assert adapt([videos], out, **options).weights_sha256 == config.weights_sha256  # type: ignore[arg-type]
    for stage, log in zip(STAGES, logs, strict=True):
        assert read_lines(out.with_name("model-work") / stage / "log.jsonl") == log


STAGES = ("autoencoder", "diffusion")


def test_a_manifest_without_labels_needs_a_word(
    videos: Path, model_folder: Path, tmp_path: Path
) -> None:
    """The message names the option, and the option helps."""
    manifest = tmp_path / "manifest.csv"
    files = sorted(videos.rglob("*.mp4"))
    for file in files:
        shutil.copy(file, tmp_path)
    manifest.write_text("path\n" + "".join(f"{file.name}\n" for file in files))
    options = {
        "minutes": BUDGET_MINUTES,
        "model": str(model_folder),
        "console": Console(quiet=True),
    }
    with pytest.raises(UsageError, match=r"no column label .* with --label-column \(none for no"):
        adapt([tmp_path], tmp_path / "model", **options)  # type: ignore[arg-type]
    config = adapt([tmp_path], tmp_path / "model", label_column="none", **options)  # type: ignore[arg-type]
    assert config.diffusion.labels == ()


def test_interruption_is_no_end(
    videos: Path, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a signal nothing is exported."""
    stopped = Outcome(3, "SIGINT received", None)
    monkeypatch.setattr(recipe, "train_autoencoder", lambda *_, **__: stopped)
    with pytest.raises(KeyboardInterrupt, match="SIGINT received"):
        adapt([videos], tmp_path / "out", model=str(model_folder), console=Console(quiet=True))
    assert not (tmp_path / "out").exists()


def test_a_fine_tuned_stage_1_is_not_called_kept(
    videos: Path, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an earlier call adapted it in the same folder."""
    monkeypatch.setattr(recipe, "train_autoencoder", lambda *_, **__: Outcome(7, None, None))
    with pytest.raises(UsageError, match=r"fine-tuned: delete .*out-work, or choose another --out"):
        adapt([videos], tmp_path / "out", model=str(model_folder), console=Console(quiet=True))


def test_stage_1_is_kept(videos: Path, model_folder: Path, tmp_path: Path) -> None:
    """Its weights are the model's, to the rounding of fp16; stage 2 gets the time."""
    text = StringIO()
    out = tmp_path / "kept"
    adapt(
        [videos], out, minutes=BUDGET_MINUTES / 2, model=str(model_folder),
        console=Console(file=text, width=300),
    )  # fmt: skip
    assert "2/4 stage 1 of tiny is kept" in text.getvalue()
    before, after = (read_model(folder)[1] for folder in (model_folder, out))
    same = {name: torch.equal(after[name], tensor) for name, tensor in before.items()}
    assert all(same[name] for name in same if name.startswith("autoencoder."))
    assert not all(same[name] for name in same if name.startswith("diffusion."))


def test_settings_fit_model_and_videos() -> None:
    """The architecture is the model's, control is learnt, few videos are encoded more often."""
    base = read_model(find_model("default"))[0]
    few, many = adaptation_preset(base, 10), adaptation_preset(base, 200)
    assert few.autoencoder == base.autoencoder
    assert few.clip == base.clip
    assert few.control
    assert few.latent_cache.encodings_per_video > many.latent_cache.encodings_per_video >= 2


def test_a_model_of_the_baseline_is_refused() -> None:
    """Its stage 2 is a flow."""
    base = read_model(find_model("default"))[0]
    baseline = base.model_copy(update={"diffusion": None, "flow": FlowConfig(), "name": "cinn"})
    with pytest.raises(UsageError, match=r"cinn has no diffusion model as stage 2 \(flow\)"):
        adaptation_preset(baseline, 10)


def test_no_time_is_refused(videos: Path, tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match="minutes must be above 0, got 0"):
        adapt([videos], tmp_path / "out", minutes=0.0)
