"""What the cells of a fold share."""

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from sonoloop.data.store import Store
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.fold import Originals, fold_clips
from sonoloop.recipes.study.options import StudyOptions
from sonoloop.recipes.study.synthesis import ClipMaker


def test_generators_are_trained_once_and_told_the_class_only_where_it_is_meant(
    study_context: StudyContext,
) -> None:
    """Requests are of held-out stills under both classes; all others of still-only patients."""
    calls: list[list[str]] = []
    asked: dict[str, list[str | None]] = {}
    division = study_context.divisions[0]

    def makers(
        dataset: Path,
        folder: Path,
        wanted: Collection[str],
        options: StudyOptions,
        where: Console,
    ) -> dict[str, ClipMaker]:
        del folder, options, where
        calls.append(list(wanted))
        items = [item.item_id for item in Store.open(dataset / "store").items]
        assert items == list(division.training)

        def make(name: str, starts: Any, labels: Any, samples: Any, *, seed: int) -> np.ndarray:  # noqa: ANN401
            del samples, seed
            asked.setdefault(name, []).extend(labels)
            return starts if name == "decoder" else np.repeat(starts[:, None], 16, 1)

        return {name: partial(make, name) for name in wanted}

    sources = ("cinn", "decoded", "lddm", "lddm-any", "random", "requests")
    originals = Originals(study_context.stills, study_context.true_clips)
    first, again = (
        fold_clips(
            study_context.folder, study_context.data, originals, division, sources,
            study_context.options, makers, Console(quiet=True),
        )
        for _ in range(2)
    )  # fmt: skip
    assert calls == [["cinn", "decoder", "lddm", "random"]]
    assert set(asked["cinn"]) == set(asked["random"]) == {None}
    assert set(asked["lddm"]) == {None, "moves", "rests"}
    assert {one.item for one in first["lddm"].requests} == set(division.stills)
    both = {(one.item, one.label) for one in first["requests"].requests}
    assert both == {(item, label) for item in division.held_out for label in (0, 1)}
    np.testing.assert_array_equal(first["lddm"].clips, again["lddm"].clips)
    decoded = first["decoded"]
    assert decoded.requests == first["lddm"].requests
    for request, clip in zip(decoded.requests, decoded.clips, strict=True):
        video = study_context.data.places([request.item])[0]
        np.testing.assert_array_equal(clip[0], study_context.data.first_frames.frames[video])
        steps = {0: 0, 1: 3}[int(study_context.data.class_names[video] == "moves")]
        for number, frame in enumerate(clip):
            np.testing.assert_array_equal(frame, np.roll(clip[0], steps * number, 1))
