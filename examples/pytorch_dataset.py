"""Clips in PyTorch: those of ``sonoloop synthesize``, and those of a prepared dataset.

    python examples/pytorch_dataset.py LOOPS DATASET

LOOPS was written by ``sonoloop synthesize --formats npy``, DATASET by ``sonoloop data prepare``.
Clips come as (1, t, h, w) in [-1, 1], synthetic ones with label 1.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, DataLoader, Dataset

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.store import Store


class SyntheticClips(Dataset[tuple[Tensor, int]]):
    """The loops that a manifest lists."""

    def __init__(self, folder: Path) -> None:
        """Read the manifest; frames are read when they are asked for."""
        names = pl.read_parquet(folder / "manifest.parquet")["npy"]
        self.paths = [folder / name for name in names]

    def __len__(self) -> int:
        """Count the loops."""
        return len(self.paths)

    def __getitem__(self, n: int) -> tuple[Tensor, int]:
        """Read one loop."""
        return torch.from_numpy(np.load(self.paths[n]))[None].float() / 127.5 - 1, 1


class RealClips(Dataset[tuple[Tensor, int]]):
    """The first clip of every training video of a prepared dataset."""

    def __init__(self, folder: Path) -> None:
        """Open the store; frames stay on the disk until they are asked for."""
        size = Store.open(folder / "store").size
        self.videos = ClipSet.open(folder, "train", ClipConfig(size=size))

    def __len__(self) -> int:
        """Count the videos."""
        return len(self.videos)

    def __getitem__(self, n: int) -> tuple[Tensor, int]:
        """Read one clip."""
        return torch.from_numpy(self.videos.clip(n))[None].float() / 127.5 - 1, 0


def main() -> None:
    """Shuffle both together and show a batch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("loops", type=Path)
    parser.add_argument("dataset", type=Path)
    asked = parser.parse_args()
    both: ConcatDataset[tuple[Tensor, int]] = ConcatDataset(
        [SyntheticClips(asked.loops), RealClips(asked.dataset)]
    )
    generator = torch.Generator().manual_seed(0)
    clips, is_synthetic = next(iter(DataLoader(both, 4, shuffle=True, generator=generator)))
    print(f"{len(both)} clips; a batch: {tuple(clips.shape)} in [{clips.min():.1f}, ...]")
    print(f"synthetic: {is_synthetic.tolist()}")


if __name__ == "__main__":
    main()
