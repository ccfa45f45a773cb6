"""Numbers and places as vectors."""

import pytest
import torch
from diffusers.models.embeddings import get_timestep_embedding

from sonoloop.layers.embeddings import NoiseLevelEmbedding, grid_embedding, sinusoidal_embedding


@pytest.mark.parametrize("width", [16, 17])
def test_sinusoidal_embedding_equals_diffusers(width: int) -> None:
    """get_timestep_embedding with cosines first and no shift of the frequencies."""
    position = torch.tensor([0.0, 1.5, 999.0])
    theirs = get_timestep_embedding(position, width, flip_sin_to_cos=True, downscale_freq_shift=0)
    torch.testing.assert_close(sinusoidal_embedding(position, width), theirs)


def test_zero_is_ones_then_zeros() -> None:
    """The cosine of 0 is 1 and its sine 0."""
    assert sinusoidal_embedding(torch.zeros(1), 6).tolist() == [[1, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize("grid", [(4, 4, 4), (1, 2, 3), (5,), (1, 1, 1)])
def test_every_cell_of_a_grid_has_its_own_vector(grid: tuple[int, ...]) -> None:
    """No two cells share an embedding, and the width need not divide by the axes."""
    table = grid_embedding(grid, 32)
    assert table.shape == (torch.Size(grid).numel(), 32)
    assert len(torch.unique(table, dim=0)) == len(table)


def test_last_axis_runs_fastest() -> None:
    """Neighbouring rows differ in the last axis' share only."""
    table = grid_embedding((2, 3, 4), 18)  # 6 numbers per axis
    assert torch.equal(table[0, :12], table[1, :12])
    assert not torch.equal(table[0, 12:], table[1, 12:])
    assert torch.equal(table[0, 12:], table[4, 12:])


def test_noise_levels_are_told_apart() -> None:
    """Neighbouring noise levels are closer than distant ones, and none coincide."""
    torch.manual_seed(0)
    embedding = NoiseLevelEmbedding(32)(torch.tensor([0.5, 0.501, 0.9]))
    near, far = (embedding[0] - embedding[1]).norm(), (embedding[0] - embedding[2]).norm()
    assert 0 < near < far
