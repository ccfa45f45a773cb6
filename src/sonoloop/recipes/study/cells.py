"""The trainings of a study: each a cell with a folder of its own, in any order, done once."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sonoloop.checksums import damaged_files, write_summed
from sonoloop.errors import SonoloopError
from sonoloop.recipes.study.options import EXTRA, PROBES, ModelName, StudyOptions

SCORES_FILE = "scores.json"
RUN_FOLDER = "run"
"""The training of a cell that is not done."""
FIRST = ("b", "k")
"""Arms that tell what true videos would gain; they come before all others."""


class Cell(NamedTuple):
    """One training of one classifier.

    Args:
        model: Which classifier.
        arm: What it is trained on.
        ratio: Share of the training patients that give videos.
        fold: Who is held out.
        seed: Of the training.
        share: Synthetic clips for one real clip; None where there are none to choose.
    """

    model: ModelName
    arm: str
    ratio: float
    fold: int
    seed: int
    share: float | None

    @property
    def name(self) -> str:
        """Its folder."""
        share = "" if self.share is None else f"-share{self.share:g}"
        return f"{self.model}-ratio{self.ratio:g}-{self.arm}{share}-fold{self.fold}-seed{self.seed}"


def plan_cells(options: StudyOptions, arms: tuple[str, ...]) -> list[Cell]:
    """List the cells of a study, those of arms (b) and (k) first.

    Args:
        options: Of the study.
        arms: Letters, and names of sources from elsewhere.
    """
    cells = [
        Cell(model, arm, ratio, fold, seed, share)
        for model in options.model_names
        for ratio in options.ratio_values
        for fold in options.fold_numbers
        for arm in arms
        for seed in range(options.seeds)
        for share in (options.share_values if has_share(arm) else (None,))
    ]
    return sorted(cells, key=lambda cell: (cell.arm not in FIRST, -cell.ratio, cell.fold))


def has_share(arm: str) -> bool:
    """Tell whether an arm mixes real clips with others.

    Args:
        arm: Its name.
    """
    return not (arm in {"a", "b"} | PROBES or arm.endswith("-only"))


def needs(cell: Cell) -> str:
    """Name the source of the cell's additional clips, "" for real clips only.

    Args:
        cell: The cell.
    """
    return EXTRA.get(cell.arm, cell.arm) or ""


def read_cell(study: Path, cell: Cell) -> dict[str, Any] | None:
    """Read what a cell found, None if it is not done.

    Args:
        study: Folder of the study.
        cell: The cell.

    Raises:
        SonoloopError: If the file is damaged.
    """
    path = cell_folder(study, cell) / SCORES_FILE
    if path.is_file() and damaged_files(path.parent, [SCORES_FILE]):
        msg = f"{path} differs from its checksum: delete it and run the study again"
        raise SonoloopError(msg)
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        msg = f"{path} is damaged ({error}): delete it and run the study again"
        raise SonoloopError(msg) from error
    return found


def write_cell(study: Path, cell: Cell, found: Mapping[str, object]) -> None:
    """Write what a cell found; from then on it is done.

    Args:
        study: Folder of the study.
        cell: The cell.
        found: Scores and what they were trained on.
    """
    described = {"cell": cell._asdict(), **found}
    content = (json.dumps(described, indent=1) + "\n").encode()
    write_summed(cell_folder(study, cell), {SCORES_FILE: content})


def cell_folder(study: Path, cell: Cell) -> Path:
    """Tell where a cell lies.

    Args:
        study: Folder of the study.
        cell: The cell.
    """
    return study / "cells" / cell.name


def clear_runs(study: Path, done: Iterable[Cell]) -> None:
    """Remove the trainings of cells that are done, where they still lie there.

    Args:
        study: Folder of the study.
        done: The cells.
    """
    for cell in done:
        run = cell_folder(study, cell) / RUN_FOLDER
        if run.exists():  # a probe has none
            shutil.rmtree(run)
