"""``sonoloop data pack``: a prepared dataset as one small file, and what that did to motion."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.dataset_source import FrameStore, fingerprint
from sonoloop.data.pack import PackedStore, refuse_pack, write_pack
from sonoloop.data.recording import Frames
from sonoloop.data.splits import read_split, refuse_leaks
from sonoloop.data.store import Store

STILLEST: Final = 1e-3
"""Grey levels between frames: clips that move less have no ratio."""


class PackResult(NamedTuple):
    """What a pack is.

    Args:
        num_items: Items in it.
        num_frames: Their frames.
        num_bytes: Its size.
        energy_ratio: Temporal energy of all clips of the pack over that of the dataset's; None
            where nothing moves.
        energy_range: Smallest and largest ratio of a video.
        psnr_db: Of all frames of the videos' clips; infinite where nothing changed.
    """

    num_items: int
    num_frames: int
    num_bytes: int
    energy_ratio: float | None
    energy_range: tuple[float, float]
    psnr_db: float


def pack(dataset: Path, out: Path, *, step: float, console: Console | None = None) -> PackResult:
    """Write a pack and compare it with what it was made from.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        out: The file to write.
        step: Grey levels to which coefficients are rounded.
        console: Shows the progress.

    Returns:
        Size, and how far temporal energy moved.

    Raises:
        UsageError: If there is no dataset, its split leaks, or another file stands at ``out``.
    """
    console = console or Console(stderr=True)
    refuse_pack(dataset)
    store, sides = Store.open(dataset / "store"), read_split(dataset / "split.json")
    refuse_leaks({item.item_id: item.group_id for item in store.items}, sides, dataset)
    with console.status("packing", spinner="line"):
        num_bytes = write_pack(out, store, sides, step=step, source=fingerprint(dataset))
    ratio, extremes, psnr_db = _compare(store, PackedStore.open(out), console)
    num_frames = sum(item.num_frames for item in store.items)
    return PackResult(len(store.items), num_frames, num_bytes, ratio, extremes, psnr_db)


def _compare(
    true: FrameStore, packed: FrameStore, console: Console
) -> tuple[float | None, tuple[float, float], float]:
    """Cut the same clips out of both, all windows of every video one behind the other.

    Temporal energy is the mean absolute difference of successive frames of a clip.
    """
    videos = [number for number, item in enumerate(true.items) if item.kind == "video"]
    lengths = [true.items[number].num_frames for number in videos]
    default = ClipConfig()
    config = ClipConfig(size=true.size, num_frames=min([default.num_frames, *lengths]))
    sets = [ClipSet(store, config, videos) for store in (true, packed)]
    ratios, squares, totals = [], [], np.zeros(2)
    shown = range(len(videos))
    for item in track(shown, "comparing", console=console, transient=True):
        energies = np.zeros(2)
        span_s = sets[0].span_s(item)
        for window in range(sets[0].num_windows(item)):
            clips = [clips.clip(item, start_s=window * span_s) for clips in sets]
            energies += [_energy(clip) for clip in clips]
            squares.append(float(np.square(clips[0].astype(float) - clips[1]).mean()))
        totals += energies
        if energies[0] > STILLEST:
            ratios.append(float(energies[1] / energies[0]))
    error = np.mean(squares) if squares else 0.0
    psnr_db = float(10 * np.log10(255**2 / error)) if error else float("inf")
    if not ratios:
        return None, (1.0, 1.0), psnr_db
    return float(totals[1] / totals[0]), (min(ratios), max(ratios)), psnr_db


def _energy(clip: Frames) -> float:
    return float(np.abs(np.diff(clip.astype(np.int16), axis=0)).mean())
