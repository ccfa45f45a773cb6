"""What critics and autoencoder tell each other: hinge losses, feature matching, R1."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.shapes import Clip

Scalar = Float[Tensor, ""]


def critic_hinge_loss(true: Tensor, made: Tensor) -> Scalar:
    """Ask for logits above 1 for true clips and below -1 for made ones.

    mean max(0, 1 - D(true)) / 2 + mean max(0, 1 + D(made)) / 2 (Lim and Ye, arXiv:1705.02894)
    """
    return 0.5 * (functional.relu(1 - true).mean() + functional.relu(1 + made).mean())


def adversarial_loss(made: Tensor) -> Scalar:
    """Reward made clips that the critic takes for true: -mean D(made)."""
    return -made.mean()


def feature_matching_loss(true: Sequence[Tensor], made: Sequence[Tensor]) -> Scalar:
    """Mean absolute difference of a critic's maps (Wang et al. 2018, arXiv:1711.11585, Eq. 2)."""
    return torch.stack(
        [(ours - theirs).abs().mean() for ours, theirs in zip(made, true, strict=True)]
    ).mean()


def r1_penalty(critic: nn.Module, clip: Clip) -> Scalar:
    """Squared length of the critic's gradient at true clips, mean over the batch.

    |d D(v) / d v|^2 (Mescheder et al. 2018, arXiv:1801.04406, Eq. 9, without its factor 1/2)
    """
    clip = clip.detach().requires_grad_()
    logits: Tensor = critic(clip).logits.flatten(1).mean(dim=1)
    (gradient,) = torch.autograd.grad(logits.sum(), clip, create_graph=True)
    return gradient.square().flatten(1).sum(dim=1).mean()
