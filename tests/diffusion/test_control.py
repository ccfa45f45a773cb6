"""Label and motion: measured, hidden at random, asked for, and obeyed."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.control import (
    UNTOLD,
    Control,
    ControlEncoder,
    asked_control,
    energy_quantiles,
    motion_strength,
    temporal_energy,
)
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.errors import UsageError

KNOWS_ALL = DiffusionConfig(labels=("cyst", "solid"), motion=True)


def test_temporal_energy_is_the_mean_change() -> None:
    """A clip that brightens by 0.1 a frame has 0.1, one that rests 0."""
    clips = torch.zeros(2, 1, 5, 4, 4)
    clips[0] += 0.1 * torch.arange(5).reshape(1, 5, 1, 1)
    assert temporal_energy(clips).tolist() == pytest.approx([0.1, 0.0])


@given(st.lists(st.floats(2**-10, 1, width=32), min_size=2, max_size=300))
def test_strength_is_the_share_that_moves_less(energies: list[float]) -> None:
    """Property: in [0, 1], never falling with energy, 0 below all and 1 above all."""
    quantiles = energy_quantiles(torch.tensor(energies))
    asked = torch.cat([torch.tensor([0.0]), torch.tensor(sorted(energies)), torch.tensor([2.0])])
    shares = motion_strength(asked, quantiles)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert (shares.diff() >= -1e-6).all()


def test_strength_of_evenly_spread_energies() -> None:
    """Of energies spread evenly over 2 to 4, a quarter is below 2.5."""
    quantiles = energy_quantiles(torch.linspace(2, 4, 1001))
    shares = motion_strength(torch.tensor([2.0, 2.5, 3.0, 4.0]), quantiles)
    assert shares.tolist() == pytest.approx([0, 0.25, 0.5, 1], abs=1e-3)


def test_label_and_motion_are_hidden_each_on_its_own() -> None:
    """With chance 0.5 a quarter of the items keeps both, a quarter loses both."""
    control = Control(torch.ones(4000, dtype=torch.long), torch.full((4000,), 0.7))
    dropped = control.dropped(0.5, torch.Generator().manual_seed(0))
    no_label, no_motion = dropped.label == UNTOLD, dropped.motion == UNTOLD
    assert (no_label & no_motion).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert (no_label | no_motion).float().mean().item() == pytest.approx(0.75, abs=0.03)
    assert set(dropped.label.tolist()) == {UNTOLD, 1}
    assert torch.equal(control.dropped(0.0, torch.Generator()).motion, control.motion)


def test_what_is_not_told_adds_nothing() -> None:
    """Zeros, whatever the weights; a silenced encoder adds nothing at all, until it learns."""
    encoder = ControlEncoder(num_labels=2, motion=True, width=8)
    control = Control(
        torch.tensor([0, 1, UNTOLD, UNTOLD]), torch.tensor([0.1, UNTOLD, 0.5, UNTOLD])
    )
    vectors = encoder(control)
    assert (vectors[3] == 0).all()
    assert (vectors[:3] != 0).any(dim=1).all()
    encoder.silence()
    assert (encoder(control) == 0).all()
    encoder(control).sum().backward()
    assert encoder.motion is not None
    assert encoder.motion.second.weight.grad.abs().max() > 0


def test_asking_gives_numbers() -> None:
    """Names become places, silence is UNTOLD, and asking for nothing is None."""
    control = asked_control(KNOWS_ALL, 2, label="solid", motion=None)
    assert control is not None
    assert (control.label.tolist(), control.motion.tolist()) == ([1, 1], [UNTOLD, UNTOLD])
    assert asked_control(DiffusionConfig(), 2, label=None, motion=None) is None


@pytest.mark.parametrize(
    ("config", "label", "motion", "message"),
    [
        (KNOWS_ALL, "cyts", None, "label 'cyts' is unknown to this model: it knows cyst, solid"),
        (KNOWS_ALL, None, 1.5, "motion 1.5 is outside 0 to 1"),
        (DiffusionConfig(), "cyst", None, "trained without labels"),
        (DiffusionConfig(), None, 0.5, "trained without motion strength"),
        (DiffusionConfig(motion=True), "cyst", None, "trained without labels"),
    ],
)
def test_what_cannot_be_asked(
    config: DiffusionConfig, label: str | None, motion: float | None, message: str
) -> None:
    """One sentence with the value, and what there is instead."""
    with pytest.raises(UsageError, match=message):
        asked_control(config, 1, label=label, motion=motion)


def draw_world(count: int, generator: torch.Generator) -> tuple[Tensor, Control]:
    """Draw latents of mean 0 whose spread is 0.2 + motion, those of label 1 around 5."""
    motion = torch.rand(count, generator=generator)
    label = torch.randint(2, (count,), generator=generator)
    noise = torch.randn(count, 2, generator=generator)
    return 5 * label[:, None] + (0.2 + motion[:, None]) * noise, Control(label, motion)


def test_a_model_obeys() -> None:
    """After seconds of training.

    Asked for more motion, latents spread more, about as in the world; asked for a label, they have
    its mean, and with guidance keep nearer to it; who asks for nothing gets both labels.
    """
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    small = {"width": 32, "depth": 1, "heads": 2, "vector_tokens": 2, "condition_widths": (4, 4)}
    config = DiffusionConfig.model_validate(
        {**small, "labels": ("low", "high"), "motion": True, "dropout": 0.0, "sampler": "heun"}
    )
    model = LatentDiffusion(config, (2,))
    model.set_latent_statistics(draw_world(5000, generator)[0])
    optimizer = torch.optim.Adam(model.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=150)
    frame = torch.zeros(128, 1, 8, 8)
    for _ in range(150):
        latent, told = draw_world(128, generator)
        optimizer.zero_grad()
        model(latent, frame, generator, told).backward()
        optimizer.step()
        rate.step()

    def sample(label: str | None, motion: float | None, scale: float | None = None) -> Tensor:
        return model.sample(
            frame,
            generators=[torch.Generator().manual_seed(i) for i in range(128)],
            num_inference_steps=6,
            control=asked_control(config, 128, label=label, motion=motion),
            guidance_scale=scale,
        )

    spreads = [sample("low", motion).std().item() for motion in (0.1, 0.3, 0.6, 0.9)]
    assert spreads == sorted(spreads)
    assert spreads[3] / spreads[1] == pytest.approx(1.1 / 0.5, rel=0.35)
    means = [sample(label, 0.5).mean().item() for label in ("low", "high")]
    assert means == [pytest.approx(0, abs=0.5), pytest.approx(5, abs=0.5)]
    assert sample("high", None, 3.0).std() < 0.7 * sample("high", None).std()
    assert (sample(None, None) > 2.5).float().mean().item() == pytest.approx(0.5, abs=0.15)
