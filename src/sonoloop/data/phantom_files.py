"""Writes phantoms as class folders of videos, the layout in which ``data prepare`` finds labels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import av
import numpy as np

from sonoloop.atomic_files import unfinished_file, write_atomically
from sonoloop.data.phantom import Kind, Motion, phantom_clip
from sonoloop.data.recording import Frames
from sonoloop.errors import UsageError

FRAME_RATE_HZ = 25.0
"""Frame rate of every phantom video."""


def write_phantoms(
    out: Path,
    *,
    count: int,
    size: int,
    seed: int,
    num_frames: int = 64,
    motion_label: bool = False,
    sector: bool = False,
    on_written: Callable[[Path], None] | None = None,
) -> list[Path]:
    """Write phantom videos into one folder per class, and ``phantom.json`` with what made them.

    The classes are ``cyst`` and ``solid``; with ``motion_label`` they are ``slow`` and ``fast``,
    which differ in their motion alone. Video n depends on the seed and n only.

    Args:
        out: Folder to make; may exist if it is empty.
        count: Number of videos in all, shared evenly between the classes; at least 2.
        size: Height and width in pixels, even, 16 to 512.
        seed: Seed of everything drawn.
        num_frames: Frames a video, at 25 Hz.
        motion_label: Whether classes are motions instead of lesions.
        sector: Whether to blacken what lies outside a convex probe's sector.
        on_written: Called with each finished file.

    Returns:
        The files in the order of their numbers.

    Raises:
        UsageError: If ``out`` holds files already, or count or size is out of range.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        msg = f"{out} exists and is not an empty folder: choose a new folder for the phantoms"
        raise UsageError(msg)
    kinds: tuple[Kind, ...] = get_args(Kind)
    motions: tuple[Motion, ...] = get_args(Motion)
    classes = motions if motion_label else kinds
    if count < len(classes):
        msg = f"{count} phantoms cannot fill {len(classes)} classes: ask for at least 2"
        raise UsageError(msg)
    if size % 2:
        msg = f"a phantom of {size} px cannot be stored as H.264 video: choose an even size"
        raise UsageError(msg)
    paths = []
    for number in range(count):
        kind = None if motion_label else kinds[number % len(kinds)]
        motion = motions[number % len(motions)] if motion_label else None
        rng = np.random.default_rng([seed, number])
        try:
            frames = phantom_clip(
                rng,
                size=size,
                num_frames=num_frames,
                frame_rate_hz=FRAME_RATE_HZ,
                kind=kind,
                motion=motion,
                sector=sector,
            )
        except ValueError as error:
            raise UsageError(str(error)) from error
        path = out / str(kind or motion) / f"phantom{number:05d}.mp4"
        _write_video(path, frames)
        paths.append(path)
        if on_written is not None:
            on_written(path)
    record = {
        "count": count,
        "size": size,
        "seed": seed,
        "num_frames": num_frames,
        "frame_rate_hz": FRAME_RATE_HZ,
        "motion_label": motion_label,
        "sector": sector,
    }
    write_atomically(out / "phantom.json", (json.dumps(record, indent=2) + "\n").encode())
    return paths


def _write_video(path: Path, frames: Frames) -> None:
    """Encode with H.264 at a quality whose loss no eye sees."""
    with unfinished_file(path) as unfinished, av.open(unfinished, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(FRAME_RATE_HZ))
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "6", "preset": "veryfast"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        container.mux(stream.encode())
