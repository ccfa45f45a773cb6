"""The conditioner of the baseline: trained first, then frozen in the flow."""

from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from sonoloop.errors import UsageError
from sonoloop.flow.image_encoder import FrozenConditioner
from sonoloop.recipes.config import Preset
from sonoloop.recipes.export import export
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_conditioner import load_conditioner, train_conditioner
from sonoloop.recipes.train_flow import train_flow
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.training.log import read_lines
from sonoloop.training.run_folder import load_run

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def conditioner(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a conditioner for six steps."""
    run = tmp_path_factory.mktemp("conditioner") / "run"
    preset = with_conditioner(Preset.model_validate({"clip": {"size": 64}}))
    train_conditioner(dataset, preset, run, console=QUIET)
    return run


def with_conditioner(preset: Preset) -> Preset:
    """Return a preset with a frozen conditioner that trains in seconds."""
    training = preset.conditioner_training.model_copy(
        update={"max_steps": 6, "batch_size": 2, "log_every": 1, "sample_every": 4}
    )
    config = preset.conditioner.model_copy(
        update={"decoder_width": 4, "perceptual": 0.0, "patch_width": 4}
    )
    flow = preset.flow.model_copy(update={"conditioner": "resnet50", "condition_channels": 16})
    return preset.model_copy(
        update={"conditioner_training": training, "conditioner": config, "flow": flow}
    )


def test_the_run_is_complete(conditioner: Path) -> None:
    """Losses, the critic's from a fifth of the steps on, a strip and held-out losses."""
    lines = read_lines(conditioner / "log.jsonl")
    losses = [line["losses"] for line in lines if "losses" in line]
    assert [isinstance(one, dict) and "adversarial" in one for one in losses] == [False] * 2 + [
        True
    ] * 4
    assert [line["step"] for line in lines if "validation" in line] == [4, 6]
    assert (conditioner / "samples" / "step-00000006.png").is_file()


def test_a_flow_takes_it_and_leaves_it_as_it_is(
    dataset: Path, small: Preset, conditioner: Path, tmp_path: Path
) -> None:
    """Through training and export: the model folder is complete without the conditioner's run."""
    preset = with_conditioner(small)
    stage_1, flow = tmp_path / "stage1", tmp_path / "flow"
    train_autoencoder(dataset, preset, stage_1, max_seconds=0.0, console=QUIET)
    with pytest.raises(UsageError, match="run 'sonoloop train conditioner' and give its --out"):
        train_flow(dataset, stage_1, preset, tmp_path / "none", console=QUIET)
    train_flow(dataset, stage_1, preset, flow, conditioner=conditioner, console=QUIET)
    trained = load_file(load_run(flow).ema_path)
    given = load_file(load_run(conditioner).ema_path)
    kept = {name for name in given if name.startswith("encoder.")}
    assert kept
    assert all(torch.equal(trained[f"conditioner.{name}"], given[name]) for name in kept)
    assert load_run(flow).config["conditioner_run"] == str(conditioner)
    options = {"stage_2": "flow", "data": dataset, "out": tmp_path / "model", "name": "cinn"}
    export(stage_1, flow, **options, console=QUIET)  # type: ignore[arg-type]
    model = ImageToVideo.from_pretrained(tmp_path / "model")
    still = np.random.default_rng(0).integers(1, 255, (64, 64), dtype=np.uint8)
    assert model(still)[0][0].shape == (16, 64, 64)


def test_other_runs_and_other_lengths_are_refused(
    dataset: Path, small: Preset, conditioner: Path, tmp_path: Path
) -> None:
    """One sentence each; a conditioner that nothing asks for is a mistake too."""
    stage_1 = tmp_path / "stage1"
    train_autoencoder(dataset, small, stage_1, max_seconds=0.0, console=QUIET)
    with pytest.raises(UsageError, match="is a run of autoencoder, not of a conditioner"):
        load_conditioner(FrozenConditioner(16), stage_1)
    with pytest.raises(UsageError, match="does not fit this model"):
        load_conditioner(FrozenConditioner(8), conditioner)
    with pytest.raises(UsageError, match=r"has no use, because flow\.conditioner is 'joint'"):
        train_flow(
            *(dataset, stage_1, small, tmp_path / "flow"), conditioner=conditioner, console=QUIET
        )
