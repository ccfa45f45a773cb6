"""Requests, kept clips and models as makers."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sonoloop.data.phantom import phantom_clip
from sonoloop.recipes.study.synthesis import ModelMaker, Rebuilder, Request, kept, requests_for


def test_every_class_gets_as_many_clips() -> None:
    """Five stills of one class and two of the other, spread evenly over each."""
    requests = requests_for(list("abcdefg"), [0, 0, 0, 0, 0, 1, 1], 2)
    assert Counter(one.label for one in requests) == {0: 10, 1: 10}
    assert Counter(one.item for one in requests) == dict.fromkeys("abcde", 2) | {"f": 5, "g": 5}
    assert len(set(requests)) == 20


def test_clips_are_made_once(tmp_path: Path) -> None:
    """Unless something else is asked for."""
    calls = []

    def make() -> np.ndarray:
        calls.append(1)
        return np.full((2, 3, 4, 4), len(calls), np.uint8)

    requests = [Request("a", 0, 0), Request("b", 1, 0)]
    path = tmp_path / "clips" / "lddm.npz"
    first, again = kept(path, requests, make), kept(path, requests, make)
    assert len(calls) == 1
    assert first.requests == again.requests == requests
    np.testing.assert_array_equal(first.clips, again.clips)
    kept(path, requests[:1], make)
    assert len(calls) == 2


def test_a_model_moves_prepared_stills_as_they_are() -> None:
    """Clips have the dataset's size, begin with the still, and depend on the sample alone."""
    maker = ModelMaker(Path("default"))
    y, x = np.mgrid[:128, :128]
    stills = np.stack([100 + 50 * np.sin(x / 9 + n) * np.cos(y / 7) for n in range(2)])
    stills = stills.astype(np.uint8)
    clips = maker(stills, [None, None], [0, 0], seed=0)
    assert clips.shape == (2, 16, 128, 128)
    np.testing.assert_array_equal(clips[:, 0], stills)
    alone = maker(stills[1:], [None], [0], seed=0)
    assert np.abs(alone[0].astype(int) - clips[1]).max() <= 1
    other = maker(stills[1:], [None], [1], seed=0)
    assert np.abs(other[0].astype(int) - clips[1]).max() > 1


def test_stage_1_gives_true_clips_back_about_as_they_were() -> None:
    """What changes since the first frame is what changed in that clip, and in no other."""
    clips = np.stack(
        [
            phantom_clip(np.random.default_rng(n), size=128, num_frames=16, frame_rate_hz=25 / 3)
            for n in range(2)
        ]
    )
    rebuilder = Rebuilder(Path("default"))
    made = rebuilder(clips, [None, None], [0, 0], seed=0)
    np.testing.assert_array_equal(made[:, 0], clips[:, 0])
    changes = [(one - one[0].astype(float)).ravel() for one in (*made, *clips)]
    like = np.corrcoef(changes)[:2, 2:]
    assert like.diagonal().min() > 0.4
    assert max(like[0, 1], like[1, 0]) < 0.1
    (alone,) = rebuilder(clips[1:], [None], [0], seed=0)
    assert np.abs(alone.astype(int) - made[1]).max() <= 1


@pytest.mark.parametrize("samples", [1, 3])
def test_one_class_alone_is_served_too(samples: int) -> None:
    """As many clips as stills times samples."""
    assert len(requests_for(["a", "b"], [1, 1], samples)) == 2 * samples
