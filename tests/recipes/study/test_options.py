"""Options of a study: lists with commas, and numbers that are none."""

from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.study.options import StudyOptions


def test_lists_are_read_once_each() -> None:
    """Ratios come largest first, sources follow the arms."""
    options = StudyOptions(models="r3d18, tsm,r3d18", ratios="0.3,0.7,0.5", arms="b,i")
    assert options.model_names == ("r3d18", "tsm")
    assert options.ratio_values == (0.7, 0.5, 0.3)
    assert StudyOptions(shares="1,2").share_values == (1.0, 2.0)
    assert options.arm_names(("ours",)) == ("b", "i", "ours")
    assert list(options.fold_numbers) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"models": "resnet"}, "'resnet' is not one of r3d18, c3d, tsm, tdn, atmnet"),
        ({"ratios": "half"}, "'half' is not a number"),
        ({"ratios": "1"}, "1 must lie above 0 and below 1"),
        ({"shares": "0"}, "0 must lie above 0 and below 100"),
        ({"shares": ","}, "give at least one"),
        ({"folds": 1}, "--folds 1: at least 2 is needed"),
        ({"run_folds": 6}, "--run-folds 6: choose 1 to 5 of the 5"),
        ({"batch_size": 0}, "--batch-size 0: at least 1"),
        ({"generator_minutes": 0.0}, "--generator-minutes 0: must be above 0"),
        ({"initial_weights": "r3d18"}, "'r3d18' is not one of r3d18=PATH, c3d=PATH, tsm=PATH"),
        ({"initial_weights": "i3d-probe=w"}, "'i3d-probe=w' is not one of r3d18=PATH"),
        ({"initial_weights": "tsm="}, "'tsm=' is not one of r3d18=PATH"),
    ],
)
def test_no_study(values: dict[str, str], sentence: str) -> None:
    """The option is named."""
    with pytest.raises(UsageError, match=sentence):
        StudyOptions(**values)  # type: ignore[arg-type]  # wrong on purpose


def test_the_baseline_cannot_be_left_out() -> None:
    """Gains are counted from it."""
    with pytest.raises(UsageError, match="b is needed"):
        StudyOptions(arms="a,i").arm_names()


def test_networks_start_where_they_are_told() -> None:
    """One path a network; the others start from random weights."""
    assert StudyOptions().weight_files == {}
    options = StudyOptions(initial_weights="r3d18=runs/first, tsm=a=b.safetensors")
    assert options.weight_files == {
        "r3d18": Path("runs/first"),
        "tsm": Path("a=b.safetensors"),
    }
