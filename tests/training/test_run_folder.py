"""A run folder belongs to one run."""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen

import pytest
import torch
from torch import nn

from sonoloop.errors import UsageError
from sonoloop.training.checkpoint import Checkpoint, save_checkpoint
from sonoloop.training.run_folder import claimed_run, load_run, open_run, start_from

Elsewhere = Callable[[Path], AbstractContextManager[Popen[str]]]
CONFIG = {"stage": "toy", "training": {"max_steps": 10, "betas": (0.9, 0.99), "learning_rate": 1.0}}


def save_weights(run: Path, module: nn.Module) -> None:
    """Put a checkpoint with these averaged weights into a run."""
    checkpoint = Checkpoint(3, {}, module.state_dict(), {}, {})
    save_checkpoint(run / "checkpoints", checkpoint)


def test_new_run_has_config_and_environment(tmp_path: Path) -> None:
    """Both are there before the first step."""
    run = open_run(tmp_path / "deep" / "run", CONFIG, resume=False)
    assert json.loads((run.path / "config.json").read_text())["stage"] == "toy"
    assert "torch" in json.loads((run.path / "environment.json").read_text())
    assert run.samples.is_dir()


def test_resuming_nothing_starts(tmp_path: Path) -> None:
    """The same command with --resume works the first time too."""
    assert open_run(tmp_path / "run", CONFIG, resume=True).path.is_dir()


def test_second_run_is_refused(tmp_path: Path) -> None:
    """A finished training must not be overwritten by mistake."""
    open_run(tmp_path / "run", CONFIG, resume=False)
    with pytest.raises(UsageError, match=r"already holds a training run: add --resume .*--out"):
        open_run(tmp_path / "run", CONFIG, resume=False)


def test_resuming_with_other_settings_is_refused(tmp_path: Path) -> None:
    """The sentence names the key and both values."""
    open_run(tmp_path / "run", CONFIG, resume=False)
    other = {**CONFIG, "training": {**CONFIG["training"], "learning_rate": 2.0}}
    with pytest.raises(UsageError, match=r"training.learning_rate = 1.0, now it is 2.0"):
        open_run(tmp_path / "run", other, resume=True)


def test_a_moved_dataset_does_not_stop_a_run(tmp_path: Path) -> None:
    """Its hash says that it is the same one; the record names the new place."""
    open_run(tmp_path / "run", {**CONFIG, "data": "here"}, resume=False)
    run = open_run(tmp_path / "run", {**CONFIG, "data": "there"}, resume=True)
    assert json.loads((run.path / "config.json").read_text())["data"] == "there"


def test_longer_training_may_be_resumed(tmp_path: Path) -> None:
    """max_steps may grow, and the record of the run says so."""
    open_run(tmp_path / "run", CONFIG, resume=False)
    longer = {**CONFIG, "training": {**CONFIG["training"], "max_steps": 20}}
    open_run(tmp_path / "run", longer, resume=True)
    assert json.loads((tmp_path / "run" / "config.json").read_text()) == json.loads(
        json.dumps(longer)
    )


def test_leftovers_of_a_killed_process_go(tmp_path: Path) -> None:
    """A half-written checkpoint is no checkpoint."""
    run = open_run(tmp_path / "run", CONFIG, resume=False)
    (run.checkpoints / ".step-00000003.unfinished").mkdir()
    open_run(tmp_path / "run", CONFIG, resume=True)
    assert list(run.checkpoints.iterdir()) == []


def test_a_folder_that_another_process_trains_into_is_refused(
    tmp_path: Path, claimed_elsewhere: Elsewhere
) -> None:
    """Even with --resume, and before anything in it is touched."""
    open_run(tmp_path / "run", CONFIG, resume=False)
    before = (tmp_path / "run" / "environment.json").stat().st_mtime_ns
    with (
        claimed_elsewhere(tmp_path / "run"),
        pytest.raises(UsageError, match="is being written by another run"),
        claimed_run(tmp_path / "run", CONFIG, resume=True),
    ):
        pass
    assert (tmp_path / "run" / "environment.json").stat().st_mtime_ns == before
    with claimed_run(tmp_path / "run", CONFIG, resume=True) as run:
        assert run.path == tmp_path / "run"


