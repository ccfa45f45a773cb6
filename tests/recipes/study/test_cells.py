"""Cells: which there are, in which order, and what they leave."""

from pathlib import Path

import pytest

from sonoloop.errors import SonoloopError
from sonoloop.recipes.study.cells import SCORES_FILE, Cell, needs, plan_cells, read_cell, write_cell
from sonoloop.recipes.study.options import StudyOptions

CELL = Cell("r3d18", "i", 0.5, 1, 0, 2.0)


def test_what_true_videos_gain_is_known_first() -> None:
    """Arms (b) and (k) come before all others; only mixed arms have shares to choose from."""
    options = StudyOptions(arms="a,b,i,k", folds=2, seeds=2, shares="1,2", ratios="0.5,0.3")
    cells = plan_cells(options, options.arm_names(("ours",)))
    per_fold = {"a": 2, "b": 2, "i": 4, "k": 4, "ours": 4}
    assert len(cells) == len(set(cells)) == 2 * 2 * sum(per_fold.values())
    first = 2 * 2 * (per_fold["b"] + per_fold["k"])
    assert {cell.arm for cell in cells[:first]} == {"b", "k"}
    assert {cell.arm for cell in cells[first:]} == {"a", "i", "ours"}
    assert len({cell.name for cell in cells}) == len(cells)


def test_sources() -> None:
    """An arm that no letter names needs the source of its name."""
    assert [needs(CELL._replace(arm=arm)) for arm in ("b", "i", "ours")] == ["", "lddm", "ours"]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A cell without scores is not done; a damaged one is named."""
    assert read_cell(tmp_path, CELL) is None
    write_cell(tmp_path, CELL, {"held_out": {"v": 0.5}})
    found = read_cell(tmp_path, CELL)
    assert found is not None
    assert found["held_out"] == {"v": 0.5}
    assert Cell(**found["cell"]) == CELL
    path = tmp_path / "cells" / CELL.name / SCORES_FILE
    path.write_text(path.read_text()[:20])
    with pytest.raises(SonoloopError, match=r"scores.json differs from its checksum: delete"):
        read_cell(tmp_path, CELL)
