"""Whether an adapted model does better than the one it came from, on videos neither trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.diffusion.control import temporal_energy
from sonoloop.errors import UsageError
from sonoloop.recipes.training_data import fixed_clips
from sonoloop.shapes import Clip, Latent
from sonoloop.synthesis.image_to_video import ImageToVideo

MOST_CLIPS = 8
LEAST_GAIN_DB = 1.0
"""Of lungs from a device that the bundled model never saw it wins 3."""
OTHER_SAMPLE = 1000
"""Added to the seed of each clip's second draw."""
FEW_GROUPS = 3
"""Below this many groups the check says little, and says so."""


class Scores(NamedTuple):
    """How a model does on held-out clips.

    Args:
        psnr_db: Of clips encoded and decoded, against themselves; frame 0 left out.
        still_db: Of their first frames, repeated.
        motion: Temporal energy of loops drawn for their first frames, over that of the clips.
        latent_error: Energy score of the latents that are drawn for their first frames (Gneiting
            and Raftery 2007, eq. 22), at least 0; the least where they are spread as the true ones.
    """

    psnr_db: float
    still_db: float
    motion: float
    latent_error: float


def compare(before: str, after: str, dataset: Path, config: ClipConfig) -> list[str]:
    """Compare two models on the validation videos of a dataset.

    Args:
        before: The model that was adapted, name or folder.
        after: The adapted one.
        dataset: Its validation videos are held out from the adaptation.
        config: What a clip is.

    Returns:
        Sentences for people, cautions included.
    """
    try:
        videos = ClipSet.open(dataset, "validation", config)
    except UsageError:
        return ["no video is held out: whether the adapted model is better was not checked"]
    clips = fixed_clips(videos, MOST_CLIPS, torch.device("cpu"))
    groups = len(set(videos.group_ids))
    first, second = (score(ImageToVideo.from_pretrained(name), clips) for name in (before, after))
    numbers = (
        f"{len(clips)} held-out clips of {groups} patients or groups: reconstruction "
        f"{first.psnr_db:.1f} dB before, {second.psnr_db:.1f} dB after; motion of new loops over "
        f"that of the videos {first.motion:.2f} before, {second.motion:.2f} after (1 is right)"
    )
    if second.psnr_db == first.psnr_db:  # stage 1 was kept, so latents mean the same
        numbers += (
            f"; error of the latents that are drawn {first.latent_error:.2f} before, "
            f"{second.latent_error:.2f} after (less is better)"
        )
        is_better = second.latent_error < first.latent_error
    else:
        is_better = second.psnr_db > first.psnr_db
    sentences = [numbers]
    if not is_better:
        sentences.append(
            "the adapted model is no better than the one it came from: give it more minutes or "
            "more videos, or keep the old one"
        )
    gain_db = second.psnr_db - second.still_db
    if gain_db < LEAST_GAIN_DB:
        sentences.append(
            f"stage 1 rebuilds these videos only {max(gain_db, 0):.1f} dB better than their first "
            "frames, repeated: it hardly sees how they move; try --stage-1 adapt and more minutes"
        )
    if groups < FEW_GROUPS:
        sentences.append(f"{groups} groups are too few to trust these numbers: look at the loops")
    return sentences


@torch.no_grad()
def score(model: ImageToVideo, clips: Clip) -> Scores:
    """Measure a model on clips.

    Args:
        model: With the stage 1 of this package.
        clips: Of the model's size, in [-1, 1].

    Raises:
        TypeError: If stage 1 is another.
    """
    autoencoder = model.autoencoder
    if not isinstance(autoencoder, VideoAutoencoder):
        raise TypeError
    errors, still_errors, energies, latent_errors = [], [], [], []
    for number, clip in enumerate(torch.split(clips, 1)):
        clip = clip.to(model.device)  # noqa: PLW2901 - the same clip, elsewhere
        first_frame = clip[:, :, 0]
        true_latent = autoencoder.encode(clip)
        features = autoencoder.first_frame_features(first_frame)
        rebuilt = autoencoder.decode(first_frame, true_latent, features).clip
        errors.append((rebuilt - clip)[:, :, 1:].square().mean())
        still_errors.append((first_frame.unsqueeze(2) - clip)[:, :, 1:].square().mean())
        generator = torch.Generator().manual_seed(number)
        latent = model.sampler.sample(first_frame, generators=[generator])
        other_generator = torch.Generator().manual_seed(OTHER_SAMPLE + number)
        other = model.sampler.sample(first_frame, generators=[other_generator])
        latent_errors.append(energy_score(true_latent, latent, other))
        noise = autoencoder.draw_speckle_noise([generator])
        made, _ = autoencoder.decode(first_frame, latent, features, noise)
        energies.append(temporal_energy(made) / temporal_energy(clip).clamp(min=1e-6))
    return Scores(
        _mean_db(errors),
        _mean_db(still_errors),
        float(torch.cat(energies).mean()),
        float(torch.stack(latent_errors).mean()),
    )


def _mean_db(errors: Sequence[Tensor]) -> float:
    """Average PSNR over clips; the range is 2."""
    return float((10 * torch.log10(4 / torch.stack(list(errors)).clamp(min=1e-10))).mean())


def energy_score(true: Latent, one: Latent, other: Latent) -> Float[Tensor, ""]:
    """Compare two draws with what came: half the distance between them counts in their favour.

    Args:
        true: What came.
        one: A draw.
        other: Another, independent of it.
    """
    distance = torch.linalg.vector_norm
    score: Tensor = distance(one - true) + distance(other - true) - distance(one - other)
    return 0.5 * score
