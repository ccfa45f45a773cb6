"""FVD of what a model rebuilds of true clips, and of the loops it makes of their first frames."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sonoloop import ImageToVideo
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.augmentation import to_float
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.evaluation.frechet import frechet_distance_of_features
from sonoloop.evaluation.motion import temporal_energy
from sonoloop.features.i3d import I3dKinetics400
from sonoloop.recipes.labelled_dataset import window_starts_s
from sonoloop.synthesis.stages import LatentSampler

BATCH_SIZE: Final = 8
WINDOWS: Final = 4
"""Of a video at most."""
Generators = Sequence[torch.Generator]
LatentsOf = Callable[[Tensor, Generators], Tensor]
"""(true clips, a generator for each) -> latents."""


class Distances(NamedTuple):
    """FVD against the true clips; all n being equal, all are biased upwards alike.

    Args:
        rebuilt: Of the clips after stage 1.
        made: Of one loop for each first frame.
    """

    rebuilt: float
    made: float


def held_out_windows(
    dataset: Path, split: str | None, config: ClipConfig, *, most: int = WINDOWS
) -> Tensor:
    """Cut windows of the held-out videos (n, 1, t, h, w), in [-1, 1], so many a video at most."""
    videos = ClipSet.open(dataset, split, config)  # type: ignore[arg-type]  # of the choices
    clips = [
        videos.clip(number, start_s=start)
        for number in range(len(videos))
        for start in window_starts_s(videos, number, most)
    ]
    return to_float(torch.from_numpy(np.stack(clips)))


def encoded(autoencoder: VideoAutoencoder) -> LatentsOf:
    """Take the latents of the true clips."""
    return lambda clip, _: autoencoder.encode(clip)


def drawn(sampler: LatentSampler) -> LatentsOf:
    """Draw latents for the first frames."""
    return lambda clip, generators: sampler.sample(clip[:, :, 0], generators=generators)


class FvdOfLoops:
    """Compares with one set of true clips; I3D on Kinetics-400, frames 1 to the last.

    Args:
        real: The clips (n, 1, t, h, w), in [-1, 1].
    """

    def __init__(self, real: Tensor) -> None:
        """Look at the true clips."""
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.net = I3dKinetics400.from_weights(device=self.device)
        self.real = real
        self.features = self.seen(real)

    @property
    def still(self) -> float:
        """The distance of the first frames, repeated."""
        return self.distance(self.real[:, :, :1].expand_as(self.real))

    def __call__(self, model: str | Path) -> Distances:
        """Rebuild the clips and move their first frames, with the same noise for every model."""
        rebuilt, made = self.rebuilt_and_made(*self.stages(model))
        return Distances(self.distance(rebuilt), self.distance(made))

    def rebuilt_and_made(
        self, autoencoder: VideoAutoencoder, sampler: LatentSampler
    ) -> tuple[Tensor, ...]:
        """Encode and decode the clips, and move their first frames, which are looked at once."""
        return self._decoded(autoencoder, (encoded(autoencoder), drawn(sampler)))

    def stages(self, model: str | Path) -> tuple[VideoAutoencoder, LatentSampler]:
        """Load both stages of a model."""
        loaded = ImageToVideo.from_pretrained(model, device=self.device)
        if not isinstance(loaded.autoencoder, VideoAutoencoder):
            raise TypeError
        return loaded.autoencoder, loaded.sampler

    def loops(self, autoencoder: VideoAutoencoder, sampler: LatentSampler) -> Tensor:
        """Move the first frames of the clips."""
        return self._decoded(autoencoder, (drawn(sampler),))[0]

    def rebuilt(self, autoencoder: VideoAutoencoder) -> Tensor:
        """Encode and decode the clips."""
        return self._decoded(autoencoder, (encoded(autoencoder),))[0]

    @torch.inference_mode()
    def _decoded(
        self, autoencoder: VideoAutoencoder, sources: Sequence[LatentsOf]
    ) -> tuple[Tensor, ...]:
        """Decode latents of each source, with the same first frames and the same new speckle."""
        parts: list[list[Tensor]] = []
        for number, part in enumerate(torch.split(self.real, BATCH_SIZE)):
            clip = part.to(self.device)
            first_frame = clip[:, :, 0]
            generators = [
                torch.Generator().manual_seed(BATCH_SIZE * number + item)
                for item in range(len(clip))
            ]
            noise = autoencoder.draw_speckle_noise(generators)
            features = autoencoder.first_frame_features(first_frame)
            latents = [latents_of(clip, generators) for latents_of in sources]
            decoded = [autoencoder.decode(first_frame, one, features, noise) for one in latents]
            parts.append([one.clip.float().cpu() for one in decoded])
        return tuple(torch.cat(clips) for clips in zip(*parts, strict=True))

    def energy(self, clips: Tensor) -> float:
        """Temporal energy of clips over that of the true ones."""
        made = temporal_energy(clips.clamp(-1, 1)).sum()
        return float(made / temporal_energy(self.real).sum())

    def distance(self, clips: Tensor) -> float:
        """FVD of clips against the true ones."""
        return frechet_distance_of_features(self.features, self.seen(clips))

    @torch.inference_mode()
    def seen(self, clips: Tensor) -> Tensor:
        """Compute the features of frames 1 to the last."""
        later = clips[:, :, 1:].clamp(-1, 1)
        return torch.cat([self.net(part).cpu() for part in torch.split(later, BATCH_SIZE)])
