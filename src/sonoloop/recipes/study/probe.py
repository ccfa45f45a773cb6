"""Frozen features of a study's clips, computed once and kept in its folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import Progress

from sonoloop.atomic_files import write_atomically
from sonoloop.classification.probe import Features
from sonoloop.data.recording import Frames
from sonoloop.evaluation.clip_sets import ClipSource
from sonoloop.evaluation.measurement_cache import MeasurementCache
from sonoloop.features.i3d import I3dKinetics400
from sonoloop.recipes.evaluation.distances import NetFeatures
from sonoloop.recipes.progress_bars import ProgressBars
from sonoloop.training.precision import resolve_precision

FEATURES_FOLDER: Final = "features"

NOT_AUGMENTED: Final = (
    "i3d-probe sees clips as they are, without augmentation: (a) to (c) are alike"
)


@dataclass(frozen=True)
class StudyFeatures:
    """The logits of I3D (Kinetics-400, the net of FVD) of clips, by their content.

    bf16 where a network would train in it, exact elsewhere.

    Args:
        study: Folder of the study.
        device: Where I3D runs.
        console: Where people see progress.
    """

    study: Path
    device: str
    console: Console

    @cached_property
    def net(self) -> NetFeatures:
        """The net.

        Raises:
            UsageError: If its weights have not been fetched; the command that does is named.
        """
        half = resolve_precision("auto", torch.device(self.device).type) == "bf16-mixed"
        net = I3dKinetics400.from_weights(precision="bf16" if half else "exact", device=self.device)
        return NetFeatures(net)

    @cached_property
    def _cache(self) -> MeasurementCache:
        return MeasurementCache(self.study / FEATURES_FOLDER, self.net)

    def __call__(self, clips: npt.NDArray[np.uint8]) -> Features:
        """Look features up, or compute them.

        Args:
            clips: Grey frames (n, frames, height, width).
        """
        with Progress(console=self.console, transient=True) as progress:
            advance = ProgressBars(progress).start("features", len(clips))
            rows = self._cache.rows([(_source(clip),) for clip in clips], advance)
        found: Features = rows.double().numpy()
        return found


def read_features(study: Path) -> dict[str, bytes]:
    """Read what probes have measured, to take it elsewhere.

    Args:
        study: Folder of a study.

    Returns:
        Files by their names below the folder of features; they never change.
    """
    folder = study / FEATURES_FOLDER
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.npz")
    }


def add_features(study: Path, files: Mapping[str, bytes]) -> None:
    """Add what was measured elsewhere.

    Args:
        study: Folder of a study.
        files: From ``read_features``.
    """
    for name, content in files.items():
        write_atomically(study / FEATURES_FOLDER / name, content)


def _source(clip: Frames) -> ClipSource:
    frames, height, width = clip.shape
    return ClipSource("", "", "", (frames, height, width), lambda: clip)
