"""FVD of what a model rebuilds of true clips, and of the loops it makes of their first frames."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor

from sonoloop import ImageToVideo
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.evaluation.frechet import frechet_distance_of_features
from sonoloop.features.i3d import I3dKinetics400

BATCH_SIZE: Final = 8
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
        loaded = ImageToVideo.from_pretrained(model, device=self.device)
        autoencoder = loaded.autoencoder
        if not isinstance(autoencoder, VideoAutoencoder):
            raise TypeError

        def drawn(clip: Tensor, generators: Generators) -> Tensor:
            return loaded.sampler.sample(clip[:, :, 0], generators=generators)

        made = self.decoded(autoencoder, drawn)
        return Distances(self.distance(self.rebuilt(autoencoder)), self.distance(made))

    def rebuilt(self, autoencoder: VideoAutoencoder) -> Tensor:
        """Encode and decode the clips."""
        return self.decoded(autoencoder, lambda clip, _: autoencoder.encode(clip))

    @torch.inference_mode()
    def decoded(self, autoencoder: VideoAutoencoder, latents: LatentsOf) -> Tensor:
        """Decode some latents from the clips' first frames, new speckle by the clip's number."""
        parts: list[Tensor] = []
        for number, part in enumerate(torch.split(self.real, BATCH_SIZE)):
            clip = part.to(self.device)
            generators = [
                torch.Generator().manual_seed(BATCH_SIZE * number + item)
                for item in range(len(clip))
            ]
            noise = autoencoder.draw_speckle_noise(generators)
            latent = latents(clip, generators)
            decoded = autoencoder.decode(clip[:, :, 0], latent, speckle_noise=noise)
            parts.append(decoded.clip.float().cpu())
        return torch.cat(parts)

    def distance(self, clips: Tensor) -> float:
        """FVD of clips against the true ones."""
        return frechet_distance_of_features(self.features, self.seen(clips))

    @torch.inference_mode()
    def seen(self, clips: Tensor) -> Tensor:
        """Compute the features of frames 1 to the last."""
        later = clips[:, :, 1:].clamp(-1, 1)
        return torch.cat([self.net(part).cpu() for part in torch.split(later, BATCH_SIZE)])
