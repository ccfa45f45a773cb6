"""The warp decoder bounds its flow and leaves frame 0 alone."""

import pytest
import torch
from torch.nn import functional

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.first_frame import level_widths
from sonoloop.autoencoder.warp_decoder import (
    MAX_FLOW,
    MAX_GAIN,
    Texture,
    WarpDecoder,
    average_over_frames,
    brighten,
    replace_speckle,
    sub_pixels,
)
from sonoloop.layers.warp import jacobian_determinant

CONFIG = AutoencoderConfig(size=64, num_frames=8, decoder_width=4, latent_channels=3)


def test_flow_is_bounded_and_zero_at_frame_zero() -> None:
    """However large the head's output, a pixel comes from within a quarter of the frame."""
    decoder = WarpDecoder(CONFIG)
    torch.nn.init.constant_(decoder.flow_head.bias, 1e3)
    pyramid = [torch.randn(1, w, 32 // 2**k, 32 // 2**k) for k, w in enumerate(level_widths(4))]
    frame = torch.rand(1, 1, 64, 64)
    clip, flow = decoder(frame, pyramid, torch.randn(1, 3, 2, 4, 4))
    torch.testing.assert_close(flow[:, :, 1:], torch.full_like(flow[:, :, 1:], MAX_FLOW * 64))
    assert not flow[:, :, 0].any()
    torch.testing.assert_close(clip[:, :, 0], frame)


def test_sub_pixels_interleave() -> None:
    """Four channels at half resolution are the four pixels of a 2x2 block, row by row."""
    features = torch.arange(4.0).view(1, 4, 1, 1, 1)
    assert sub_pixels(features).flatten().tolist() == [0, 1, 2, 3]


def test_brightness_scales_texture_and_paints_nothing_where_there_is_no_echo() -> None:
    """A constant residual scales a flat region by (mean + residual) / mean; black stays black."""
    moved = torch.full((1, 1, 1, 32, 32), -0.2)  # amplitude 0.4
    brighter = brighten(moved, torch.full_like(moved, 0.4), 2.0)  # amplitude + 0.2
    torch.testing.assert_close(brighter, torch.full_like(moved, 0.2), atol=0.03, rtol=0)
    black = torch.full_like(moved, -1.0)
    torch.testing.assert_close(brighten(black, torch.full_like(moved, 0.5), 2.0), black)


def test_no_residual_leaves_the_moved_frame_and_the_gain_is_bounded() -> None:
    """Zero changes nothing; any residual scales by 3 at most."""
    moved = torch.rand(1, 1, 2, 16, 16) * 2 - 1
    torch.testing.assert_close(brighten(moved, torch.zeros_like(moved), 2.0), moved)
    bright = brighten(moved, torch.full_like(moved, 1e3), 2.0)
    torch.testing.assert_close(bright + 1, MAX_GAIN * (moved + 1))


def test_averages_are_those_of_neighbours() -> None:
    """Written out: three of 0, 3, 6, 30 with both ends repeated; one frame is left as it is."""
    frames = torch.tensor([0.0, 3.0, 6.0, 30.0]).view(1, 1, 4, 1, 1)
    assert average_over_frames(frames, 3).flatten().tolist() == [1, 3, 13, 22]
    assert average_over_frames(frames, 1) is frames


def test_one_frame_alone_is_hardly_brighter() -> None:
    """A gain that is wanted in one frame is shared by three, and never reaches the still."""
    changes = {}
    for count in (1, 3):
        decoder = WarpDecoder(CONFIG.model_copy(update={"residual_frames": count}))
        wanted = torch.zeros(1, 4, 8, 32, 32)
        wanted[:, :, 0] = wanted[:, :, 4] = 0.5
        decoder.residual_head.register_forward_hook(lambda *_, _wanted=wanted: _wanted)
        pyramid = [torch.randn(1, w, 32 // 2**k, 32 // 2**k) for k, w in enumerate(level_widths(4))]
        frame = torch.rand(1, 1, 64, 64)
        clip, _ = decoder(frame, pyramid, torch.randn(1, 3, 2, 4, 4))
        changes[count] = (clip - frame[:, :, None]).abs().mean((0, 1, 3, 4))
    assert (changes[1] > 1e-4).nonzero().flatten().tolist() == [4]
    assert (changes[3] > 1e-4).nonzero().flatten().tolist() == [3, 4, 5]
    torch.testing.assert_close(changes[3][4], changes[1][4] / 3, rtol=0.05, atol=0)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"residual_frames": 2}, "must be an odd number, got 2"),
        ({"residual_frames": 3, "residual_blur": 0}, "residual_frames above 1 needs the warp"),
        ({"residual_frames": 3, "decoder": "adain"}, "residual_frames above 1 needs the warp"),
    ],
)
def test_frames_to_average_must_make_sense(settings: dict[str, object], sentence: str) -> None:
    """An even number has no middle; only a gain of the warp decoder is averaged."""
    with pytest.raises(ValueError, match=sentence):
        AutoencoderConfig.model_validate(settings)


