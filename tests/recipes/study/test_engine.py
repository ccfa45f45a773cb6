"""The local engine."""

from sonoloop.recipes.study.cells import Cell, read_cell
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.engine import Engine, LocalEngine

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
