"""The course of the learning rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.training.config import TrainingConfig
from sonoloop.training.learning_rate import learning_rate_at


@given(
    step=st.integers(0, 1000),
    warmup_steps=st.integers(0, 200),
    decay=st.sampled_from(["constant", "cosine", "exponential", "steps"]),
    final_fraction=st.floats(0, 1),
    cooldown_fraction=st.floats(0, 1),
)
def test_rate_stays_between_zero_and_the_highest(
    step: int, warmup_steps: int, decay: str, final_fraction: float, cooldown_fraction: float
) -> None:
    """Property: whatever the course, 0 <= rate <= highest, and above 0 in the warm-up."""
    config = TrainingConfig.model_validate(
        {
            "max_steps": 1000,
            "learning_rate": 0.5,
            "warmup_steps": warmup_steps,
            "decay": decay,
            "final_fraction": final_fraction,
            "cooldown_fraction": cooldown_fraction,
        }
    )
    rate = learning_rate_at(step, config)
    assert 0 <= rate <= 0.5 * (1 + 1e-12)
    if step < warmup_steps:
        assert rate > 0


@pytest.mark.parametrize(
    ("decay", "middle"), [("constant", 1.0), ("cosine", 0.55), ("exponential", 0.1**0.5)]
)
def test_known_values(decay: str, middle: float) -> None:
    """Start, middle and end by hand, for a floor of 0.1."""
    config = TrainingConfig.model_validate(
        {"max_steps": 100, "learning_rate": 1.0, "warmup_steps": 0, "decay": decay,
         "final_fraction": 0.1}
    )  # fmt: skip
    assert learning_rate_at(0, config) == pytest.approx(1.0)
    assert learning_rate_at(50, config) == pytest.approx(middle)
    assert learning_rate_at(100, config) == pytest.approx(0.1)


def test_warmup_is_linear() -> None:
    """Four warm-up steps take fifths of the highest rate."""
    config = TrainingConfig(learning_rate=1.0, warmup_steps=4)
    rates = [learning_rate_at(step, config) for step in range(5)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_cooldown_falls_over_the_last_part() -> None:
    """Constant until 80 of 100 steps, then linearly towards 0."""
    config = TrainingConfig(max_steps=100, learning_rate=1.0, warmup_steps=0, cooldown_fraction=0.2)
    assert learning_rate_at(79, config) == 1.0
    assert learning_rate_at(90, config) == pytest.approx(0.5)
    assert learning_rate_at(99, config) == pytest.approx(0.05)


def test_steps_fall_to_a_tenth_twice() -> None:
    """TSM (arXiv:1811.08383): of 50 epochs, the rate falls at 20 and at 40."""
    config = TrainingConfig(max_steps=50, learning_rate=1.0, warmup_steps=0, decay="steps")
    rates = [learning_rate_at(step, config) for step in (0, 19, 20, 39, 40, 49)]
    assert rates == pytest.approx([1.0, 1.0, 0.1, 0.1, 0.01, 0.01])
