"""What stage 2 knows of the first frame."""

import pytest
import torch

from sonoloop.diffusion.conditioning import Condition, FirstFrameEncoder


def build(grid: tuple[int, int] | None) -> FirstFrameEncoder:
    """Return a small encoder."""
    torch.manual_seed(0)
    return FirstFrameEncoder((8, 12, 16, 20), grid=grid, channels=6, pooled_width=10)


@pytest.mark.parametrize("size", [(128, 128), (64, 64), (32, 48)])
@pytest.mark.parametrize("grid", [(4, 4), (8, 8), (3, 5)])
def test_any_frame_fits_any_grid(size: tuple[int, int], grid: tuple[int, int]) -> None:
    """The features lie on the latent's grid, coarser or finer than the last level."""
    condition = build(grid)(torch.rand(2, 1, *size))
    assert condition.features.shape == (2, 6, *grid)
    assert condition.pooled.shape == (2, 10)


def test_a_vector_latent_gets_the_pooled_vector_only() -> None:
    """There is no grid to put features on."""
    condition = build(None)(torch.rand(2, 1, 32, 32))
    assert condition.features.shape[1] == 0
    assert condition.pooled.shape == (2, 10)


def test_features_stay_where_they_are_seen() -> None:
    """A change in a corner of the frame changes that corner of the features most."""
    encoder = build((4, 4))
    frame = torch.rand(1, 1, 128, 128)
    changed = frame.clone()
    changed[..., :64, 64:] = torch.rand(64, 64)
    change = (encoder(changed).features - encoder(frame).features).abs().sum(dim=1)[0]
    assert change[:2, 2:].mean() > 3 * change[2:, :2].mean()


def test_hidden_items_are_zero_and_others_unchanged() -> None:
    """Hiding one first frame leaves the other alone."""
    condition = Condition(torch.rand(2, 3, 2, 2), torch.rand(2, 5))
    hidden = condition.where(torch.tensor([True, False]))
    assert torch.equal(hidden.features[0], condition.features[0])
    assert torch.equal(hidden.pooled[0], condition.pooled[0])
    assert hidden.features[1].abs().sum() == hidden.pooled[1].abs().sum() == 0
