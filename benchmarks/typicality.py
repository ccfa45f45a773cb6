"""How often stills are flagged as unlike a dataset: its own held-out groups, and other stills.

    python benchmarks/typicality.py DATASET NAME=FOLDER...

DATASET is a prepared dataset; each FOLDER holds stills or videos, whose first frames are taken, or
is one file. The typicality check is fitted to four fifths of the dataset's groups; five folds.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.splits import read_split
from sonoloop.errors import UnreadableFileError
from sonoloop.recipes.export import first_stills
from sonoloop.recipes.synthesize import find_stills
from sonoloop.synthesis.native_size import HALF_RANGE
from sonoloop.synthesis.still import open_still
from sonoloop.synthesis.typicality import Typicality

FOLDS, SHUFFLES = 5, 1


def read_folder(folder: Path, size: int) -> torch.Tensor:
    """Open every still of a folder as ``sonoloop synthesize`` does."""
    frames = []
    for file in find_stills([folder]).files:
        try:
            frames.append(open_still(file.path, size=size).first_frame.reshape(size, size))
        except UnreadableFileError as error:
            print(f"left out: {error}")
    return torch.from_numpy(np.stack(frames))[:, None].float() / HALF_RANGE - 1


def main() -> None:
    """Print a table: share of stills flagged as atypical and as unusual, mean (range)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("others", nargs="*", metavar="NAME=FOLDER")
    arguments = parser.parse_args()
    clip = ClipConfig()
    sides = set(read_split(arguments.dataset / "split.json").values())
    parts = [first_stills(ClipSet.open(arguments.dataset, side, clip)) for side in sorted(sides)]
    stills = torch.cat([frames for frames, _ in parts])
    groups = np.array([group for _, names in parts for group in names])
    others = dict(entry.split("=", 1) for entry in arguments.others)
    sets = {name: read_folder(Path(folder), stills.shape[-1]) for name, folder in others.items()}
    names = np.unique(groups)
    shares: dict[str, list[list[float]]] = {}
    for shuffle in range(SHUFFLES):
        order = np.random.default_rng(shuffle).permutation(names)
        for fold in np.array_split(order, FOLDS):
            held_out = torch.from_numpy(np.isin(groups, fold))
            kept = [group for group, out in zip(groups, held_out, strict=True) if not out]
            typicality = Typicality.fit(stills[~held_out], kept)
            for name, probe in {"held-out groups": stills[held_out], **sets}.items():
                distances = typicality.distances(probe)
                limits = (typicality.threshold, typicality.unusual_threshold)
                beyond = [float((distances > limit).float().mean()) for limit in limits]
                shares.setdefault(name, []).append(beyond)
    print(f"{len(stills)} stills of {len(names)} groups, {FOLDS * SHUFFLES} fits")
    print("| stills | n | atypical (99 %) | unusual (95 %) |\n| --- | --- | --- | --- |")
    for name, pairs in shares.items():
        cells = [
            f"{np.mean(column):.1%} ({min(column):.0%}-{max(column):.0%})"
            for column in zip(*pairs, strict=True)
        ]
        print(f"| {name} | {len(sets.get(name, stills))} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
