"""The local engine."""

import torch

from sonoloop.recipes.study_cells import Cell, read_cell
from sonoloop.recipes.study_context import StudyContext
from sonoloop.recipes.study_engine import Engine, LocalEngine, torch_threads

CELL = Cell("r3d18", "b", 0.5, 0, 0, None)


def test_cells_are_made_in_order_and_told(study_context: StudyContext) -> None:
    """Each is written when it is told."""
    cells = [CELL, CELL._replace(fold=1)]
    told: list[Cell] = []

    def finished(cell: Cell) -> None:
        assert read_cell(study_context.folder, cell) is not None
        told.append(cell)

    engine: Engine = LocalEngine(threads=1)
    engine.run(study_context, cells, (), finished)
    assert told == cells


def test_threads_are_given_back() -> None:
    """Also after an error; None changes nothing."""
    former = torch.get_num_threads()
    try:
        with torch_threads(former + 1):
            assert torch.get_num_threads() == former + 1
            with torch_threads(None):
                assert torch.get_num_threads() == former + 1
            raise KeyError  # noqa: TRY301 - what the block does on an error is the test
    except KeyError:
        assert torch.get_num_threads() == former
