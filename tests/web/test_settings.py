"""Forms become options, or a sentence."""

import pytest

from sonoloop.errors import UsageError
from sonoloop.web.settings import LoopSettings, read_settings


def test_empty_fields_are_defaults() -> None:
    """As a browser sends them."""
    assert read_settings({"samples": "", "motion": None, "label": ""}) == LoopSettings()


def test_texts_become_numbers() -> None:
    """And reach synthesis under its own names."""
    given = {"samples": "3", "seed": "7", "steps": "5", "frames": "32", "loop": "true",
             "motion": "0.8", "guidance_scale": "2", "label": "cyst"}  # fmt: skip
    options = read_settings(given).options()
    assert (options.num_samples, options.seed, options.num_inference_steps) == (3, 7, 5)
    loops = options.loops
    assert (loops.num_frames, loops.loop, loops.motion) == (32, True, 0.8)
    assert (loops.guidance_scale, loops.label) == (2, "cyst")
    assert options.mark


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"seed": "x"}, "seed: Input should be a valid integer"),
        ({"mark": "no"}, "there is no setting 'mark': choose among samples"),
        ({"motion": "much"}, "motion: Input should be a valid number"),
    ],
)
def test_wrong_field_is_named(given: dict[str, str], sentence: str) -> None:
    """With what was found; the mark cannot be switched off from outside."""
    with pytest.raises(UsageError, match=sentence):
        read_settings(given)
