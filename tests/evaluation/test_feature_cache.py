"""Features kept by the content of clips."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sonoloop.errors import UnreadableFileError
from sonoloop.evaluation.clip_sets import ClipSource, to_clip
from sonoloop.evaluation.feature_cache import FeatureCache
from sonoloop.shapes import Clip


class Net:
    """Mean and spread, counting how many clips it saw."""

    id, checksum, num_features = "net/of-tests", "0" * 64, 2

    def __init__(self) -> None:
        """Start counting."""
        self.seen = 0

    def __call__(self, clip: Clip) -> torch.Tensor:
        """Return two numbers a clip."""
        self.seen += len(clip)
        flat = clip.flatten(1)
        return torch.stack([flat.mean(1), flat.std(1)], 1)


def sources(count: int) -> list[ClipSource]:
    """Return clips of noise."""
    rng = np.random.default_rng(0)
    clips = rng.integers(0, 256, (count, 3, 8, 8), dtype=np.uint8)
    return [
        ClipSource(str(n), str(n), str(n), (3, 8, 8), lambda clip=clip: clip)  # type: ignore[misc]
        for n, clip in enumerate(clips)
    ]


def test_features_are_computed_once(tmp_path: Path) -> None:
    """Another cache on the same folder asks the net for new clips only, whatever their names."""
    clips, net = sources(7), Net()
    done: list[int] = []
    first = FeatureCache(tmp_path, net).features(clips[:5], done.append)
    assert net.seen == sum(done) == 5
    again = FeatureCache(tmp_path, net).features([*clips[::-1], clips[0]])
    assert net.seen == 7
    assert torch.equal(again[[6, 5, 4, 3, 2]], first)
    assert torch.equal(again[7], first[0])
    expected = Net()(to_clip(clips[1].read()))
    torch.testing.assert_close(first[1:2], expected)


def test_another_net_has_its_own_file(tmp_path: Path) -> None:
    """The checksum is part of the name."""
    net, other = Net(), Net()
    other.checksum = "1" * 64
    FeatureCache(tmp_path, net).features(sources(2))
    FeatureCache(tmp_path, other).features(sources(2))
    assert other.seen == 2
    assert len(list(tmp_path.rglob("*.npz"))) == 2


def test_damaged_cache_is_named(tmp_path: Path) -> None:
    """The sentence says what to do."""
    cache = FeatureCache(tmp_path, Net())
    cache.features(sources(2))
    cache.path.write_bytes(b"damaged")
    with pytest.raises(UnreadableFileError, match=r"is no feature cache .*delete it"):
        FeatureCache(tmp_path, Net())
