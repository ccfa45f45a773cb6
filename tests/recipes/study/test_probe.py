"""Features that a study computes once."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from sonoloop.errors import UsageError
from sonoloop.recipes.study import probe as module
from sonoloop.recipes.study.cells import Cell, plan_cells, read_cell
from sonoloop.recipes.study.context import StudyContext, run_cell
from sonoloop.recipes.study.cost import clips_to_see, plan_lines
from sonoloop.recipes.study.probe import StudyFeatures

from ...change_net import ChangeNet


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> ChangeNet:
    """Put the stand-in where I3D is loaded."""
    found = ChangeNet()
    monkeypatch.setattr(module.I3dKinetics400, "from_weights", lambda **_: found)
    return found


def test_nothing_is_computed_twice(net: ChangeNet, tmp_path: Path) -> None:
    """Neither in one process nor in the next; rows come in the order asked for."""
    clips = np.random.default_rng(0).integers(0, 256, (5, 9, 8, 8), dtype=np.uint8)
    first = StudyFeatures(tmp_path, "cpu", Console(quiet=True))(clips)
    assert (len(net.seen), first.shape, first.dtype) == (5, (5, 3), np.float64)
    second = StudyFeatures(tmp_path, "cpu", Console(quiet=True))(clips[::-1])
    assert len(net.seen) == 5
    np.testing.assert_array_equal(second, first[::-1])


def test_a_probe_learns_what_features_hold(net: ChangeNet, study_context: StudyContext) -> None:
    """Blocks that rest and blocks that wander are told apart by their change."""
    cell = Cell("i3d-probe", "k", 0.5, 0, 0, 1.0)
    run_cell(study_context, cell, ())
    found = read_cell(study_context.folder, cell)
    assert found is not None
    truth = dict(zip(study_context.data.item_ids, study_context.data.labels, strict=True))
    for item, probability in found["held_out"].items():
        assert (probability > 0.5) == truth[item]
    assert net.seen
    sent: StudyContext = pickle.loads(pickle.dumps(study_context))  # noqa: S301 - made just now
    assert sent.features.console is not study_context.console
    assert sent.features is not study_context.features


@pytest.mark.usefixtures("net")
def test_the_plan_counts_clips(study_context: StudyContext) -> None:
    """Every window, every clip that generators will make, each once."""
    context = replace(study_context, options=replace(study_context.options, models="i3d-probe"))
    cells = plan_cells(context.options, ("b", "g", "i"))
    # 32 windows; two folds of 14 stills in equal classes, 2 clips of each, by two generators
    stills = sum(len(one.stills) for one in context.divisions)
    assert clips_to_see(context, cells) == 32 + 2 * 2 * stills
    text = "\n".join(plan_lines(context, cells, 0))
    assert f"i3d-probe: 6 fits on the features of {32 + 4 * stills} clips or fewer" in text


def test_missing_weights_are_told_before_anything_starts(
    study_context: StudyContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the command that fetches them."""
    monkeypatch.setenv("SONOLOOP_WEIGHTS_DIR", str(tmp_path / "none"))
    context = replace(study_context, options=replace(study_context.options, models="i3d-probe"))
    with pytest.raises(UsageError, match="sonoloop weights fetch i3d-kinetics-400"):
        list(plan_lines(context, plan_cells(context.options, ("b",)), 0))
