"""Refusals before sampling; those of sampler and steps are also met through the model."""

import pytest

from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.sampling_checks import check_guidance, check_sampler, check_steps
from sonoloop.errors import UsageError

KNOWS_MOTION = DiffusionConfig(motion=True)


def test_good_calls_pass() -> None:
    """A sampler by its name, as many steps as training had, guidance towards something."""
    config = DiffusionConfig(objective="epsilon", sampler="ddim", num_train_timesteps=50)
    assert check_sampler(config, "ddpm") == "ddpm"
    check_steps(config, "ddim", 50)
    check_guidance(KNOWS_MOTION, 2.0, has_control=True)


@pytest.mark.parametrize(
    ("config", "scale", "has_control", "message"),
    [
        (KNOWS_MOTION, -1.0, True, "guidance_scale -1 is below 0"),
        (DiffusionConfig(), 2.0, False, "trained without labels and motion strength"),
        (KNOWS_MOTION, 2.0, False, "needs a label or a motion"),
        (DiffusionConfig(motion=True, control_dropout=0.0), 2.0, True, "control_dropout above 0"),
    ],
)
def test_guidance_to_nothing_is_refused(
    config: DiffusionConfig,
    scale: float,
    has_control: bool,  # noqa: FBT001 - a case of the table
    message: str,
) -> None:
    """Each says what is missing."""
    with pytest.raises(UsageError, match=message):
        check_guidance(config, scale, has_control=has_control)
