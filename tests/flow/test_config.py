"""Settings of the flow."""

import pytest
from pydantic import ValidationError

from sonoloop.flow.config import FlowConfig


def test_defaults_are_the_cinn_s() -> None:
    """20 blocks, networks of 512, slope 0.9 (arXiv:2105.04551 and the authors' configurations)."""
    config = FlowConfig()
    assert (config.num_blocks, config.hidden_width, config.hidden_depth) == (20, 512, 2)
    assert (config.negative_slope, config.condition_channels) == (0.9, 64)
    assert config.log_scale_limit is None
    assert (config.sampler, config.num_inference_steps) == ("flow_inverse", 1)


@pytest.mark.parametrize(
    "values", [{"negative_slope": 0}, {"num_blocks": 0}, {"temperature": 1.5}, {"blocks": 3}]
)
def test_impossible_and_unknown_values_are_refused(values: dict[str, float]) -> None:
    """A slope of 0 could not be inverted."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        FlowConfig.model_validate(values)
