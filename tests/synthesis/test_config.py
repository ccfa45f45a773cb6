"""The config of a model folder."""

import pytest
from pydantic import ValidationError

from sonoloop.data.config import ClipConfig
from sonoloop.synthesis.config import ModelConfig, TypicalityConfig, playing_rate_hz


def test_rate_shows_motion_at_its_true_speed() -> None:
    """16 frames over the paper's 48 frames at 25 Hz play at 8.33 Hz, stated either way."""
    assert playing_rate_hz(ClipConfig(num_frames=16, window_s=1.92)) == pytest.approx(25 / 3)
    assert playing_rate_hz(ClipConfig(num_frames=16, window_frames=48)) == pytest.approx(25 / 3)


def test_unknown_and_impossible_values_are_refused() -> None:
    """A key of another version, a checksum that is none."""
    with pytest.raises(ValidationError, match="colour"):
        TypicalityConfig.model_validate(
            {
                "threshold": 1.0,
                "unusual_threshold": 0.9,
                "num_stills": 3,
                "num_groups": 2,
                "colour": "red",
            }
        )
    with pytest.raises(ValidationError, match="weights_sha256"):
        ModelConfig.model_validate({"weights_sha256": "abc"})


def test_a_model_has_one_stage_2() -> None:
    """A diffusion model, as in folders older than flows, or a flow; neither none nor both."""
    values = {
        "name": "x",
        "trained_on": "y",
        "licence": "z",
        "clip": {},
        "autoencoder": {},
        "latent_shape": (4, 4, 8, 8),
        "frame_rate_hz": 1.0,
        "weights_sha256": "0" * 64,
    }
    older = ModelConfig.model_validate({**values, "diffusion": {}})
    assert (older.stage_2_part, older.stage_2.num_inference_steps) == ("diffusion", 10)
    baseline = ModelConfig.model_validate({**values, "flow": {}})
    assert (baseline.stage_2_part, baseline.stage_2.num_inference_steps) == ("flow", 1)
    control = ModelConfig.model_validate({**values, "random_latents": {"num_latents": 3}})
    assert (control.stage_2_part, control.stage_2.num_inference_steps) == ("random_latents", 1)
    for wrong in ({}, {"diffusion": {}, "flow": {}}):
        with pytest.raises(ValidationError, match="one stage 2: either diffusion or flow"):
            ModelConfig.model_validate({**values, **wrong})
