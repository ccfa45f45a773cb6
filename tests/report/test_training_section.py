"""One training on the page."""

from dataclasses import replace
from math import nan
from pathlib import Path

import pytest

from sonoloop.report.media import Media
from sonoloop.report.training_run import LogLine, TrainingRun
from sonoloop.report.training_section import training_section, training_title, training_warnings


@pytest.fixture
def run(training_path: Path) -> TrainingRun:
    """Read the invented training."""
    return TrainingRun.read(training_path)


def test_section_shows_curves_samples_and_settings(run: TrainingRun) -> None:
    """Training and validation in one plot; every setting in a fold."""
    page = training_section(run, "training-1")
    assert page.startswith('<section id="training-1">')
    assert page.count("<svg") == 3  # loss, kl, learning rate
    assert page.count('class="curve validation"') == 2  # legend and line of the one that has it
    assert "2000 steps in 8.33 minutes" in page
    assert "validation loss" in page
    assert page.count("<img ") == 2
    assert "autoencoder.encoder_widths" in page
    assert training_title(run) == "Training of the autoencoder: stage1"


def test_new_run_has_no_empty_plots(run: TrainingRun) -> None:
    """It says that nothing was logged."""
    page = training_section(replace(run, log=(), strips={}), "a")
    assert "none logged yet" in page
    assert "<svg" not in page
    assert "<h3>Samples</h3>" not in page


def test_warnings(run: TrainingRun) -> None:
    """No log, no validation, losses that are no number, damaged samples."""
    assert list(training_warnings(run)) == []
    assert list(training_warnings(replace(run, log=()))) == ["nothing logged yet"]
    log = (LogLine(step=1, losses={"loss": 1.0, "kl": nan}),)
    broken = replace(run, log=log, strips={"a.png": Media(problem="a.png is damaged")})
    unvalidated, no_number, sample = training_warnings(broken)
    assert "no validation losses" in unvalidated
    assert no_number.endswith("left out of the curves: kl")
    assert sample == "sample a.png is damaged"
    assert "nan" not in training_section(broken, "a")
