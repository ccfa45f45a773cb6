"""Self-attention and the transformer block that a condition modulates."""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.batch_random import batch_dropout


class SelfAttention(nn.Module):
    """Multi-head attention among the tokens of an item, queries and keys normalised.

    Normalised queries and keys keep the logits bounded (Dehghani et al. 2023, arXiv:2302.05442,
    Section 2), which spares low-precision training its loss spikes.

    Args:
        width: Channels of a token; a multiple of ``heads``.
        heads: Number of heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        """Build the projections."""
        super().__init__()
        self.heads = heads
        self.to_qkv = nn.Linear(width, 3 * width)
        self.query_norm = nn.LayerNorm(width // heads, bias=False)
        self.key_norm = nn.LayerNorm(width // heads, bias=False)
        self.to_out = nn.Linear(width, width)

    def forward(self, tokens: Float[Tensor, "b n width"]) -> Float[Tensor, "b n width"]:
        """Let every token look at every other one of its item."""
        query, key, value = rearrange(
            self.to_qkv(tokens), "b n (three h k) -> three b h n k", three=3, h=self.heads
        ).unbind(0)
        query, key = self.query_norm(query).to(value.dtype), self.key_norm(key).to(value.dtype)
        out: Tensor = self.to_out(rearrange(attend(query, key, value), "b h n k -> b n (h k)"))
        return out


def attend(
    query: Float[Tensor, "b h n k"], key: Float[Tensor, "b h n k"], value: Float[Tensor, "b h n k"]
) -> Float[Tensor, "b h n k"]:
    """Mix values by the likeness of queries and keys (Vaswani et al. 2017, Eq. 1).

    Args:
        query: What each token asks for.
        key: What each token offers.
        value: What each token passes on.

    Returns:
        softmax(query key^T / sqrt(k)) value.
    """
    if value.device.type == "cpu" and value.dtype == torch.bfloat16 and value.requires_grad:
        # The fused kernel's backward pass in bfloat16 is 5 times slower than these products.
        likeness = query * value.shape[-1] ** -0.5 @ key.transpose(-1, -2)
        mixed: Tensor = likeness.softmax(dim=-1) @ value
        return mixed
    return nn.functional.scaled_dot_product_attention(query, key, value)


class ModulatedBlock(nn.Module):
    """Pre-norm transformer block, scaled, shifted and gated by a condition ("adaLN-Zero").

    Peebles and Xie (2022), arXiv:2212.09748, Section 3.2, with the modulation computed once for
    all blocks and a learned offset in each (PixArt-alpha, arXiv:2310.00426, Section 2.3): that
    halves the parameters. Gates start at zero, so that a new block changes nothing. Dropout acts
    on the gates, that is on whole channels of an item (Tompson et al. 2015, arXiv:1411.4280):
    neighbouring tokens tell of each other, and few random numbers are drawn.

    Args:
        width: Channels of a token; a multiple of ``heads``.
        heads: Attention heads.
        mlp_ratio: Hidden width of the two-layer network over ``width``.
        dropout: Chance of skipping a channel of a change in training, in [0, 1).
    """

    def __init__(self, width: int, heads: int, *, mlp_ratio: float, dropout: float) -> None:
        """Build both halves of the block."""
        super().__init__()
        hidden = round(width * mlp_ratio)
        self.attention_norm = nn.LayerNorm(width, elementwise_affine=False)
        self.attention = SelfAttention(width, heads)
        self.mlp_norm = nn.LayerNorm(width, elementwise_affine=False)
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden),
            nn.GELU(),  # exact: the tanh form is 5 times slower in bfloat16 on a CPU
            nn.Linear(hidden, width),
        )
        self.dropout = dropout
        self.modulation_offset = nn.Parameter(torch.zeros(6, width))

    def forward(
        self,
        tokens: Float[Tensor, "b n width"],
        modulation: Float[Tensor, "b 6 width"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "b n width"]:
        """Mix the tokens, then treat each alone.

        Args:
            tokens: Tokens of each item.
            modulation: Scale, shift and gate of the attention, then of the two-layer network.
            generator: Source of dropout in training; None for none.

        Returns:
            Tokens, changed.
        """
        scale_a, shift_a, gate_a, scale_m, shift_m, gate_m = (modulation + self.modulation_offset)[
            :, :, None
        ].unbind(dim=1)  # each (b, 1, width)
        if self.training and generator is not None:
            gate_a = batch_dropout(gate_a, self.dropout, generator)
            gate_m = batch_dropout(gate_m, self.dropout, generator)
        attended = self.attention(torch.addcmul(shift_a, self.attention_norm(tokens), 1 + scale_a))
        tokens = tokens + gate_a * attended
        treated = self.mlp(torch.addcmul(shift_m, self.mlp_norm(tokens), 1 + scale_m))
        out: Tensor = tokens + gate_m * treated
        return out
