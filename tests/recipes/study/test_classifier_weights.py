"""Weights that networks of a study start from are checked before anything is trained."""

from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import save_file

from sonoloop.classification.config import ClassifierConfig
from sonoloop.classification.models import Classifier
from sonoloop.errors import UsageError
from sonoloop.recipes.study.fold import Makers
from sonoloop.recipes.study.options import StudyOptions
from sonoloop.recipes.study.study import study
from sonoloop.report.study_record import StudyRecord

QUIET = Console(quiet=True)
Finished = tuple[Path, StudyRecord]


def test_weights_to_start_from_are_looked_at_first(
    finished_study: Finished, study_dataset: Path, tmp_path: Path, stand_ins: Makers
) -> None:
    """None of another network, before anything is planned; none that changed since."""
    weights, out = tmp_path / "start.safetensors", tmp_path / "study"
    options = StudyOptions(
        **{**finished_study[1].options, "arms": "b", "initial_weights": f"r3d18={weights}"}
    )

    def run() -> None:
        study(study_dataset, out, options, label="label", console=QUIET, makers=stand_ins)

    with pytest.raises(UsageError, match="there is no such file of weights"):
        run()
    save_file({"other": torch.zeros(1)}, weights)
    with pytest.raises(UsageError, match="does not fit r3d18"):
        run()
    assert not out.exists()
    config = ClassifierConfig(classes=("moves", "rests"), size=32, width=4)
    state = Classifier(config).net.state_dict()
    save_file(state, weights)
    run()
    save_file({name: tensor + 1 for name, tensor in state.items()}, weights)
    with pytest.raises(UsageError, match=r"holds a study with initial-weights-sha256 \{'r3d18': "):
        run()