def test_checkpoints_of_unknown_settings_are_refused(tmp_path: Path) -> None:
    """Going on with them would train something that no file describes."""
    open_run(tmp_path / "run", CONFIG, resume=False)
    save_weights(tmp_path / "run", nn.Linear(2, 2))
    (tmp_path / "run" / "config.json").unlink()
    with pytest.raises(UsageError, match=r"holds checkpoints but no config.json: restore it"):
        open_run(tmp_path / "run", CONFIG, resume=True)


def test_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "run").write_text("")
    with pytest.raises(UsageError, match=r"cannot write the run folder .*choose another --out"):
        open_run(tmp_path / "run" / "inner", CONFIG, resume=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_folder_without_permission_is_refused(tmp_path: Path) -> None:
    """A folder of someone else."""
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Permission denied"):
        open_run(tmp_path / "run", CONFIG, resume=False)


def test_trained_run_gives_config_and_weights(tmp_path: Path) -> None:
    """What export and stage 2 need."""
    open_run(tmp_path / "run", CONFIG, resume=False)
    module = nn.Linear(2, 2)
    save_weights(tmp_path / "run", module)
    config, ema_path = load_run(tmp_path / "run")
    assert config["stage"] == "toy"
    assert ema_path.name == "ema.safetensors"
    other = nn.Linear(2, 2)
    start_from(other, tmp_path / "run")
    assert torch.equal(other.weight, module.weight)


def test_starting_from_another_model_is_refused(tmp_path: Path) -> None:
    """The sentence names the file and what does not fit."""
    open_run(tmp_path / "run", CONFIG, resume=False)
    save_weights(tmp_path / "run", nn.Linear(2, 2))
    with pytest.raises(UsageError, match=r"ema.safetensors does not fit this model \(size"):
        start_from(nn.Linear(3, 2), tmp_path / "run")


def test_optional_parts_keep_their_own_weights(tmp_path: Path) -> None:
    """What the start lacks, has besides or has in another shape stays; the rest must fit."""
    open_run(tmp_path / "run", CONFIG, resume=False)
    start = nn.ModuleDict({"body": nn.Linear(2, 2), "label": nn.Embedding(2, 4)})
    save_weights(tmp_path / "run", start)
    module = nn.ModuleDict({"body": nn.Linear(2, 2), "label": nn.Embedding(3, 4)})
    module["label_scale"] = nn.Linear(1, 1)
    own = module["label"].weight.clone()
    start_from(module, tmp_path / "run", optional=("label",))
    assert torch.equal(module["body"].weight, start["body"].weight)
    assert torch.equal(module["label"].weight, own)
    with pytest.raises(UsageError, match="does not fit this model"):
        start_from(module, tmp_path / "run", optional=("label_scale",))


def test_folder_without_run_is_refused(tmp_path: Path) -> None:
    """Nothing there, or nothing trained yet."""
    with pytest.raises(UsageError, match="holds no training run"):
        load_run(tmp_path)
    open_run(tmp_path / "run", CONFIG, resume=False)
    with pytest.raises(UsageError, match="holds no checkpoint yet"):
        load_run(tmp_path / "run")


def test_broken_config_is_refused(tmp_path: Path) -> None:
    """The sentence names the file."""
    open_run(tmp_path / "run", CONFIG, resume=False)
    (tmp_path / "run" / "config.json").write_text("{")
    (tmp_path / "run" / "SHA256SUMS").unlink()
    with pytest.raises(UsageError, match=r"config.json is not valid JSON"):
        open_run(tmp_path / "run", CONFIG, resume=True)


def test_settings_that_differ_from_their_checksum_are_refused(tmp_path: Path) -> None:
    """To go on with or to build on; whoever means it takes the checksum away."""
    run = open_run(tmp_path / "run", CONFIG, resume=False)
    save_weights(run.path, nn.Linear(2, 2))
    path = run.path / "config.json"
    path.write_text(path.read_text().replace("toy", "toi"))
    with pytest.raises(UsageError, match=r"config\.json differs from its checksum in SHA256SUMS"):
        load_run(run.path)
    with pytest.raises(UsageError, match=r"config\.json differs from its checksum"):
        open_run(run.path, CONFIG, resume=True)
    (run.path / "SHA256SUMS").unlink()
    assert load_run(run.path).config["stage"] == "toi"
