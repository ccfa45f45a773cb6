"""The transformer on latent tokens."""

import pytest
import torch

from sonoloop.diffusion.conditioning import Condition
from sonoloop.diffusion.denoiser import LatentDenoiser, TokenLayout

GRID = (4, 2, 4, 6)


def build(latent_shape: tuple[int, ...], **settings: object) -> LatentDenoiser:
    """Return a small denoiser."""
    torch.manual_seed(0)
    defaults = {
        "width": 24,
        "depth": 2,
        "heads": 2,
        "mlp_ratio": 2.0,
        "patch_size": (1, 1, 1),
        "vector_tokens": 1,
        "condition_channels": 3,
        "position_embedding": "learned",
        "dropout": 0.0,
    }
    return LatentDenoiser(latent_shape, **{**defaults, **settings})


def shaken(denoiser: LatentDenoiser) -> LatentDenoiser:
    """Move every weight off zero."""
    with torch.no_grad():
        for parameter in denoiser.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return denoiser


def condition(batch_size: int, grid: tuple[int, int] = (4, 6)) -> Condition:
    """Return a random condition."""
    return Condition(torch.randn(batch_size, 3, *grid), torch.randn(batch_size, 24))


@pytest.mark.parametrize("patch_size", [(1, 1, 1), (2, 2, 3), (1, 4, 2)])
def test_tokens_join_to_the_latent_they_came_from(patch_size: tuple[int, int, int]) -> None:
    """Joining undoes splitting, and there is one token per patch."""
    layout = TokenLayout(GRID, patch_size=patch_size, vector_tokens=1)
    latent = torch.randn(2, *GRID)
    tokens = layout.split(latent)
    cells = patch_size[0] * patch_size[1] * patch_size[2]
    assert tokens.shape == (2, 48 // cells, 4 * cells)
    assert torch.equal(layout.join(tokens), latent)


def test_a_vector_is_cut_into_pieces() -> None:
    """Piece i is the i-th stretch of the vector."""
    layout = TokenLayout((6,), patch_size=(1, 1, 1), vector_tokens=3)
    latent = torch.arange(6.0).reshape(1, 6)
    assert layout.split(latent).tolist() == [[[0, 1], [2, 3], [4, 5]]]
    assert torch.equal(layout.join(layout.split(latent)), latent)


def test_a_new_denoiser_predicts_zero() -> None:
    """The last layer starts at zero."""
    prediction = build(GRID)(torch.randn(2, *GRID), torch.tensor([0.1, 0.9]), condition(2))
    assert torch.equal(prediction, torch.zeros(2, *GRID))


@pytest.mark.parametrize(
    ("latent_shape", "settings"),
    [(GRID, {}), (GRID, {"patch_size": (2, 2, 2)}), ((8,), {"vector_tokens": 4}), ((8,), {})],
)
def test_prediction_depends_on_all_that_is_given(
    latent_shape: tuple[int, ...], settings: dict[str, object]
) -> None:
    """Noise level, pooled vector, latent and (for grids) features each change the prediction."""
    denoiser = shaken(build(latent_shape, **settings))
    latent, level, given = torch.randn(1, *latent_shape), torch.tensor([0.4]), condition(1)
    plain = denoiser(latent, level, given)
    assert plain.shape == latent.shape
    others = [
        denoiser(latent + 1, level, given),
        denoiser(latent, level + 0.2, given),
        denoiser(latent, level, given._replace(pooled=given.pooled + 1)),
    ]
    if len(latent_shape) > 1:
        others.append(denoiser(latent, level, given._replace(features=given.features + 1)))
    assert all((plain - other).abs().max() > 1e-4 for other in others)


def test_items_of_a_batch_do_not_see_each_other() -> None:
    """Changing one item leaves the other's prediction as it was."""
    denoiser = shaken(build(GRID))
    latent, level, given = torch.randn(2, *GRID), torch.tensor([0.3, 0.6]), condition(2)
    before = denoiser(latent, level, given)[0]
    latent[1] += 1
    torch.testing.assert_close(denoiser(latent, level, given)[0], before)


def test_tokens_know_their_place() -> None:
    """Equal cells in different places get different predictions."""
    denoiser = shaken(build(GRID, position_embedding="sinusoidal"))
    given = Condition(torch.ones(1, 3, 4, 6), torch.ones(1, 24))
    prediction = denoiser(torch.ones(1, *GRID), torch.tensor([0.5]), given)
    cells = prediction.reshape(4, -1).T  # (48, d)
    assert torch.pdist(cells).min() > 1e-4


def test_fixed_positions_are_not_trained() -> None:
    """Sinusoidal positions ask for no gradient, learned ones do."""
    assert not build(GRID, position_embedding="sinusoidal").position.requires_grad
    assert build(GRID).position.requires_grad


@pytest.mark.parametrize(
    ("latent_shape", "settings", "message"),
    [
        ((4, 8, 8), {}, r"a latent is \(d,\) or \(d, t, h, w\), got \(4, 8, 8\)"),
        (GRID, {"patch_size": (1, 3, 1)}, r"not a multiple of patch_size \(1, 3, 1\)"),
        ((7,), {"vector_tokens": 2}, r"latent \(7,\) is not a multiple of vector_tokens \(2,\)"),
    ],
)
def test_latents_that_do_not_divide_are_refused(
    latent_shape: tuple[int, ...], settings: dict[str, object], message: str
) -> None:
    """The message names the latent and the setting."""
    with pytest.raises(ValueError, match=message):
        build(latent_shape, **settings)
