"""Loops of ``sonoloop synthesize`` as a dataset of Hugging Face's ``datasets``.

    python examples/huggingface_datasets.py LOOPS

Needs ``pip install datasets``, and loops written with ``--formats npy``. The manifest loads in one
line; the second one puts the frames beside it, read from their files when a row is asked for.
"""

import argparse
from pathlib import Path

import numpy as np
from datasets import Dataset


def load_loops(folder: Path) -> Dataset:
    """Load what ``sonoloop synthesize`` wrote: one row a loop, its frames (t, h, w) in ``clip``."""
    loops = Dataset.from_parquet(str(folder / "manifest.parquet"), cache_dir=str(folder / ".cache"))
    return loops.with_transform(
        lambda rows: rows | {"clip": [np.load(folder / name) for name in rows["npy"]]}
    )


def main() -> None:
    """Show the first row, and how many loops may be used."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("loops", type=Path)
    loops = load_loops(parser.parse_args().loops)
    first = loops[0]
    print(f"{len(loops)} loops; the first is of {first['source']}, seed {first['seed']}")
    print(f"clip {first['clip'].shape} {first['clip'].dtype}, synthetic by model {first['model']}")
    print(f"trustworthy: {sum(not atypical for atypical in loops.with_format(None)['atypical'])}")


if __name__ == "__main__":
    main()
