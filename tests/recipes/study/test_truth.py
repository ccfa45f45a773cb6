"""The study where the truth is known: phantoms whose classes differ in their motion alone.

The simulator stands in for the generator: asked for the class it is perfect, asked for none its
motion says nothing of the label. A quick probe stands in for the network: it sees how much a clip
moves, amid so much noise that few videos do not teach it and many do. All else is the study's.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.classification.logistic import fit_logistic
from sonoloop.data.phantom import Motion, phantom_clip
from sonoloop.data.splits import write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.recipes.study import context
from sonoloop.recipes.study.options import StudyOptions
from sonoloop.recipes.study.study import study
from sonoloop.recipes.study.synthesis import ClipMaker
from sonoloop.report.study_record import StudyRecord
from sonoloop.synthesis.seeds import pixels_sha256

COUNT, SIZE, NUM_FRAMES, RATE_HZ = 120, 64, 16, 16 / 1.92
MOTIONS: tuple[Motion, Motion] = ("fast", "slow")
NOISE_DIMS, SIGNAL = 300, 6.0
OPTIONS = StudyOptions(
    arms="b,c,d,g,i,i-any,k", ratios="0.1", folds=3, seeds=1, epochs=1, size=32, width=4,
    windows=1, samples=1, batch_size=16,
)  # fmt: skip


def _video(number: int, motion: Motion) -> np.ndarray:
    rng = np.random.default_rng([0, number])
    return phantom_clip(rng, size=SIZE, num_frames=NUM_FRAMES, frame_rate_hz=RATE_HZ, motion=motion)


@pytest.fixture(scope="module")
def phantoms() -> dict[Motion, np.ndarray]:
    """Simulate every phantom in both classes."""
    return {one: np.stack([_video(number, one) for number in range(COUNT)]) for one in MOTIONS}


class Probe:
    """Learns from movement amid noise that is each clip's own."""

    def __init__(self, clips: LabelledClips) -> None:
        """Fit."""
        features = self._features(clips.clips)
        self._mean = features.mean(0)
        self._scale = np.sqrt(((features - self._mean) ** 2).mean(0).sum())
        self._weights = fit_logistic((features - self._mean) / self._scale, clips.labels == 1)

    def probabilities(self, clips: np.ndarray) -> np.ndarray:
        """Give both classes' probabilities."""
        logits = (self._features(clips) - self._mean) / self._scale @ self._weights[:-1]
        positive = 1 / (1 + np.exp(-logits - self._weights[-1]))
        return np.stack([1 - positive, positive], 1)

    @staticmethod
    def _features(clips: np.ndarray) -> np.ndarray:
        moved = np.abs(np.diff(clips.astype(float), axis=1)).mean((1, 2, 3))
        noise = [np.random.default_rng(int(clip.sum(dtype=np.int64))).standard_normal(NOISE_DIMS)
                 for clip in clips]  # fmt: skip
        return np.concatenate([SIGNAL * (np.log1p(moved)[:, None] - 1.4), np.stack(noise)], 1)


def _run(
    folder: Path,
    labels: Sequence[Motion],
    videos: dict[Motion, np.ndarray],
    monkeypatch: Any,  # noqa: ANN401
) -> StudyRecord:
    """Run the study with labels, true or not, on videos that move as they do."""
    numbers = {pixels_sha256(videos["fast"][n][:1]): n for n in range(COUNT)}
    numbers |= {pixels_sha256(videos["slow"][n][:1]): n for n in range(COUNT)}
    dataset = folder / "dataset"
    dataset.mkdir(parents=True)
    ids = [f"phantom{number}" for number in range(COUNT)]
    with StoreWriter(dataset / "store", size=SIZE) as writer:
        for number, item in enumerate(ids):
            frames = videos[MOTIONS[number % 2]][number]
            times_s = np.arange(NUM_FRAMES) / RATE_HZ
            writer.add(Entry(item, labels[number], f"p{number}", "video"), frames, times_s)
    write_split(dataset / "split.json", dict.fromkeys(ids, "train"), ratios=(1.0, 0.0, 0.0), seed=0)
    pl.DataFrame({"item_id": ids, "label": labels}).write_parquet(dataset / "index.parquet")

    def simulate(
        stills: np.ndarray, asked: Sequence[str | None], samples: Sequence[int], *, seed: int
    ) -> np.ndarray:
        del samples
        rng = np.random.default_rng(seed)
        motions = [MOTIONS[int(rng.integers(2))] if one is None else one for one in asked]
        return np.stack(
            [
                videos[motion][numbers[pixels_sha256(still[None])]]  # type: ignore[index]
                for still, motion in zip(stills, motions, strict=True)
            ]
        )

    def makers(
        _data: Path, _out: Path, wanted: Collection[str], *_: object
    ) -> dict[str, ClipMaker]:
        return dict.fromkeys(wanted, simulate)

    def fit(clips: LabelledClips, *_: object, folder: Path, **__: object) -> Probe:
        folder.mkdir(parents=True)
        return Probe(clips)

    monkeypatch.setattr(context, "fit", fit)
    monkeypatch.setattr(
        context, "class_probabilities", lambda probe, clips: probe.probabilities(clips)
    )
    monkeypatch.setattr("sonoloop.recipes.study.cost.step_seconds", lambda *_: 0.001)
    # the stand-ins are no classifiers, which type checks at run time would refuse
    monkeypatch.setattr(context, "score", context.score.__wrapped__)
    record = study(
        dataset, folder / "study", OPTIONS, label="label", console=Console(quiet=True),
        makers=makers,  # type: ignore[arg-type]  # it looks at one argument only
    )  # fmt: skip
    assert record is not None
    return record


def test_a_perfect_generator_is_found_and_one_that_knows_nothing_is_not(
    phantoms: dict[Motion, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recovery of at least a half, certain to be above 0; none without the class."""
    labels = [MOTIONS[number % 2] for number in range(COUNT)]
    (result,) = _run(tmp_path, labels, phantoms, monkeypatch).results
    found = result.verdicts[0].recovery
    assert found is not None
    assert found.ratio is not None, found.reason
    assert found.ratio.estimate >= 0.5
    assert found.ratio.low > 0
    assert found.meets_target
    gains = {one.arm: one.difference for one in result.verdicts[0].against_baseline}
    assert gains["i-any"].low <= 0
    assert gains["i-any"].estimate < 0.2 * found.headroom.estimate
