"""Loops of ``sonoloop synthesize`` in MONAI: a ``CacheDataset`` and a batch of its loader.

    python examples/monai_cache_dataset.py LOOPS

Needs ``pip install monai pandas``, and loops written with ``--formats npy``. To MONAI time
is a third axis: clips come as (1, t, h, w).
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from monai.data import CacheDataset, DataLoader
from monai.transforms import Compose, EnsureChannelFirstd, Lambdad, ScaleIntensityRanged


def load_loops(folder: Path) -> CacheDataset:
    """Load what ``sonoloop synthesize`` wrote; every loop is read and scaled once."""
    manifest = pd.read_csv(folder / "manifest.csv")
    rows = [{"clip": folder / row.npy, "source": row.source} for row in manifest.itertuples()]
    transform = Compose(
        [
            Lambdad("clip", np.load),
            EnsureChannelFirstd("clip", channel_dim="no_channel"),
            ScaleIntensityRanged("clip", a_min=0, a_max=255, b_min=-1, b_max=1),
        ]
    )
    return CacheDataset(rows, transform, progress=False)


def main() -> None:
    """Show one batch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("loops", type=Path)
    loops = load_loops(parser.parse_args().loops)
    batch = next(iter(DataLoader(loops, batch_size=2)))
    print(f"{len(loops)} loops; a batch: {tuple(batch['clip'].shape)} of {batch['source']}")


if __name__ == "__main__":
    main()