def test_a_velocity_moves_tissue_without_folds() -> None:
    """The same head's output folds the still as a displacement and not as a velocity."""
    generator = torch.Generator().manual_seed(0)
    wanted = 8 * functional.avg_pool3d(
        torch.randn(1, 2, 8, 20, 20, generator=generator), (1, 5, 5), stride=1
    )
    pyramid = [torch.randn(1, w, 32 // 2**k, 32 // 2**k) for k, w in enumerate(level_widths(4))]
    frame, latent = torch.rand(1, 1, 64, 64), torch.randn(1, 3, 2, 4, 4)
    least_area = []
    for squarings in (0, 5):
        decoder = WarpDecoder(CONFIG.model_copy(update={"flow_squarings": squarings}))
        decoder.flow_head.register_forward_hook(lambda *_: wanted)
        _, flow = decoder(frame, pyramid, latent)
        assert flow[:, :, 0].abs().max() == 0
        assert flow[:, :, 1:].abs().max() > 4
        least_area.append(float(jacobian_determinant(flow).min()))
    assert least_area[0] < 0 < least_area[1]


def test_only_the_warp_decoder_follows_a_velocity() -> None:
    """The other decoders have no flow."""
    with pytest.raises(ValueError, match="flow_squarings needs the warp decoder"):
        AutoencoderConfig(decoder="adain", flow_squarings=5)


def test_new_speckle_has_the_contrast_of_the_old() -> None:
    """Whatever the share, mean and deviation of a textured clip stay; black stays black."""
    generator = torch.Generator().manual_seed(0)
    moved, speckle = 0.1 * torch.randn(2, 1, 1, 2, 128, 128, generator=generator)
    for share in (0.0, 0.3, 1.0):
        shares = torch.full_like(moved, share)
        made = replace_speckle(moved, shares, speckle / 0.1, 2.0)
        torch.testing.assert_close(made.std(), moved.std(), atol=0.005, rtol=0)
        torch.testing.assert_close(made.mean(), moved.mean(), atol=0.005, rtol=0)
        alike = torch.corrcoef(torch.stack([made.flatten(), moved.flatten()]))[0, 1]
        torch.testing.assert_close(alike, torch.tensor((1 - share) ** 0.5), atol=0.05, rtol=0)
    black = torch.full_like(moved, -1.0)
    new = replace_speckle(black, torch.ones_like(moved), speckle / 0.1, 2.0)
    torch.testing.assert_close(new, black, atol=2e-3, rtol=0)


def test_speckle_follows_its_noise_and_spares_frame_zero() -> None:
    """Another noise, another texture after frame 0; no noise, none of it."""
    decoder = WarpDecoder(CONFIG.model_copy(update={"speckle": 0.9}))
    torch.nn.init.normal_(decoder.speckle_head.weight)
    pyramid = [torch.randn(1, w, 32 // 2**k, 32 // 2**k) for k, w in enumerate(level_widths(4))]
    frame, latent = torch.rand(1, 1, 64, 64), torch.randn(1, 3, 2, 4, 4)
    one, other = torch.randn(2, 1, 1, 8, 64, 64)
    clip = decoder(frame, pyramid, latent, one)[0]
    assert torch.equal(clip, decoder(frame, pyramid, latent, one)[0])
    changed = (clip - decoder(frame, pyramid, latent, other)[0]).abs().amax(dim=(0, 1, 3, 4))
    assert not changed[0]
    assert (changed[1:] > 0).all()
    assert not torch.equal(clip, decoder(frame, pyramid, latent)[0])


def test_texture_taken_apart_comes_back() -> None:
    """Mean + contrast pattern is the clip; the pattern's variance is 1 and that of black is 0."""
    clip = 0.1 * torch.randn(1, 1, 2, 64, 64, generator=torch.Generator().manual_seed(0))
    mean, contrast, pattern = Texture.of(clip, 2.0)
    torch.testing.assert_close(2 * (mean + contrast * pattern) - 1, clip, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(pattern.std(), torch.tensor(1.0), atol=0.05, rtol=0)
    assert not Texture.of(torch.full_like(clip, -1.0), 2.0).pattern.any()


def test_new_speckle_may_have_the_grain_of_the_still() -> None:
    """White grain in the still, white speckle in the clip, where trained filters make it coarse."""
    generator = torch.Generator().manual_seed(0)
    frame = 0.2 * torch.randn(1, 1, 64, 64, generator=generator)
    noise = torch.randn(1, 1, 8, 64, 64, generator=generator)
    pyramid = [torch.zeros(1, w, 32 // 2**k, 32 // 2**k) for k, w in enumerate(level_widths(4))]
    alike = []
    for own_grain in (0.0, 0.5, 1.0):
        settings = {"speckle": 0.9, "speckle_own_grain": own_grain}
        decoder = WarpDecoder(CONFIG.model_copy(update=settings))
        torch.nn.init.constant_(decoder.speckle_head.bias[:1], 100.0)
        with torch.inference_mode():
            clip, _ = decoder(frame, pyramid, torch.zeros(1, 3, 2, 4, 4), noise)
        # Both grains come from one noise: were they not independent, contrast would grow.
        assert clip[:, :, 1:].std() == pytest.approx(float(frame.std()), rel=0.05)
        pattern = Texture.of(clip, 2.0).pattern[:, :, 1:]
        alike.append(float((pattern * pattern.roll(1, 4)).mean()))
    still = Texture.of(frame.unsqueeze(2), 2.0).pattern
    assert alike[0] - alike[1] > 0.1
    assert alike[1] - alike[2] > 0.1
    assert alike[2] == pytest.approx(float((still * still.roll(1, 4)).mean()), abs=0.05)


def test_edges_where_speckle_stays_lend_no_streaks() -> None:
    """Beside a black bar, whose edge would be half of the spectrum, grain is as without the bar."""
    generator = torch.Generator().manual_seed(0)
    frame = 0.2 * torch.randn(1, 1, 64, 64, generator=generator)
    frame[..., :16] = -1
    frame[..., 16:18] = 1
    noise = torch.randn(1, 1, 8, 64, 64, generator=generator)
    pyramid = [torch.zeros(1, w, 32 // 2**k, 32 // 2**k) for k, w in enumerate(level_widths(4))]
    decoder = WarpDecoder(CONFIG.model_copy(update={"speckle": 0.9, "speckle_own_grain": 1.0}))
    along_edge = []
    for edge_logit in (100.0, -100.0):
        logits = torch.zeros(1, 1 + decoder.filtered_noise.num_filters, 8, 32, 32)
        logits[:, 0] = 100.0
        logits[:, 0, ..., :12] = edge_logit
        decoder.speckle_head.register_forward_hook(lambda *_, _logits=logits: _logits)
        with torch.inference_mode():
            clip, _ = decoder(frame, pyramid, torch.zeros(1, 3, 2, 4, 4), noise)
        grain = Texture.of(clip, 2.0).pattern[0, 0, 1:, :, 28:]
        along_edge.append(float((grain * grain.roll(4, 1)).mean()))
    assert along_edge[0] > 0.08, along_edge
    assert abs(along_edge[1]) < 0.02


def test_a_black_still_stays_black() -> None:
    """It has no grain of its own, and nothing in it becomes something that is not a number."""
    decoder = WarpDecoder(CONFIG.model_copy(update={"speckle": 0.9, "speckle_own_grain": 0.5}))
    torch.nn.init.constant_(decoder.speckle_head.bias, 100.0)
    pyramid = [torch.zeros(1, w, 32 // 2**k, 32 // 2**k) for k, w in enumerate(level_widths(4))]
    black = torch.full((1, 1, 64, 64), -1.0)
    clip, _ = decoder(black, pyramid, torch.zeros(1, 3, 2, 4, 4), torch.randn(1, 1, 8, 64, 64))
    torch.testing.assert_close(clip, torch.full_like(clip, -1.0), atol=2e-3, rtol=0)


@pytest.mark.parametrize("logit", [100.0, -200.0], ids=["all", "none"])
def test_gradients_stay_finite_where_all_speckle_may_go_or_none(logit: float) -> None:
    """A head that shouts saturates its sigmoid; every weight still gets a finite gradient."""
    settings = {"speckle": 0.9, "speckle_own_grain": 0.5}
    decoder = WarpDecoder(CONFIG.model_copy(update=settings))
    torch.nn.init.constant_(decoder.speckle_head.bias, logit)
    pyramid = [torch.randn(1, w, 32 // 2**k, 32 // 2**k) for k, w in enumerate(level_widths(4))]
    noise = torch.randn(1, 1, 8, 64, 64)
    clip, _ = decoder(torch.rand(1, 1, 64, 64), pyramid, torch.randn(1, 3, 2, 4, 4), noise)
    clip.square().mean().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in decoder.parameters())
