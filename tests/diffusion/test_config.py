"""Settings of stage 2 that cannot work are refused."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from sonoloop.diffusion.config import DiffusionConfig


def test_default_is_flow_matching_with_few_euler_steps() -> None:
    """2 to 50 Euler steps gave the same quality in trials, so 10 are plenty."""
    config = DiffusionConfig()
    assert (config.objective, config.sampler, config.num_inference_steps) == (
        "flow_matching",
        "euler",
        10,
    )


def test_config_survives_json() -> None:
    """What is written beside the weights reads back equal."""
    config = DiffusionConfig(objective="epsilon", sampler="ddpm", patch_size=(1, 2, 2))
    assert DiffusionConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": "epsilon"}, "sampler euler does not fit objective epsilon"),
        ({"sampler": "ddim"}, "sampler ddim does not fit objective flow_matching"),
        (
            {"objective": "epsilon", "sampler": "ddim", "num_train_timesteps": 9},
            "num_inference_steps 10 is above the 9 of training",
        ),
        ({"width": 100, "heads": 3}, "width 100 is not a multiple of heads 3"),
        ({"beta_start": 0.5}, "beta_start 0.5 is above beta_end 0.02"),
        ({"guidance_scale": 2, "condition_dropout": 0}, "guidance_scale 2.0 needs a model"),
        (
            {"objective": "epsilon", "sampler": "ddpm", "schedule": "cosine"},
            "schedule cosine leaves no signal",
        ),
        ({"min_snr_gamma": 5}, "min_snr_gamma 5.0 weighs the DDPM objectives"),
        ({"labels": ["cyst"]}, "must be none, or two and more that differ"),
        ({"labels": ["cyst", "cyst"]}, "must be none, or two and more that differ"),
        ({"condition_widths": ()}, "at least 1 item"),
        ({"condition_widths": (8, 0)}, "greater than or equal to 1"),
        ({"dropout": 1}, "less than 1"),
        ({"depths": 3}, "Extra inputs are not permitted"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, object], message: str) -> None:
    """The message names the setting and the value."""
    with pytest.raises(ValidationError, match=message):
        DiffusionConfig.model_validate(settings)


def test_config_imports_no_torch() -> None:
    """The command line reads settings, and must answer at once."""
    code = "import sys, sonoloop.diffusion.config; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
