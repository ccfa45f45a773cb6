"""Impossible training settings are refused."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from sonoloop.training.config import FREE_ON_RESUME, TrainingConfig


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_steps", -1),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("betas", (0.9, 1.5)),
        ("ema_decay", 1.0),
        ("gradient_clip", 0.0),
        ("precision", "16-mixed"),
        ("log_every", 0),
        ("num_workers", -1),
    ],
)
def test_impossible_value_is_refused(key: str, value: object) -> None:
    """The error names the key."""
    with pytest.raises(ValidationError, match=key):
        TrainingConfig.model_validate({key: value})


def test_unknown_key_is_refused() -> None:
    """A misspelt setting must not be ignored."""
    with pytest.raises(ValidationError, match="lerning_rate"):
        TrainingConfig.model_validate({"lerning_rate": 1e-4})


def test_epochs_become_steps() -> None:
    """Known value: 100 epochs of 131 videos in batches of 7 are 1,872 steps."""
    config = TrainingConfig(max_epochs=100, batch_size=7)
    assert config.for_videos(131).max_steps == 1872
    assert TrainingConfig(max_steps=5).for_videos(131).max_steps == 5


def test_free_settings_exist() -> None:
    """What a resumed run may change is spelt as in the config."""
    assert TrainingConfig.model_fields.keys() >= FREE_ON_RESUME


def test_config_imports_no_torch() -> None:
    """--help and --dry-run stay fast."""
    code = "import sys, sonoloop.training.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
