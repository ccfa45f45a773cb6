"""Maps that keep the place."""

import torch

from sonoloop.synthesis.still_maps import BRIGHTNESS_GRID, still_maps

NUM_FEATURES = 8 + 64 + 4 * 4 * 16


def test_gain_changes_quantiles_only() -> None:
    """Brightness and texture are of logarithms, but for their floor."""
    grey = torch.rand((2, 1, 64, 64), generator=torch.Generator().manual_seed(0)) * 0.3 + 0.6
    tissue = torch.ones_like(grey)
    found, darker = still_maps(grey, tissue), still_maps(grey * 0.9, tissue)
    assert found.shape == (2, NUM_FEATURES)
    assert (found - darker)[:, :8].min() > 0.05
    torch.testing.assert_close(found[:, 8:], darker[:, 8:], atol=0.05, rtol=0)


def test_a_bright_line_is_found_where_it_is() -> None:
    """The map's brightest row is the line's; across it grey changes more than along it."""
    grey = torch.full((1, 1, 64, 64), 0.1)
    grey[:, :, 18:20] = 1.0
    found = still_maps(grey, torch.ones_like(grey))
    brightness = found[0, 8:72].reshape(BRIGHTNESS_GRID)
    assert (brightness.argmax(dim=0) == 2).all()
    axial_over_lateral = found[0, 72 + 16 : 72 + 32].reshape(4, 4)
    assert axial_over_lateral[1].min() > 1


def test_black_is_finite() -> None:
    """A still without tissue has features too."""
    black = torch.zeros(1, 1, 64, 64)
    assert still_maps(black, black).isfinite().all()
