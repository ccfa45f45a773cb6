"""What synthetic clips are compared with besides the real ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from sonoloop.evaluation.clip_sets import ClipCollection, ClipSource
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.references import (
    draw,
    keep_with_floor,
    other_patients,
    still_repeated,
    training_clips,
)


def clips(count: int, *, rate_hz: float | None = 8.0, first: int = 0) -> ClipCollection:
    """Return clips of one patient each."""
    frames = np.arange(4 * 9, dtype=np.uint8).reshape(4, 3, 3)
    sources = [
        ClipSource(f"{n}.npy", f"patient {n}", str(n), (4, 3, 3), lambda: frames, rate_hz)
        for n in range(first, first + count)
    ]
    return ClipCollection(Path("x"), tuple(sources))


def test_draw_is_without_replacement_and_by_the_seed() -> None:
    """In order; all where there are not enough."""
    drawn = draw(100, 10, seed=3)
    assert drawn == sorted(set(drawn)) == draw(100, 10, seed=3)
    assert drawn != draw(100, 10, seed=4)
    assert draw(3, 10, seed=0) == [0, 1, 2]


def test_a_still_shows_its_first_frame_throughout() -> None:
    """Under a name that says so."""
    source = clips(1).sources[0]
    still = still_repeated(source)
    np.testing.assert_array_equal(still.read(), np.repeat(source.read()[:1], 4, axis=0))
    assert still.content != source.content
    assert "still" in still.name


def test_the_floor_is_kept_where_enough_clips_have_one() -> None:
    """Half of them, and at least 2; what is left out is noted."""
    found, notes = clips(4), []
    second = {source.stem: source for source in found.sources[:3]}
    assert keep_with_floor([0, 1, 2, 3], found, second, notes) == [0, 1, 2]
    assert "1 real clips have no second window" in notes[0]
    assert keep_with_floor([2, 3], found, second, notes) == [2, 3]
    assert "no floor" in notes[1]


def test_other_patients_are_others_and_play_at_the_same_rate() -> None:
    """Shorter videos, whose windows play faster, take part only with --resample."""
    base, notes = clips(5), []
    own, fast = clips(3), clips(6, rate_hz=12.0, first=20)
    train = replace(own, sources=(*own.sources, *fast.sources, *clips(8, first=10).sources))
    drawn = other_patients(train, base, EvaluateOptions(), notes)
    assert drawn is not None
    assert len(drawn) == 5
    assert {source.frame_rate_hz for source in drawn.sources} == {8.0}
    assert not {*drawn.groups} & {*base.groups}
    assert any("6 training clips play at another rate" in note for note in notes)
    every = other_patients(fast, base, EvaluateOptions(resample=True), notes)
    assert every is not None
    assert len(every) == 5


def test_too_few_other_patients_are_no_reference() -> None:
    """With the reason; so are none that are known."""
    base, notes = clips(5), []
    assert other_patients(clips(6), base, EvaluateOptions(), notes) is None
    assert "only 1 training clips of other patients" in notes[0]
    assert other_patients(None, base, EvaluateOptions(), notes) is None
    assert "--train" in notes[1]


def test_training_clips_are_unknown_for_a_folder(tmp_path: Path) -> None:
    """Only a prepared dataset knows its training side."""
    assert training_clips(tmp_path, EvaluateOptions()) is None
