"""The flow's loss."""

import math

import pytest
import torch

from sonoloop.flow.config import FlowConfig
from sonoloop.flow.model import ConditionalFlow
from sonoloop.flow.training_step import flow_losses


def test_loss_is_the_negative_log_likelihood() -> None:
    """Of a flow that only scales, against torch's own normal distribution."""
    config = FlowConfig(num_blocks=1, hidden_width=4, condition_channels=2, condition_widths=(4,))
    flow = ConditionalFlow(config, (6,)).eval()
    for network in flow.blocks.modules():
        if isinstance(network, torch.nn.Linear):
            torch.nn.init.zeros_(network.weight)
            torch.nn.init.zeros_(network.bias)
    latent = 1 + torch.rand(50, 6, generator=torch.Generator().manual_seed(0))  # above 0: linear
    block = flow.blocks[0]
    block.norm.log_scale.data.fill_(math.log(2.0))  # type: ignore[union-attr, operator]
    generator = torch.Generator().manual_seed(0)
    losses = flow_losses(flow, latent, torch.zeros(50, 1, 32, 32), generator)
    expected = -torch.distributions.Normal(0.0, 0.5).log_prob(latent).sum(dim=1).mean()
    loss = losses["loss"].item() + 3 * math.log(2 * math.pi)
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    terms = losses["half_squared_norm"] - losses["log_determinant"]
    assert losses["loss"].item() == pytest.approx(terms.item())
