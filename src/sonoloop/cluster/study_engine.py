"""``sonoloop study --engine ray``: one cell is one piece of work, and so are a fold's generators.

Machines need no disk in common. What cells read is put into Ray's memory once: clips, first frames,
and the dataset that a fold's generators are trained on, which the driver writes. Scores,
features of probes and generators come back as bytes, and the driver alone writes the folder of the
study.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, Final

import ray

from sonoloop.cluster.connection import Cluster, connected
from sonoloop.cluster.dispatch import Job, dispatched
from sonoloop.cluster.folder_bytes import pack_folder, unpack_folder
from sonoloop.cluster.software import Terms, require_software, software
from sonoloop.recipes.study.cells import RUN_FOLDER, Cell, cell_folder, needs, write_cell
from sonoloop.recipes.study.context import StudyContext, train_cell
from sonoloop.recipes.study.fold import fold_folder
from sonoloop.recipes.study.generators import write_training_dataset
from sonoloop.recipes.study.options import ASKED, DECODED, GENERATOR_OF
from sonoloop.recipes.study.probe import add_features, read_features
from sonoloop.recipes.study.synthesis import Synthetic
from sonoloop.recipes.torch_threads import torch_threads

DATASET: Final = "dataset"
"""Of a fold; the driver has it already."""
FoldKey = tuple[int, float]
Made = dict[str, Synthetic]
Measured = dict[str, bytes]
"""Features of probes, as files by name."""


@dataclass(frozen=True)
class RayEngine:
    """An :class:`~sonoloop.recipes.study.engine.Engine` that spreads cells over a cluster.

    A cell whose worker is lost is trained again, from its beginning: the same seed gives the same
    scores. Generators of a fold come before the cells that use them, (b) and (k) before both.

    Args:
        address: Of the cluster's head; None starts Ray on this machine.
        threads: CPU threads of each training.
    """

    address: str | None = None
    threads: int = 1

    def run(
        self,
        context: StudyContext,
        cells: Sequence[Cell],
        sources: Sequence[str],
        finished: Callable[[Cell], None],
    ) -> None:
        """Make the cells, all at once that fit.

        Raises:
            UsageError: If threads do not fit any machine, or one has other software.
            SonoloopError: If there is no cluster, or a cell was lost again and again.
        """
        if not cells:
            return
        with connected(self.address, threads=self.threads) as cluster:
            context.console.print(cluster.describe(), highlight=False, markup=False)
            study = _Spread(cluster, context, cells, sources)

            def lost(sentence: str) -> None:
                context.console.print(sentence, highlight=False, markup=False, soft_wrap=True)

            for job, result in dispatched(study.jobs(), lambda: cluster.slots, lost):
                cell = study.take(job.name, result)
                if cell is not None:
                    finished(cell)


class _Spread:
    """The work of one study, as pieces."""

    def __init__(
        self, cluster: Cluster, context: StudyContext, cells: Sequence[Cell], sources: Sequence[str]
    ) -> None:
        self.context = context
        self.sources = tuple(sources)
        self.terms = Terms(cluster.threads, software(), cluster.device)
        self.cells = {cell.name: cell for cell in cells}
        self.folds: dict[str, Cell] = {}  # by name, each with the first of its cells
        self.made: dict[FoldKey, Any] = {}
        self.measured: Measured = read_features(context.folder)
        self.measured_there: Any = None  # Ray's reference; None where new ones have come since
        self.uses = {_fold(cell): 0 for cell in cells}
        for cell in cells:
            self.uses[_fold(cell)] += self._needs_generators(cell)
        self.train = ray.remote(**cluster.resources)(train_remotely)
        self.make = ray.remote(**cluster.resources)(make_remotely)
        shared = replace(context, device=cluster.device, folder=Path(), _windows={})
        sizes = {context.size(cell) for cell in cells}
        if DECODED in self.sources:  # true clips, for a fold's stage 1
            sizes.add(context.data.clip.size)
        for size in sizes:
            shared.windows(size)
        self.shared = ray.put(shared)

    def jobs(self) -> Iterator[Job]:
        """Name all pieces, the generators of a fold before the first cell that needs them."""
        for cell in self.cells.values():
            if not self._needs_generators(cell):
                yield Job(cell.name, partial(self._start, cell))
                continue
            folder = fold_folder(self.context.folder, self.context.division(cell))
            if folder.name not in self.folds:
                self.folds[folder.name] = cell
                yield Job(folder.name, partial(self._start_making, cell, folder))
            yield Job(
                cell.name, partial(self._start, cell), partial(self.made.__contains__, _fold(cell))
            )

    def take(self, name: str, result: Any) -> Cell | None:  # noqa: ANN401 - of either kind
        """Write what came back; the cell if it was one."""
        if name in self.folds:
            cell = self.folds[name]
            folder = fold_folder(self.context.folder, self.context.division(cell))
            packed, made = result
            unpack_folder(packed, folder)
            self.made[_fold(cell)] = ray.put(made)
            self.context.console.print(f"{name}: generators and clips are there", markup=False)
            return None
        cell = self.cells[name]
        found, measured = result
        if measured:
            add_features(self.context.folder, measured)
            self.measured |= measured
            self.measured_there = None
        write_cell(self.context.folder, cell, found)
        rmtree(cell_folder(self.context.folder, cell) / RUN_FOLDER, ignore_errors=True)
        if self._needs_generators(cell):
            self.uses[_fold(cell)] -= 1
            if not self.uses[_fold(cell)]:
                del self.made[_fold(cell)]  # Ray forgets clips that no one holds
        return cell

    def _start(self, cell: Cell) -> Any:  # noqa: ANN401 - Ray's reference
        made = self.made[_fold(cell)] if self._needs_generators(cell) else None
        if self.measured_there is None:
            self.measured_there = ray.put(self.measured)
        return self.train.remote(
            self.shared, made, self.measured_there, cell, self.sources, self.terms
        )

    def _start_making(self, cell: Cell, folder: Path) -> Any:  # noqa: ANN401 - Ray's reference
        data, division = self.context.data, self.context.division(cell)
        write_training_dataset(data, division.training, folder / DATASET)
        packed = ray.put(pack_folder(folder))
        return self.make.remote(self.shared, packed, cell, self.sources, self.terms)

    def _needs_generators(self, cell: Cell) -> bool:
        return needs(cell) in GENERATOR_OF or cell.arm in ASKED


def train_remotely(
    context: StudyContext,
    made: Made | None,
    measured: Measured,
    cell: Cell,
    sources: Sequence[str],
    terms: Terms,
) -> tuple[dict[str, object], Measured]:
    """Train a cell on a worker.

    Args:
        context: The study, all clips in it.
        made: Clips of the fold's generators, if the cell needs any.
        measured: Features that are known.
        cell: Which training.
        sources: As the clips were made for.
        terms: Of the computation.

    Returns:
        Scores and what training saw, and the features that were not known.
    """
    require_software(terms.software)
    with torch_threads(terms.threads), TemporaryDirectory(prefix="sonoloop-") as scratch:
        folder = Path(scratch)
        context = replace(context, folder=folder)
        if cell.model == "i3d-probe":
            add_features(folder, measured)
        if made is not None:
            context.keep_made(cell, sources, made)
        found = train_cell(context, cell, sources, folder / RUN_FOLDER)
        features = read_features(folder)
    return found, {name: features[name] for name in features.keys() - measured.keys()}


def make_remotely(
    context: StudyContext, packed: bytes, cell: Cell, sources: Sequence[str], terms: Terms
) -> tuple[bytes, Made]:
    """Train the generators of a cell's fold on a worker, and let them make their clips.

    Args:
        context: The study.
        packed: The fold's folder: its dataset, and what an earlier run left.
        cell: Of the fold.
        sources: Whose clips are wanted.
        terms: Of the computation.

    Returns:
        The folder without its dataset, and the clips by source.
    """
    require_software(terms.software)
    with torch_threads(terms.threads), TemporaryDirectory(prefix="sonoloop-") as scratch:
        context = replace(context, folder=Path(scratch))
        folder = fold_folder(context.folder, context.division(cell))
        unpack_folder(packed, folder)
        made = context.made(cell, sources)
        return pack_folder(folder, without={DATASET}), dict(made)


def _fold(cell: Cell) -> FoldKey:
    return cell.fold, cell.ratio
