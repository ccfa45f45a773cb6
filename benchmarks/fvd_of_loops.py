"""FVD of what a model rebuilds of true clips, and of the loops it makes of their first frames."""

from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor

from sonoloop import ImageToVideo
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.evaluation.frechet import frechet_distance_of_features
from sonoloop.features.i3d import I3dKinetics400

BATCH_SIZE: Final = 8


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
        repeated = self.real[:, :, :1].expand_as(self.real)
        return frechet_distance_of_features(self.features, self.seen(repeated))

    @torch.inference_mode()
    def __call__(self, model: str | Path) -> Distances:
        """Rebuild the clips and move their first frames, with the same noise for every model."""
        loaded = ImageToVideo.from_pretrained(model, device=self.device)
        autoencoder = loaded.autoencoder
        if not isinstance(autoencoder, VideoAutoencoder):
            raise TypeError
        rebuilt: list[Tensor] = []
        made: list[Tensor] = []
        for number, part in enumerate(torch.split(self.real, BATCH_SIZE)):
            clip = part.to(self.device)
            still = clip[:, :, 0]
            generators = [
                torch.Generator().manual_seed(BATCH_SIZE * number + item)
                for item in range(len(clip))
            ]
            features = autoencoder.first_frame_features(still)
            noise = autoencoder.draw_speckle_noise(generators)
            latent = loaded.sampler.sample(still, generators=generators)
            for latents, clips in ((autoencoder.encode(clip), rebuilt), (latent, made)):
                decoded = autoencoder.decode(still, latents, features, noise)
                clips.append(decoded.clip.float().cpu())
        found = (self.seen(torch.cat(clips)) for clips in (rebuilt, made))
        return Distances(*(frechet_distance_of_features(self.features, one) for one in found))

    @torch.inference_mode()
    def seen(self, clips: Tensor) -> Tensor:
        """Compute the features of frames 1 to the last."""
        later = clips[:, :, 1:].clamp(-1, 1)
        return torch.cat([self.net(part).cpu() for part in torch.split(later, BATCH_SIZE)])
