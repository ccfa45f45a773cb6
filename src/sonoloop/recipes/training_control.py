"""Labels and motion of training clips, in the numbers that stage 2 is told."""

from collections import Counter
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.control import UNTOLD, Control, energy_quantiles, motion_strength
from sonoloop.errors import UsageError
from sonoloop.recipes.config import Preset

CONTROL_WEIGHTS: Final = ("control_encoder.", "energy_quantiles")
"""Beginnings of the names of what a start without control, or with other labels, does not have."""


def with_control(preset: Preset, clips: ClipSet) -> Preset:
    """Let stage 2 learn labels and motion strength where the preset asks for control.

    Args:
        preset: Settings; labels that it names stay.
        clips: Training videos; their labels count where there are several.
    """
    if not preset.control:
        return preset
    found = sorted({label for label in clips.labels if label is not None})
    labels = preset.diffusion.labels or (tuple(found) if len(found) > 1 else ())
    diffusion = preset.diffusion.model_copy(update={"labels": labels, "motion": True})
    return preset.model_copy(update={"diffusion": diffusion})


class TrainingControl:
    """Tells stage 2 what its training clips are.

    Args:
        config: Which labels there are, and whether motion counts.
        clips: Training videos.
        energies: Temporal energies of all training clips.

    Raises:
        UsageError: If a label has no training video, or a video another label.
    """

    def __init__(
        self, config: DiffusionConfig, clips: ClipSet, energies: Float[Tensor, " n"]
    ) -> None:
        """Check the labels and sort the energies."""
        self._config = config
        self._quantiles = energy_quantiles(energies)
        self._numbers = self.label_numbers(clips)
        counts = Counter(label for label in clips.labels if label is not None)
        for label in config.labels:
            if not counts[label]:
                msg = f"no training video has the label {label!r}: there are "
                raise UsageError(msg + (", ".join(sorted(counts)) or "none with a label"))

    def label_numbers(self, clips: ClipSet) -> Int[Tensor, " v"]:
        """Give each video the number of its label, ``UNTOLD`` where it has none.

        Args:
            clips: Training or validation videos.

        Raises:
            UsageError: If a video has a label that the model does not know.
        """
        known = self._config.labels
        numbers = []
        for item_id, label in zip(clips.item_ids, clips.labels, strict=True):
            if not known or label is None:
                numbers.append(UNTOLD)
            elif label in known:
                numbers.append(known.index(label))
            else:
                msg = (
                    f"{item_id} has the label {label!r}, diffusion.labels has {', '.join(known)}: "
                    "add it there, or leave these videos out of the dataset"
                )
                raise UsageError(msg)
        return torch.tensor(numbers, device=self._quantiles.device)

    def of_training(
        self, videos: Int[Tensor, " b"], energies: Float[Tensor, " b"]
    ) -> Control | None:
        """Say what training clips are.

        Args:
            videos: Place of each clip's video.
            energies: Temporal energy of each clip.
        """
        return self.of(self._numbers[videos], energies)

    def of(self, labels: Int[Tensor, " b"], energies: Float[Tensor, " b"]) -> Control | None:
        """Say what clips are; None for a model without control.

        Args:
            labels: As :meth:`label_numbers` gives them.
            energies: Temporal energy of each clip.
        """
        if not self._config.labels and not self._config.motion:
            return None
        return Control(labels, motion_strength(energies, self._quantiles))
