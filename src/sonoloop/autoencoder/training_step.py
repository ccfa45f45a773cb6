"""One training step of stage 1: from a clip to the named losses of the critics and the model."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sonoloop.autoencoder.adversarial import (
    adversarial_loss,
    critic_hinge_loss,
    feature_matching_loss,
    r1_penalty,
)
from sonoloop.autoencoder.config import AutoencoderConfig, AutoencoderLossConfig, CriticConfig
from sonoloop.autoencoder.critics import Verdict, at_frames, frame_pairs
from sonoloop.autoencoder.losses import gradient_loss, kl_divergence, l1_loss, ssim
from sonoloop.autoencoder.model import Reconstruction
from sonoloop.batch_random import batch_integers, batch_normal
from sonoloop.shapes import Clip, Frame, Latent
from sonoloop.training.micro_batches import KeptBuffers

AUTOENCODER: Final = "autoencoder"
"""Name of the model among the learners."""

PerceptualDistance = Callable[[Frame, Frame], Float[Tensor, " b"]]
"""Distance of image pairs in [-1, 1]; gradients pass."""
Losses = dict[str, Tensor]
Noises = tuple[Latent, Clip | None]


class AutoencoderStep:
    """Reconstruct a batch, let the critics learn from it, then weigh what is wrong with it.

    Frame 0 is given, so the losses look at frames 1 to the last; gradients over time and pairs of
    frames see frame 0.

    Args:
        model: Architecture of stage 1.
        latent_shape: Shape of one latent.
        losses: Weight of each term.
        critics: What the critics look at.
        perceptual: LPIPS; needed where its weight is not 0.
        penalised: The temporal critic as it was built: R1 asks it for gradients, which Fabric's
            wrapper refuses in mixed precision. Full precision suits a squared gradient, too. None
            asks the module that ``__call__`` is given.
        remakes: Whether what critics look at is made without a graph and then again with one, so
            that parts of a batch that wait for one another keep nothing but clips.

    Raises:
        ValueError: If the perceptual distance is missing.
    """

    def __init__(
        self,
        model: AutoencoderConfig,
        latent_shape: tuple[int, ...],
        losses: AutoencoderLossConfig,
        critics: CriticConfig,
        perceptual: PerceptualDistance | None = None,
        penalised: nn.Module | None = None,
        *,
        remakes: bool = False,
    ) -> None:
        """Keep the settings."""
        if losses.perceptual and perceptual is None:
            msg = "a perceptual loss needs its net"
            raise ValueError(msg)
        self._latent_shape = latent_shape
        # Without critics the other losses would only teach to leave new speckle out.
        has_critics = losses.patch_adversarial > 0 or losses.temporal_adversarial > 0
        self._makes_speckle = model.speckle > 0 and has_critics
        self._losses, self._critics, self._perceptual = losses, critics, perceptual
        self._penalised, self._remakes = penalised, remakes

    def __call__(
        self,
        modules: Mapping[str, nn.Module],
        clip: Clip,
        generator: torch.Generator,
        *,
        critics_join: bool = True,
    ) -> Iterator[tuple[str, Losses]]:
        """Yield each critic's losses, then the autoencoder's, which ask the updated critics.

        Args:
            modules: The autoencoder and its critics by name.
            clip: True frames.
            generator: Source of the noise and of what the critics look at.
            critics_join: Whether the critics take part.
        """
        model, noises = modules[AUTOENCODER], self._draw_noises(clip, generator)
        remakes = critics_join and self._remakes
        made = _made_without_graph(model, clip, noises) if remakes else model(clip, *noises)
        views = self._views(clip, generator) if critics_join else {}
        names = sorted(modules.keys() & views.keys())
        shown = {name: (views[name](clip), views[name](made.clip.float())) for name in names}
        for name, (true, fake) in shown.items():
            yield name, self._critic_losses(name, modules[name], true, fake.detach())
        if remakes:
            made = model(clip, *noises)
            shown = {name: (shown[name][0], views[name](made.clip.float())) for name in names}
        terms = self._terms(made, clip, generator)
        terms |= _asked({name: modules[name] for name in names}, shown, self._losses)
        yield AUTOENCODER, self._weighed(terms)

    def held_out(self, model: nn.Module, clip: Clip, generator: torch.Generator) -> Losses:
        """Measure without critics.

        Args:
            model: A ``VideoAutoencoder``, perhaps wrapped.
            clip: True frames.
            generator: Source of the noise.

        Returns:
            ``loss``, the weighted sum, and every term of positive weight by its name.
        """
        made = self._reconstruct(model, clip, generator)
        return self._weighed(self._terms(made, clip, generator))

    def _reconstruct(
        self, model: nn.Module, clip: Clip, generator: torch.Generator
    ) -> Reconstruction:
        made: Reconstruction = model(clip, *self._draw_noises(clip, generator))
        return made

    def _draw_noises(self, clip: Clip, generator: torch.Generator) -> Noises:
        """Draw noise of the latent, and of new speckle where critics ask for it."""
        noise = batch_normal((len(clip), *self._latent_shape), generator).to(clip.device)
        if not self._makes_speckle:
            return noise, None
        return noise, batch_normal(clip.shape, generator).to(clip.device)

    def _terms(self, made: Reconstruction, clip: Clip, generator: torch.Generator) -> Losses:
        """Compare with the true clip, each term of positive weight."""
        config, frames = self._losses, made.clip.float()
        terms: Losses = {}
        if config.l1:
            made_frames, true_frames = frames[:, :, 1:], clip[:, :, 1:]
            terms["l1"] = l1_loss(made_frames, true_frames, num_levels=config.l1_levels)
        if config.gradient:
            terms["gradient"] = gradient_loss(frames, clip)
        if config.ssim:
            terms["ssim"] = 1 - ssim(frames[:, :, 1:], clip[:, :, 1:])
        if config.kl:
            terms["kl"] = kl_divergence(made.mean, made.logvar)
        if config.perceptual and self._perceptual is not None:
            index = 1 + _some_frames(clip, config.perceptual_frames, generator)
            images, others = (at_frames(v, index).flatten(0, 1) for v in (frames, clip))
            terms["perceptual"] = self._perceptual(images.clamp(-1, 1), others).mean()
        return terms

    def _weighed(self, terms: Losses) -> Losses:
        weighted = [getattr(self._losses, name) * term for name, term in terms.items()]
        return {"loss": torch.stack(weighted).sum(), **terms}

    def _critic_losses(self, name: str, critic: nn.Module, true: Tensor, made: Tensor) -> Losses:
        """Tell a critic what was true and what was made, in one pass."""
        verdict: Verdict = critic(torch.cat([true, made]))
        on_true, on_made = verdict.logits.float().chunk(2)
        losses = {"loss": critic_hinge_loss(on_true, on_made)}
        if self._losses.r1 and name == "temporal_critic":
            penalty = r1_penalty(self._penalised or critic, true)
            losses = {"loss": losses["loss"] + self._losses.r1 * penalty, "r1": penalty}
        return losses | {"true": on_true.mean(), "made": on_made.mean()}

    def _views(self, clip: Clip, generator: torch.Generator) -> dict[str, Callable[[Clip], Tensor]]:
        """Draw what each critic looks at, the same of true and made clips."""
        index = _some_frames(clip, self._critics.frames_per_clip, generator)
        length = min(self._critics.temporal_frames, clip.shape[2])
        latest = clip.shape[2] - length
        start = torch.randint(latest + 1, (1,), generator=generator, device=generator.device)
        frames = slice(int(start), int(start) + length)  # the same of all clips
        if self._critics.patch_sees == "pairs":
            return {
                "patch_critic": lambda v: frame_pairs(v, index),
                "temporal_critic": lambda v: v[:, :, frames],
            }
        return {
            "patch_critic": lambda v: at_frames(v, index + 1).flatten(0, 1),
            "temporal_critic": lambda v: v[:, :, frames],
        }


@torch.no_grad()
def _made_without_graph(model: nn.Module, clip: Clip, noises: Noises) -> Reconstruction:
    """Reconstruct for others to look at; the model stays as it was, spectral norms included."""
    buffers = KeptBuffers([model])
    made: Reconstruction = model(clip, *noises)
    buffers.restore()
    return made


def _asked(
    critics: Mapping[str, nn.Module],
    shown: Mapping[str, tuple[Tensor, Tensor]],
    config: AutoencoderLossConfig,
) -> Losses:
    """Ask the critics of the made clips; their features of the true ones are the target."""
    terms: Losses = {}
    matches: list[Tensor] = []
    for name, critic in critics.items():
        true, made = shown[name]
        verdict: Verdict = critic(made)
        terms[name.replace("critic", "adversarial")] = adversarial_loss(verdict.logits.float())
        if config.feature_matching:
            with torch.no_grad():
                target: Verdict = critic(true)
            matches.append(feature_matching_loss(target.features, verdict.features))
    if matches:
        terms["feature_matching"] = torch.stack(matches).sum()
    return terms


def _some_frames(clip: Clip, count: int, generator: torch.Generator) -> Int[Tensor, "b {count}"]:
    """Draw frames of every clip, the last one excluded."""
    return batch_integers(clip.shape[2] - 1, (len(clip), count), generator).to(clip.device)
