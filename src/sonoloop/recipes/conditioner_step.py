"""One training step of the conditioner's image autoencoder: losses of the critic, then its own."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.autoencoder.adversarial import adversarial_loss, critic_hinge_loss
from sonoloop.flow.config import ConditionerConfig
from sonoloop.flow.image_autoencoder import RebuiltImage, image_losses
from sonoloop.shapes import Frame
from sonoloop.training.task import Losses

STAGE: Final = "conditioner"
CRITIC: Final = "patch_critic"
LARGEST_RATIO: Final = 1e4
"""Bound of the critic's adaptive weight (the cINN's)."""
SMALLEST_NORM: Final = 1e-4

PerceptualDistance = Callable[[Frame, Frame], Float[Tensor, " b"]]


class ConditionerStep:
    """Rebuild images, let the critic learn from them, then weigh what is wrong with them.

    Args:
        config: Weights of the terms.
        last_layer: Weights at which the critic's pull is compared with the other terms'.
        perceptual: LPIPS; None for none.
    """

    def __init__(
        self,
        config: ConditionerConfig,
        last_layer: Tensor,
        perceptual: PerceptualDistance | None = None,
    ) -> None:
        """Keep the settings."""
        self._config, self._last_layer, self._perceptual = config, last_layer, perceptual

    def __call__(
        self, modules: Mapping[str, nn.Module], image: Frame, noise: Tensor, *, critic_joins: bool
    ) -> Iterator[tuple[str, Losses]]:
        """Yield the critic's losses, then the model's, which ask the updated critic.

        Args:
            modules: The autoencoder and its critic by name.
            image: True images, in [-1, 1].
            noise: Standard normal, a vector each.
            critic_joins: Whether the critic takes part.
        """
        made: RebuiltImage = modules[STAGE](image, noise)
        losses, fake = self.losses(made, image), made.image.float()
        if critic_joins and self._config.adversarial:
            critic = modules[CRITIC]
            on_true, on_made = critic(torch.cat([image, fake.detach()])).logits.float().chunk(2)
            yield CRITIC, {"loss": critic_hinge_loss(on_true, on_made)}
            asked = adversarial_loss(critic(fake).logits.float())
            weight = adaptive_weight(losses["loss"], asked, self._last_layer)
            total = losses["loss"] + self._config.adversarial * weight * asked
            losses = losses | {"loss": total, "adversarial": asked, "critic_weight": weight}
        yield STAGE, losses

    def losses(self, made: RebuiltImage, image: Frame) -> Losses:
        """Compare with the true images, without the critic.

        Args:
            made: What became of the images.
            image: The images.
        """
        distance = None
        if self._perceptual is not None:
            rebuilt = made.image.float().clamp(-1, 1)
            distance = self._config.perceptual * self._perceptual(rebuilt, image).mean()
        return image_losses(made, image, distance, kl_weight=self._config.kl)


def adaptive_weight(
    others: Float[Tensor, ""], asked: Float[Tensor, ""], last_layer: Tensor
) -> Float[Tensor, ""]:
    """Weigh a critic so that it pulls at the last layer as hard as the other losses do.

    |d others / d w| / |d asked / d w| (Esser et al. 2021, arXiv:2012.09841, Eq. 7)

    Args:
        others: Loss without the critic.
        asked: What the critic says.
        last_layer: Weights w.
    """
    of_others, of_asked = (
        torch.autograd.grad(loss, last_layer, retain_graph=True)[0].norm()
        for loss in (others, asked)
    )
    ratio: Tensor = of_others / (of_asked + SMALLEST_NORM)
    return ratio.clamp(0, LARGEST_RATIO).detach()
