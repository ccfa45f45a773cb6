"""Stage 1 from a dataset to a run folder, killed and resumed."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image
from rich.console import Console

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.checksums import SUMS_FILE
from sonoloop.errors import UsageError
from sonoloop.recipes.config import Preset
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.training.log import read_lines
from sonoloop.training.run_folder import load_run, start_from

QUIET = Console(quiet=True)


def losses(run: Path) -> list[object]:
    """Read every line's losses, training and validation, without times."""
    return [
        (line["step"], line.get("losses"), line.get("validation"))
        for line in read_lines(run / "log.jsonl")
    ]


def test_run_folder_is_complete(dataset: Path, small: Preset, tmp_path: Path) -> None:
    """Config with the data's fingerprint, log, strips and weights that load."""
    run = tmp_path / "run"
    assert train_autoencoder(dataset, small, run, console=QUIET).step == 6
    config = json.loads((run / "config.json").read_text())
    assert config["stage"] == "autoencoder"
    assert len(config["data_fingerprint"]) == 16
    start_from(VideoAutoencoder(small.autoencoder), run)
    assert load_run(run).config == config
    strips = sorted((run / "samples").iterdir())
    assert [strip.name for strip in strips] == ["step-00000004.png", "step-00000006.png"]
    with Image.open(strips[0]) as strip:
        width, height = strip.size
    assert width == 8 * 64
    assert height >= 2 * 64  # real frames over reconstructed ones
    first = read_lines(run / "log.jsonl")[0]
    assert {"step", "losses", "learning_rate", "clips_per_second", "seconds"} == first.keys()
    with pytest.raises(UsageError, match="add --resume"):
        train_autoencoder(dataset, small, run, console=QUIET)


def test_killed_training_resumes_bit_for_bit(dataset: Path, small: Preset, tmp_path: Path) -> None:
    """SIGKILL after a checkpoint, resume: the log equals that of a run left alone."""
    training = small.autoencoder_training.model_copy(
        update={"max_steps": 12, "checkpoint_minutes": 1e-9, "num_workers": 0}
    )
    preset = small.model_copy(update={"autoencoder_training": training})
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_autoencoder(dataset, preset, whole, console=QUIET)
    code = (
        "from pathlib import Path; from sonoloop.recipes.config import Preset;"
        "from sonoloop.recipes.train_autoencoder import train_autoencoder;"
        f"preset = Preset.model_validate_json({preset.model_dump_json()!r});"
        f"train_autoencoder(Path({str(dataset)!r}), preset, Path({str(parts)!r}))"
    )
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 300
        while len(list((parts / "checkpoints").glob("step-*"))) < 2:  # none before step 2
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    assert len(losses(parts)) < len(losses(whole))
    train_autoencoder(dataset, preset, parts, resume=True, console=QUIET)
    assert losses(parts) == losses(whole)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # one core, two workers
def test_readers_change_nothing(dataset: Path, small: Preset, tmp_path: Path) -> None:
    """With 0, 1 and 2 processes that read ahead, the same bytes in every weight."""
    weights = []
    for num_workers in (0, 1, 2):
        training = small.autoencoder_training.model_copy(
            update={"max_steps": 3, "num_workers": num_workers}
        )
        preset = small.model_copy(update={"autoencoder_training": training})
        outcome = train_autoencoder(dataset, preset, tmp_path / str(num_workers), console=QUIET)
        assert outcome.checkpoint is not None
        names = sorted(outcome.checkpoint.glob("*.safetensors"))
        weights.append([name.read_bytes() for name in names])
    assert len(weights[0]) == 3
    assert weights[0] == weights[1] == weights[2]


def test_other_weights_can_be_the_start(dataset: Path, small: Preset, tmp_path: Path) -> None:
    """With a learning rate of almost zero the run's weights stay those it started from."""
    train_autoencoder(dataset, small, tmp_path / "first", console=QUIET)
    training = small.autoencoder_training.model_copy(
        update={"learning_rate": 1e-12, "max_steps": 1, "weight_decay": 0.0}
    )
    preset = small.model_copy(update={"autoencoder_training": training})
    train_autoencoder(
        dataset, preset, tmp_path / "second", init=str(tmp_path / "first"), console=QUIET
    )
    models = [VideoAutoencoder(small.autoencoder) for _ in range(2)]
    for model, name in zip(models, ("first", "second"), strict=True):
        start_from(model, tmp_path / name)
    one, two = (model.state_dict() for model in models)
    assert all(torch.allclose(one[key], two[key], atol=1e-6) for key in one)


def test_other_data_is_refused_on_resume(dataset: Path, small: Preset, tmp_path: Path) -> None:
    """The fingerprint differs: the sentence says which setting."""
    run = tmp_path / "run"
    train_autoencoder(dataset, small, run, max_seconds=0.0, console=QUIET)
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config | {"data_fingerprint": "other"}))
    (run / SUMS_FILE).unlink()
    with pytest.raises(UsageError, match="was trained with data_fingerprint = 'other'"):
        train_autoencoder(dataset, small, run, resume=True, console=QUIET)


def test_dataset_of_another_size_is_refused(dataset: Path, small: Preset, tmp_path: Path) -> None:
    """Before anything is written."""
    clip = small.clip.model_copy(update={"size": 128})
    preset = small.model_copy(update={"clip": clip})
    with pytest.raises(UsageError, match="frames of 64 pixels, 128 asked for"):
        train_autoencoder(dataset, preset, tmp_path / "run", console=QUIET)
    assert not (tmp_path / "run").exists()


def test_r1_is_asked_for_in_mixed_precision_too(
    dataset: Path, small: Preset, tmp_path: Path
) -> None:
    """Regression: the wrapper of a module in mixed precision refuses gradients of its own."""
    training = small.autoencoder_training.model_copy(
        update={"precision": "bf16-mixed", "max_steps": 2}
    )
    losses = small.autoencoder_losses.model_copy(update={"temporal_adversarial": 1.0, "r1": 10.0})
    critics = small.critics.model_copy(update={"temporal_widths": (4, 4, 4, 4)})
    sections = {
        "autoencoder_training": training,
        "autoencoder_losses": losses,
        "critics": critics,
    }
    run = tmp_path / "run"
    preset = small.model_copy(update=sections)
    assert train_autoencoder(dataset, preset, run, console=Console(quiet=True)).step == 2
    (first, second) = (line["losses"] for line in read_lines(run / "log.jsonl") if "losses" in line)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["temporal_critic.r1"] > 0
    assert first["temporal_critic.r1"] != second["temporal_critic.r1"]
