"""Rows of numbers kept by the content of clips."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonoloop.errors import UnreadableFileError
from sonoloop.evaluation import measurement_cache
from sonoloop.evaluation.clip_sets import ClipSource, to_clip
from sonoloop.evaluation.measurement_cache import MeasurementCache
from sonoloop.shapes import Clip

Flipped = Callable[[Path, int], AbstractContextManager[None]]


class Net:
    """Mean and spread of the first clip, mean of the others, counting how many items it saw."""

    id, checksum, batch_size = "net/of-tests", "0" * 64, 4

    def __init__(self) -> None:
        """Start counting."""
        self.seen = 0

    def __call__(self, *clips: Clip) -> torch.Tensor:
        """Return two numbers for the first clip and one for every other."""
        self.seen += len(clips[0])
        first = clips[0].flatten(1)
        others = [clip.flatten(1).mean(1) for clip in clips[1:]]
        return torch.stack([first.mean(1), first.std(1), *others], 1)


def sources(count: int) -> list[ClipSource]:
    """Return clips of noise."""
    rng = np.random.default_rng(0)
    clips = rng.integers(0, 256, (count, 3, 8, 8), dtype=np.uint8)
    return [
        ClipSource(str(n), str(n), str(n), (3, 8, 8), lambda clip=clip: clip)  # type: ignore[misc]
        for n, clip in enumerate(clips)
    ]


def test_clips_are_measured_once(tmp_path: Path) -> None:
    """Another cache on the same folder measures new clips only, whatever their names."""
    clips, net = sources(7), Net()
    done: list[int] = []
    first = MeasurementCache(tmp_path, net).rows([(clip,) for clip in clips[:5]], done.append)
    assert net.seen == sum(done) == 5
    again = MeasurementCache(tmp_path, net).rows([(clip,) for clip in (*clips[::-1], clips[0])])
    assert net.seen == 7
    assert torch.equal(again[[6, 5, 4, 3, 2]], first)
    assert torch.equal(again[7], first[0])
    torch.testing.assert_close(first[1:2], Net()(to_clip(clips[1].read())))


def test_pairs_have_rows_of_their_own(tmp_path: Path) -> None:
    """The order within a pair counts, and a pair is not its first clip."""
    (one, other), net = sources(2), Net()
    cache = MeasurementCache(tmp_path, net)
    rows = cache.rows([(one, other), (other, one), (one, other)])
    assert net.seen == 2
    torch.testing.assert_close(rows[0], Net()(one.clip(), other.clip())[0])
    assert torch.equal(rows[0], rows[2])
    assert not torch.equal(rows[0], rows[1])


def test_a_crash_loses_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written before stays known: each file holds new rows only."""
    monkeypatch.setattr(measurement_cache, "ROWS_BETWEEN_WRITES", 2)
    net = Net()
    net.batch_size = 2

    def crash(done: int) -> None:
        if net.seen == 4:
            raise KeyboardInterrupt(done)

    cache = MeasurementCache(tmp_path, net)
    with pytest.raises(KeyboardInterrupt):
        cache.rows([(clip,) for clip in sources(7)], crash)
    assert len(list(cache.folder.glob("*.npz"))) == 1
    MeasurementCache(tmp_path, net).rows([(clip,) for clip in sources(7)])
    assert net.seen == 4 + 5
    sizes = [len(np.load(path)["keys"]) for path in cache.folder.glob("*.npz")]
    assert sum(sizes) == 7


def test_another_net_has_its_own_folder(tmp_path: Path) -> None:
    """The checksum is part of the name."""
    net, other = Net(), Net()
    other.checksum = "1" * 64
    items = [(clip,) for clip in sources(2)]
    MeasurementCache(tmp_path, net).rows(items)
    MeasurementCache(tmp_path, other).rows(items)
    assert other.seen == 2
    assert len(list(tmp_path.rglob("*.npz"))) == 2


def test_damaged_cache_is_named(tmp_path: Path) -> None:
    """The sentence says what to do."""
    cache = MeasurementCache(tmp_path, Net())
    cache.rows([(clip,) for clip in sources(2)])
    next(cache.folder.glob("*.npz")).write_bytes(b"damaged")
    with pytest.raises(UnreadableFileError, match=r"is no cache of measurements .*delete it"):
        MeasurementCache(tmp_path, Net())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 8 * 2000))
def test_a_flipped_bit_never_changes_a_number(tmp_path: Path, flipped: Flipped, bit: int) -> None:
    """The file is refused, or what was flipped says nothing of rows, such as a date."""
    clips, net = [(clip,) for clip in sources(3)], Net()
    first = MeasurementCache(tmp_path, net).rows(clips)
    [path] = tmp_path.rglob("*.npz")
    with flipped(path, bit):
        try:
            again = MeasurementCache(tmp_path, net).rows(clips)
        except UnreadableFileError:
            return
        finally:
            for added in set(tmp_path.rglob("*.npz")) - {path}:
                added.unlink()
    assert torch.equal(again, first)
