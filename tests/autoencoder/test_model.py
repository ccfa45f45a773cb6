"""The autoencoder's promises: shapes, the first frame kept, the flow told."""

import pytest
import torch

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.autoencoder.warp_decoder import WarpDecoder
from sonoloop.layers.warp import warp_still

SMALL = AutoencoderConfig(
    size=64, num_frames=8, encoder_widths=(4, 8, 8, 8), decoder_width=4, latent_channels=3
)
VARIANTS = [
    *(("warp", "grid"), ("warp", "vector"), ("adain", "grid"), ("adain", "vector")),
    ("spade", "vector"),
]
NUM_FRAMES = {"warp": 8, "adain": 8, "spade": 16}


def small_model(decoder: str, latent: str) -> VideoAutoencoder:
    """Return a model with every weight random, the zero heads included; the cINN's as a whole."""
    changes = {"decoder": decoder, "latent": latent, "num_frames": NUM_FRAMES[decoder]}
    if decoder == "spade":
        changes |= {"encoder": "cinn", "encoder_stem": 4}
    model = VideoAutoencoder(
        AutoencoderConfig.model_validate({**SMALL.model_dump(), **changes})
    ).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    return model


@pytest.mark.parametrize(("decoder", "latent"), VARIANTS)
def test_decoding_keeps_the_first_frame_and_the_shape(decoder: str, latent: str) -> None:
    """Frame 0 is the still, bit for bit; the clip is shaped as the one encoded."""
    model = small_model(decoder, latent)
    clip = torch.rand(2, 1, NUM_FRAMES[decoder], 64, 64) * 2 - 1
    encoded = model.encode(clip)
    assert encoded.shape[1:] == model.latent_shape
    decoded = model.decode(clip[:, :, 0], encoded)
    assert decoded.clip.shape == clip.shape
    assert torch.equal(decoded.clip[:, :, 0], clip[:, :, 0])
    assert (decoded.flow is not None) == (decoder == "warp")


@pytest.mark.parametrize(("decoder", "latent"), VARIANTS)
def test_the_latent_changes_the_clip_and_every_parameter_learns(decoder: str, latent: str) -> None:
    """Dynamics come from the latent, and no weight is dead."""
    model = small_model(decoder, latent)
    clip = torch.rand(2, 1, NUM_FRAMES[decoder], 64, 64) * 2 - 1
    first_frame = clip[:, :, 0]
    one = model.decode(first_frame, torch.zeros(2, *model.latent_shape)).clip
    other = model.decode(first_frame, torch.ones(2, *model.latent_shape)).clip
    assert (one - other).abs().max() > 1e-4
    model(clip, torch.randn(2, *model.latent_shape)).clip.square().mean().backward()
    dead = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert dead == []


def test_an_untrained_warp_decoder_repeats_the_still() -> None:
    """Both heads start at zero, so training starts from doing nothing."""
    model = VideoAutoencoder(SMALL)
    still = torch.rand(1, 1, 64, 64)
    decoded = model.decode(still, torch.randn(1, *model.latent_shape))
    torch.testing.assert_close(decoded.clip, still.unsqueeze(2).expand_as(decoded.clip))


def test_the_flow_is_the_one_that_moved_the_frame() -> None:
    """Without its residual the warp decoder's clip is the first frame warped by its flow."""
    model = small_model("warp", "grid")
    torch.nn.init.zeros_(model.decoder.residual_head.weight)
    torch.nn.init.zeros_(model.decoder.residual_head.bias)
    still = torch.rand(1, 1, 64, 64)
    decoded = model.decode(still, torch.randn(1, *model.latent_shape))
    assert decoded.flow.abs().max() > 0.01
    torch.testing.assert_close(decoded.clip, warp_still(still, decoded.flow))


@pytest.mark.parametrize(("decoder", "latent"), VARIANTS)
def test_features_computed_once_give_the_same_clip(decoder: str, latent: str) -> None:
    """Sharing the still's features over samples changes nothing."""
    model = small_model(decoder, latent)
    still = torch.rand(1, 1, 64, 64)
    encoded = torch.randn(1, *model.latent_shape)
    shared = model.decode(still, encoded, model.first_frame_features(still))
    assert torch.equal(shared.clip, model.decode(still, encoded).clip)


def test_another_shape_is_refused_with_both() -> None:
    """The message names what was expected and what came."""
    model = VideoAutoencoder(SMALL)
    with pytest.raises(ValueError, match=r"must be \(b, 1, 8, 64, 64\), got \(1, 1, 8, 32, 32\)"):
        model.encode(torch.zeros(1, 1, 8, 32, 32))


def test_posterior_has_a_mean_and_a_deviation() -> None:
    """The mean is what ``encode`` gives; the deviation is exp(logvar / 2)."""
    model = small_model("warp", "grid")
    clip = torch.rand(2, 1, 8, 64, 64)
    mean, std = model.posterior(clip)
    assert torch.equal(mean, model.encode(clip))
    torch.testing.assert_close(2 * std.log(), model(clip, torch.zeros_like(mean)).logvar)


@pytest.mark.parametrize(("decoder", "latent"), VARIANTS)
def test_a_share_of_the_motion_leads_back_to_the_still(decoder: str, latent: str) -> None:
    """All of it is the clip, none of it the still, and half of it half of the flow."""
    model = small_model(decoder, latent)
    num_frames = NUM_FRAMES[decoder]
    still, dynamics = torch.rand(1, 1, 64, 64) * 2 - 1, torch.randn(1, *model.latent_shape)
    whole = model.decode(still, dynamics)
    shares = torch.ones(num_frames)
    shares[2], shares[3] = 0.5, 0.0
    part = model.decode(still, dynamics, motion_share=shares)
    torch.testing.assert_close(part.clip[:, :, 4:], whole.clip[:, :, 4:])
    torch.testing.assert_close(part.clip[:, :, 3], still)
    assert not torch.allclose(whole.clip[:, :, 3], still)
    if part.flow is not None and whole.flow is not None:
        torch.testing.assert_close(part.flow[:, :, 2], 0.5 * whole.flow[:, :, 2])
    else:
        torch.testing.assert_close(part.clip[:, :, 2], (whole.clip[:, :, 2] + still) / 2)


def test_speckle_is_as_new_where_nothing_moves() -> None:
    """Without motion the still's texture gives way to new all the same."""
    model = VideoAutoencoder(SMALL.model_copy(update={"speckle": 0.9})).eval()
    assert isinstance(model.decoder, WarpDecoder)
    torch.nn.init.constant_(model.decoder.speckle_head.bias, 4.0)
    generators = [torch.Generator().manual_seed(0)]
    noise = model.draw_speckle_noise(generators)
    more = model.draw_speckle_noise(generators, 3)
    assert noise is not None
    assert more is not None
    assert noise.shape == (1, 1, 8, 64, 64)
    assert more.shape == (1, 1, 3, 64, 64)
    still, dynamics = torch.rand(1, 1, 64, 64) * 2 - 1, torch.randn(1, *model.latent_shape)
    clip = model.decode(still, dynamics, speckle_noise=noise, motion_share=torch.zeros(8)).clip
    steps = clip.diff(dim=2).abs().mean(dim=(0, 1, 3, 4))
    assert steps.min() > 0.5 * steps.max()
