"""Self-attention and the modulated block."""

import pytest
import torch

from sonoloop.layers.attention import ModulatedBlock, SelfAttention, attend


def test_attend_averages_values_by_likeness() -> None:
    """Two keys, logits ln 3 apart: weights 3/4 and 1/4, worked by hand."""
    query = torch.tensor([[[[2.0, 0, 0, 0]]]])
    logit = torch.tensor(3.0).log().item()
    key = torch.tensor([[[[logit, 0, 0, 0], [0, 0, 0, 0]]]])
    value = torch.tensor([[[[4.0, 0, 0, 0], [0, 8, 0, 0]]]])
    mixed = torch.cat([attend(query.expand_as(key), key, value)])
    torch.testing.assert_close(mixed[0, 0, 0], torch.tensor([3.0, 2, 0, 0]))


def test_both_ways_of_attending_agree() -> None:
    """Plain products in bfloat16 equal the fused kernel to bfloat16 rounding, gradients too."""
    torch.manual_seed(0)
    results = []
    for dtype in (torch.float32, torch.bfloat16):
        torch.manual_seed(1)
        parts = [torch.randn(2, 3, 7, 8).to(dtype).requires_grad_() for _ in range(3)]
        mixed = attend(*parts)
        mixed.float().square().sum().backward()
        results.append([mixed.float(), *(part.grad.float() for part in parts)])
    for exact, rounded in zip(*results, strict=True):
        torch.testing.assert_close(rounded, exact, rtol=0.05, atol=0.05)


def test_attention_is_blind_to_the_order_of_tokens() -> None:
    """Permuted tokens give permuted results: places must come from an embedding."""
    torch.manual_seed(0)
    attention, tokens = SelfAttention(16, 4), torch.randn(2, 5, 16)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(attention(tokens[:, order]), attention(tokens)[:, order])


def test_attention_logits_stay_bounded() -> None:
    """With normalised queries and keys, large tokens do not blow the logits up."""
    torch.manual_seed(0)
    attention = SelfAttention(16, 2)
    torch.nn.init.zeros_(attention.to_qkv.bias)
    tokens = torch.randn(1, 6, 16)
    small, large = attention(10 * tokens), attention(1000 * tokens)
    bias = attention.to_out.bias
    torch.testing.assert_close(large - bias, 100 * (small - bias), rtol=1e-3, atol=1e-3)


def test_a_new_block_with_closed_gates_changes_nothing() -> None:
    """adaLN-Zero: no modulation, no change."""
    block, tokens = ModulatedBlock(16, 4, mlp_ratio=2.0, dropout=0.0), torch.randn(2, 5, 16)
    assert torch.equal(block(tokens, torch.zeros(2, 6, 16)), tokens)
    assert not torch.allclose(block(tokens, torch.ones(2, 6, 16)), tokens)


@pytest.mark.parametrize("training", [True, False])
def test_dropout_skips_whole_channels_in_training_only(*, training: bool) -> None:
    """A skipped channel of the change is zero for every token of its item."""
    torch.manual_seed(0)
    block = ModulatedBlock(16, 4, mlp_ratio=2.0, dropout=0.5).train(training)
    tokens, modulation = torch.randn(2, 5, 16), torch.zeros(2, 6, 16)
    modulation[:, 2] = 1  # the attention's gate only
    change = block(tokens, modulation, torch.Generator().manual_seed(0)) - tokens
    skipped = (change == 0).all(dim=1)  # (b, width)
    assert torch.equal(skipped, (change == 0).any(dim=1))
    assert bool(skipped.any()) == training
