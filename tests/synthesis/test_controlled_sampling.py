"""Label and motion on their way from the caller to stage 2."""

import pytest
import torch

from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.errors import UsageError
from sonoloop.synthesis.controlled_sampling import check_control, draw_latents
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.loops import LoopOptions

SHAPE = (4, 2, 2, 2)


@pytest.fixture
def sampler() -> LatentDiffusion:
    """Build an untrained model whose every weight matters, and that knows labels and motion."""
    torch.manual_seed(0)
    small = {"width": 16, "depth": 1, "heads": 2, "condition_widths": (4, 4)}
    asked = {"labels": ("cyst", "solid"), "motion": True, "num_inference_steps": 2}
    model = LatentDiffusion(DiffusionConfig.model_validate(small | asked), SHAPE)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def test_what_is_asked_for_changes_the_latent(sampler: LatentDiffusion) -> None:
    """The same noise with another label, motion or guidance gives another latent."""
    frames = torch.zeros(2, 1, 16, 16)

    def draw(**asked: object) -> torch.Tensor:
        options = LoopOptions(**asked)  # type: ignore[arg-type]
        check_control(sampler, options)
        generators = [torch.Generator().manual_seed(item) for item in range(2)]
        return draw_latents(
            sampler, frames, options, generators=generators, num_inference_steps=None
        )

    drawn = [
        draw(),
        draw(label="cyst"),
        draw(label="solid"),
        draw(motion=0.2),
        draw(motion=0.8),
        draw(motion=0.8, guidance_scale=3.0),
    ]
    assert torch.equal(drawn[0], draw())
    assert torch.equal(drawn[4], draw(motion=0.8, guidance_scale=1.0))
    for number, latent in enumerate(drawn):
        assert latent.shape == (2, *SHAPE)
        assert not any(torch.allclose(latent, other, atol=1e-4) for other in drawn[:number])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (LoopOptions(label="lipoma"), "label 'lipoma' is unknown to this model: it knows cyst"),
        (LoopOptions(motion=-0.1), "motion -0.1 is outside 0 to 1"),
        (LoopOptions(guidance_scale=2.0), "needs a label or a motion to guide to"),
        (LoopOptions(motion=0.5, guidance_scale=-1.0), "guidance_scale -1 is below 0"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    sampler: LatentDiffusion, options: LoopOptions, message: str
) -> None:
    """Before any work."""
    with pytest.raises(UsageError, match=message):
        check_control(sampler, options)


@pytest.mark.parametrize("asked", [{"label": "cyst"}, {"motion": 0.5}, {"guidance_scale": 2.0}])
def test_models_without_control_say_so(model: ImageToVideo, asked: dict[str, object]) -> None:
    """A model trained without it, and a stage 2 of another kind; plain loops pass."""
    options = LoopOptions(**asked)  # type: ignore[arg-type]
    check_control(model.sampler, LoopOptions(num_frames=30, loop=True))
    with pytest.raises(UsageError, match="this model was trained without"):
        check_control(model.sampler, options)
    moved = model.with_motion_of(torch.randint(0, 255, (16, 64, 64)).byte().numpy())
    with pytest.raises(UsageError, match="takes neither label nor motion"):
        check_control(moved.sampler, options)
    with pytest.raises(UsageError, match="num_frames 40: the motion of a clip is as long as"):
        check_control(moved.sampler, LoopOptions(num_frames=40))
