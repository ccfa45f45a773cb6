"""What each probe of an audit gets to see: stills, frames out of order, the video, or no pixel.

Stills and clips pass the same frozen net, I3D of Kinetics-400, so that what separates their figures
is time alone: the bag of stills holds every frame of the clip, each seen on its own, their features
averaged. Shuffled frames keep what happens between frames and lose its order.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float64
from torch import Tensor

from sonoloop.classification.metadata_features import metadata_features
from sonoloop.classification.probe_arms import View
from sonoloop.data.recording import Frames
from sonoloop.evaluation.clip_sets import ClipSource
from sonoloop.evaluation.motion import temporal_energy
from sonoloop.features.i3d import I3dKinetics400
from sonoloop.features.still_i3d import StillI3d
from sonoloop.recipes.audit.data import AuditData
from sonoloop.recipes.audit.options import AuditOptions
from sonoloop.recipes.evaluation.distances import NetFeatures
from sonoloop.recipes.evaluation.metrics import Start

SMALLEST_ENERGY: Final = 1e-6
"""Of a clip that stands still, before the logarithm."""

Nets = tuple[NetFeatures, NetFeatures]


def load_nets(weights_dir: Path | None) -> Nets:
    """Load I3D for clips and for stills.

    Args:
        weights_dir: Folder of weights; None for the usual one.

    Raises:
        UsageError: If the weights have not been fetched; the command that does is named.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    clips = I3dKinetics400.from_weights(weights_dir, device=device)
    return NetFeatures(clips), NetFeatures(StillI3d.from_weights(weights_dir, device=device))


def audit_views(
    data: AuditData, nets: Nets, cache: Path, options: AuditOptions, start: Start
) -> dict[str, View]:
    """Measure what the probes see.

    Args:
        data: The clips and their metadata.
        nets: I3D for clips and for stills.
        cache: Folder of features that are known already.
        options: Seed of the shuffling.
        start: Starts a progress bar.

    Returns:
        Views by name; "metadata" only where a column differs between clips.
    """
    sources, (of_clips, of_stills) = data.clips.sources, nets
    count = len(sources)
    stills = of_stills.of(sources, cache, start("stills", count))
    in_disorder = [shuffled(source, options.seed) for source in sources]
    disorder = of_clips.of(in_disorder, cache, start("shuffled frames", count))
    videos = of_clips.of(sources, cache, start("videos", count))
    views = {
        "still": View(_rows(stills[:, 0])),
        "stills": View(_rows(stills.mean(1))),
        "shuffled": View(_rows(disorder[:, 0])),
        "video": View(_rows(videos[:, 0])),
    }
    if data.metadata:
        views["metadata"] = View(metadata_features(data.metadata), num_components=None)
    energy = _energy(sources, start("temporal energy", count))
    views["energy"] = View(energy, num_components=None)
    return views


def metadata_views(data: AuditData) -> dict[str, View]:
    """Give each column of the metadata a view of its own, by its name."""
    return {
        name: View(metadata_features({name: values}), num_components=None)
        for name, values in data.metadata.items()
    }


def shuffled(source: ClipSource, seed: int) -> ClipSource:
    """Put the frames of a clip into an order drawn from its content and a seed.

    Args:
        source: The clip.
        seed: Another seed gives another order.
    """
    return replace(source, read=partial(_read_shuffled, source, seed))


def _read_shuffled(source: ClipSource, seed: int) -> Frames:
    frames = source.read()
    order = np.random.default_rng([seed, int(source.content[:15], 16)]).permutation(len(frames))
    return frames[order]


def _energy(
    sources: Sequence[ClipSource], advance: Callable[[int], None]
) -> Float64[np.ndarray, "n 1"]:
    """Measure the logarithm of each clip's mean change from frame to frame."""
    values = []
    for source in sources:
        values.append(float(temporal_energy(source.clip())))
        advance(1)
    return np.array([[math.log(max(value, SMALLEST_ENERGY))] for value in values])


def _rows(features: Tensor) -> Float64[np.ndarray, "n features"]:
    rows: npt.NDArray[np.float64] = features.double().numpy()
    return rows
