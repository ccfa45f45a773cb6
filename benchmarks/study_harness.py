"""Is what the study says true? It is run where the truth is known.

    python benchmarks/study_harness.py WORK [--nulls 5] [--models i3d-probe] [--trained-minutes 2]

On phantoms whose classes differ in their motion alone, with generators whose quality is known: the
simulator itself, asked for the class (all that true videos give), and asked for none (nothing).
``--nulls`` repeats the study with labels drawn at random, where every claim is false.
``--trained-minutes`` adds a generator that is trained.
"""

import argparse
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
from rich.console import Console

from sonoloop.data.phantom import Motion, phantom_clip
from sonoloop.data.recording import Frames
from sonoloop.data.splits import SplitName, write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.recipes.study.fold import trained_makers
from sonoloop.recipes.study.options import StudyOptions
from sonoloop.recipes.study.study import study
from sonoloop.recipes.study.synthesis import ClipMaker
from sonoloop.report.study_record import StudyRecord
from sonoloop.synthesis.seeds import pixels_sha256

SIZE, NUM_FRAMES, FRAME_RATE_HZ = 64, 16, 16 / 1.92
MOTIONS: tuple[Motion, ...] = get_args(Motion)


class Simulator:
    """Moves the still of a phantom as the phantom would have moved in another class.

    Args:
        seed: Of the phantoms.
        count: How many there are.
    """

    def __init__(self, seed: int, count: int) -> None:
        """Remember which still is whose."""
        self._seed = seed
        self._number = {
            pixels_sha256(self.video(number, MOTIONS[number % 2])[:1]): number
            for number in range(count)
        }

    def video(self, number: int, motion: Motion) -> Frames:
        """Simulate one phantom."""
        rng = np.random.default_rng([self._seed, number])
        return phantom_clip(
            rng, size=SIZE, num_frames=NUM_FRAMES, frame_rate_hz=FRAME_RATE_HZ, motion=motion
        )

    def __call__(
        self, starts: Frames, labels: Sequence[str | None], samples: Sequence[int], *, seed: int
    ) -> np.ndarray:
        """Make clips; without a class each motion is as likely."""
        del samples  # one clip of each still
        rng = np.random.default_rng(seed)
        known: dict[str, Motion] = {str(motion): motion for motion in MOTIONS}
        drawn = [MOTIONS[int(rng.integers(2))] for _ in starts]
        return np.stack(
            [
                self.video(
                    self._number[pixels_sha256(still[None])],
                    other if label is None else known[label],
                )
                for still, label, other in zip(starts, labels, drawn, strict=True)
            ]
        )


def write_dataset(folder: Path, simulator: Simulator, count: int, labels: Sequence[Motion]) -> Path:
    """Write phantoms as a prepared dataset, a patient each."""
    import polars as pl  # noqa: PLC0415

    folder.mkdir(parents=True)
    sides: dict[str, SplitName] = {}
    with StoreWriter(folder / "store", size=SIZE) as writer:
        for number in range(count):
            entry = Entry(f"phantom{number}", labels[number], f"patient{number}", "video")
            frames = simulator.video(number, MOTIONS[number % 2])
            writer.add(entry, frames, np.arange(NUM_FRAMES) / FRAME_RATE_HZ)
            sides[entry.item_id] = "train"
    write_split(folder / "split.json", sides, ratios=(1.0, 0.0, 0.0), seed=0)
    pl.DataFrame({"item_id": list(sides), "label": list(labels)}).write_parquet(
        folder / "index.parquet"
    )
    return folder


def simulated(
    dataset: Path,
    folder: Path,
    wanted: Collection[str],
    options: StudyOptions,
    console: Console,
    *,
    simulator: Simulator,
) -> Mapping[str, ClipMaker]:
    """Give the simulator for every generator wanted."""
    del dataset, folder, options, console
    return dict.fromkeys(wanted, simulator)


def report(name: str, found: StudyRecord | None) -> None:
    """Print what was said."""
    if found is None:
        return
    for result in found.results:
        areas = ", ".join(f"{arm.arm} {arm.auroc.estimate:.3f}" for arm in result.arms)
        for verdict in result.verdicts:
            print(f"{name}: {areas}\n  {verdict.answer}: {verdict.sentence}")
            if verdict.recovery is not None:
                print(f"  recovery {verdict.recovery.ratio} {verdict.recovery.reason}")


def main() -> None:
    """Run the studies one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--ratio", type=float, default=0.1)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--models", default="r3d18")
    parser.add_argument("--arms", default="b,c,d,e,g,i,i-any,k")
    parser.add_argument("--nulls", type=int, default=0)
    parser.add_argument("--trained-minutes", type=float)
    given = parser.parse_args()
    options = StudyOptions(
        models=given.models, ratios=str(given.ratio), arms=given.arms, folds=given.folds,
        seeds=given.seeds, epochs=given.epochs, width=given.width, size=given.size, samples=1,
        windows=1, generator_preset="tiny", generator_minutes=given.trained_minutes,
        undecidable="go-on",  # null runs are undecidable, and must claim nothing even so
    )  # fmt: skip
    simulator = Simulator(0, given.count)
    makers = partial(simulated, simulator=simulator)
    labels = [MOTIONS[number % 2] for number in range(given.count)]
    dataset = given.work / "phantoms"
    if not dataset.is_dir():
        write_dataset(dataset, simulator, given.count, labels)
    report("known", study(dataset, given.work / "known", options, label="label", makers=makers))
    if given.trained_minutes:
        found = study(dataset, given.work / "trained", options, label="label",
                      makers=trained_makers)  # fmt: skip
        report("trained", found)
    for null in range(given.nulls):
        folder = given.work / f"null{null}"
        shuffled = np.random.default_rng([7, null]).permutation(labels).tolist()
        if not folder.is_dir():
            write_dataset(folder, simulator, given.count, shuffled)
        out = given.work / f"null{null}-study"
        report(f"null {null}", study(folder, out, options, label="label", makers=makers))


if __name__ == "__main__":
    main()
