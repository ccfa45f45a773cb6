"""One cell: its settings, its scores, its resumption."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file

from sonoloop.classification.models import Classifier
from sonoloop.recipes.study import context as module
from sonoloop.recipes.study.cells import Cell, read_cell
from sonoloop.recipes.study.context import StudyContext, content, run_cell
from sonoloop.recipes.study.data import of_items
from sonoloop.recipes.study.fold import trained_makers
from sonoloop.recipes.study.synthesis import Synthetic

CELL = Cell("r3d18", "b", 0.5, 0, 0, None)


def test_all_arms_differ_in_their_clips_alone(study_context: StudyContext) -> None:
    """Same steps, optimiser, classes; (a) alone is augmented less."""
    arms = [
        study_context.settings(Cell("r3d18", arm, 0.5, 0, 0, 1.0 if arm > "b" else None))
        for arm in "abcdefghijk"
    ]
    alike = {one.model_copy(update={"synthetic_share": None}).model_dump_json() for one in arms[1:]}
    assert len(alike) == 1
    assert {one.synthetic_share for one in arms[2:]} == {0.5}
    assert [one.augmentation for one in arms[:2]] == ["consistent", "strong"]
    assert arms[0].max_steps == arms[1].max_steps
    division = study_context.divisions[0]
    assert arms[0].max_steps == -(-(len(division.training) + len(division.stills)) // 4)


def test_filling_draws_all_clips_alike(study_context: StudyContext) -> None:
    """The counts then decide the share."""
    context = replace(study_context, options=replace(study_context.options, balance="fill"))
    settings = context.settings(CELL._replace(arm="i", share=1.0))
    assert (settings.synthetic_share, settings.class_balanced) == (None, False)


def test_a_network_starts_from_the_weights_it_was_given(
    study_context: StudyContext, tmp_path: Path
) -> None:
    """A run of this network, in every arm; other networks start from random weights."""
    run_cell(study_context, CELL, ())
    weights = tmp_path / "start.safetensors"
    model = Classifier(study_context.config(CELL))
    save_file({name: tensor + 1 for name, tensor in model.net.state_dict().items()}, weights)
    options = replace(study_context.options, initial_weights=f"r3d18={weights}")
    context = replace(study_context, folder=tmp_path / "started", options=options)
    assert context.settings(CELL._replace(arm="k", share=1.0)).initial_weights == weights
    assert context.settings(CELL._replace(model="tsm")).initial_weights is None
    run_cell(context, CELL, ())
    scores = [read_cell(one.folder, CELL) for one in (study_context, context)]
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[0]["held_out"] != scores[1]["held_out"]
    assert scores[0]["training_sha256"] == scores[1]["training_sha256"]


def test_a_cell_scores_who_was_held_out(study_context: StudyContext) -> None:
    """It says what training saw, and a second run of it scores the same."""
    run_cell(study_context, CELL, ())
    found = read_cell(study_context.folder, CELL)
    assert found is not None
    division = study_context.division(CELL)
    assert set(found["held_out"]) == set(division.held_out)
    assert set(found["validation"]) == set(division.validation)
    assert all(0 <= value <= 1 for value in found["held_out"].values())
    windows = study_context.windows(32)
    assert found["training_sha256"] == content(of_items(windows, division.training))
    assert not set(found["training_sha256"]) & set(content(of_items(windows, division.held_out)))
    assert not (study_context.folder / "cells" / CELL.name / "run").exists()
    other = replace(study_context, folder=study_context.folder / "again")
    run_cell(other, CELL, ())
    again = read_cell(other.folder, CELL)
    assert again is not None
    assert again["held_out"] == found["held_out"]


def test_an_interrupted_cell_goes_on(
    study_context: StudyContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run folder stays, no scores are written."""
    folders: list[Path] = []

    def stop(*_: object, folder: Path, **__: object) -> None:
        folders.append(folder)
        folder.mkdir(parents=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "fit", stop)
        with pytest.raises(KeyboardInterrupt):
            run_cell(study_context, CELL, ())
    assert folders[0].is_dir()
    assert read_cell(study_context.folder, CELL) is None
    run_cell(study_context, CELL, ())
    assert read_cell(study_context.folder, CELL) is not None


def test_a_context_travels_without_its_terminal(study_context: StudyContext) -> None:
    """What arrives trains the same; nobody reads there."""
    arrived = pickle.loads(pickle.dumps(replace(study_context, makers=trained_makers)))  # noqa: S301
    assert arrived.console.quiet
    assert arrived.divisions == study_context.divisions
    assert study_context.console is not None


def test_clips_can_be_brought(study_context: StudyContext) -> None:
    """Then no generator is asked."""
    cell = CELL._replace(arm="i", share=1.0)
    clips = {"lddm": Synthetic(np.zeros((0, 16, 64, 64), np.uint8), [])}
    study_context.keep_made(cell, ("lddm", "true"), clips)
    assert study_context.made(cell, ("lddm",)) is clips
