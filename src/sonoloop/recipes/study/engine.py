"""Where the trainings of a study run: one by one in this process, or where an engine takes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sonoloop.recipes.study.cells import Cell
from sonoloop.recipes.study.context import StudyContext, run_cell
from sonoloop.recipes.torch_threads import torch_threads


@runtime_checkable
class Engine(Protocol):
    """Anything that makes the trainings of a study."""

    def run(
        self,
        context: StudyContext,
        cells: Sequence[Cell],
        sources: Sequence[str],
        finished: Callable[[Cell], None],
    ) -> None:
        """Make the cells, and write each into the folder of the study when it is done.

        Args:
            context: The study.
            cells: What is left, in the order in which it is wanted.
            sources: All sources that generators make clips of.
            finished: Told of every cell that was written.
        """
        ...


@dataclass(frozen=True)
class LocalEngine:
    """One training after the other, in this process.

    Args:
        threads: CPU threads of each; None takes torch's own number.
    """

    threads: int | None = None

    def run(
        self,
        context: StudyContext,
        cells: Sequence[Cell],
        sources: Sequence[str],
        finished: Callable[[Cell], None],
    ) -> None:
        """Make the cells in their order; see :class:`Engine`."""
        with torch_threads(self.threads):
            for cell in cells:
                run_cell(context, cell, sources)
                finished(cell)
