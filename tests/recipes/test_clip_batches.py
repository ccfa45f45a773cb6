"""All trainings read the same batches, from any step on; processes share them without overlap."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lightning_fabric import Fabric

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.store import Entry, Store, StoreWriter
from sonoloop.recipes.clip_batches import numbered_batches
from sonoloop.training.config import TrainingConfig

CLIP = ClipConfig(size=64)
MAPS = Path("/proc/self/smaps")


class Process(Fabric):
    """One of several that share a training, as far as reading goes."""

    def __init__(self, rank: int, world_size: int) -> None:
        """Know its place."""
        super().__init__(accelerator="cpu", devices=1)
        self._place = rank, world_size

    @property
    def global_rank(self) -> int:
        """Number of the process."""
        return self._place[0]

    @property
    def world_size(self) -> int:
        """Number of processes."""
        return self._place[1]


def write_store(folder: Path, lengths: list[int], *, shard_bytes: int) -> Path:
    """Write videos whose pixels are their number."""
    with StoreWriter(folder, size=CLIP.size, shard_bytes=shard_bytes) as writer:
        for number, length in enumerate(lengths):
            frames = np.full((length, CLIP.size, CLIP.size), number, dtype=np.uint8)
            entry = Entry(f"video-{number}", None, f"group-{number}", "video")
            writer.add(entry, frames, np.arange(length) / 12.5)
    return folder


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write eleven videos, each into a shard of its own."""
    return write_store(tmp_path_factory.mktemp("shards") / "store", [17] * 11, shard_bytes=1)


def mapped_kilobytes() -> dict[str, int]:
    """Tell which files of a store this process has mapped, and how much of each is in memory."""
    found: dict[str, int] = {}
    name = ""
    for line in MAPS.read_text().splitlines():
        if not line.split()[0].endswith(":"):
            name = Path(line.split()[-1]).name
        elif line.startswith("Rss:") and name.endswith(".u8"):
            found[name] = found.get(name, 0) + int(line.split()[1])
    return found


def test_a_later_start_gives_the_same_batches(dataset: Path) -> None:
    """Numbers and clips of step 2 do not depend on where reading began."""
    clips = ClipSet.open(dataset, "train", CLIP)
    training = TrainingConfig(max_steps=4, batch_size=2, num_workers=0)
    fabric = Fabric(accelerator="cpu", devices=1)
    whole, rest = (
        list(numbered_batches(first, clips=clips, training=training, fabric=fabric))
        for first in (0, 2)
    )
    assert [number for number, _ in whole] == [0, 1, 2, 3]
    assert [number for number, _ in rest] == [2, 3]
    for (_, one), (_, other) in zip(whole[2:], rest, strict=True):
        assert one.dtype == torch.uint8
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert not torch.equal(whole[0][1], whole[1][1])


@settings(max_examples=20)
@given(
    num_videos=st.integers(1, 11),
    world_size=st.integers(1, 4),
    share=st.integers(1, 3),
    seed=st.integers(0, 5),
)
@example(num_videos=11, world_size=4, share=2, seed=0)
@example(num_videos=7, world_size=3, share=1, seed=0)
def test_processes_read_every_video_once_an_epoch(
    shards: Path, num_videos: int, world_size: int, share: int, seed: int
) -> None:
    """Property: none twice and none left out, also where nothing divides anything."""
    clips = ClipSet(Store.open(shards), CLIP, list(range(num_videos)))
    batch_size, epochs = share * world_size, 3
    steps = -(-epochs * num_videos // batch_size)
    training = TrainingConfig(max_steps=steps, batch_size=batch_size, num_workers=0, seed=seed)
    read: dict[int, int] = {}
    for rank in range(world_size):
        fabric = Process(rank, world_size)
        for step, levels in numbered_batches(0, clips=clips, training=training, fabric=fabric):
            assert len(levels) == share
            for place, clip in enumerate(levels):
                sample = step * batch_size + rank + place * world_size
                assert sample not in read
                read[sample] = int(clip[0, 0, 0])
    assert sorted(read) == list(range(steps * batch_size))
    for epoch in range(epochs):
        videos = [read[n] for n in range(epoch * num_videos, (epoch + 1) * num_videos)]
        assert Counter(videos) == dict.fromkeys(range(num_videos), 1)


@pytest.mark.skipif(not MAPS.exists(), reason="needs Linux")
def test_a_process_opens_only_the_shards_of_its_videos(shards: Path) -> None:
    """After the first step each process has mapped as many files as it has clips, all others'."""
    training = TrainingConfig(max_steps=1, batch_size=9, num_workers=0)
    opened: list[str] = []
    for rank in range(3):
        clips = ClipSet(Store.open(shards), CLIP, list(range(11)))
        assert not mapped_kilobytes()
        fabric = Process(rank, 3)
        ((_, levels),) = numbered_batches(0, clips=clips, training=training, fabric=fabric)
        names = {f"shard-{int(number):05d}.u8" for number in levels[:, 0, 0, 0]}
        assert mapped_kilobytes().keys() == names
        opened += names
        del clips
    assert len(opened) == len(set(opened)) == 9


@pytest.mark.skipif(not MAPS.exists(), reason="needs Linux")
def test_a_clip_does_not_bring_its_shard_to_memory(tmp_path: Path) -> None:
    """Of 16 MB in one file, 16 frames of 4 kB and what the system reads beside them."""
    store = write_store(tmp_path / "store", [4000], shard_bytes=2**30)
    clips = ClipSet(Store.open(store), CLIP, [0])
    clips.clip(0, start_s=100.0)
    ((name, kilobytes),) = mapped_kilobytes().items()
    assert (store / name).stat().st_size == 4000 * 4096
    assert 16 * 4 <= kilobytes <= 4000
