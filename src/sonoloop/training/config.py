"""How long, how fast and how safely a model is trained."""

from math import ceil
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]

FREE_ON_RESUME = frozenset(
    {
        "accumulate_grad_batches",
        "checkpoint_minutes",
        "log_every",
        "max_epochs",
        "max_steps",
        "num_workers",
        "sample_every",
    }
)
"""Settings a resumed run may change: none of them alters a step that was already made."""


class TrainingConfig(BaseModel):
    """Settings of one training run, whatever the model."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_steps: int = Field(default=10_000, ge=0)
    """Optimiser steps in all, counted over every resumption; 0 keeps the weights it starts from."""

    max_epochs: int | None = Field(default=None, ge=1)
    """Passes over the training videos, one random clip of each; takes the place of max_steps."""

    batch_size: int = Field(default=16, ge=1)
    """Items per step, over all processes together."""

    accumulate_grad_batches: int = Field(default=1, ge=1)
    """Parts in which a process takes its batch, one after the other: the gradients of the parts
    add up to that of the batch, in little more than a part's memory."""

    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    """AdamW decouples the weight decay from the gradient (arXiv:1711.05101); Adam does not. SGD
    has the momentum betas[0]."""

    learning_rate: float = Field(default=3e-4, gt=0)
    """Highest learning rate, reached after the warm-up."""

    betas: tuple[Fraction, Fraction] = (0.9, 0.99)
    """Decay of Adam's running mean of the gradient and of its square."""

    amsgrad: bool = False
    """Divide by the largest running mean of the square so far (arXiv:1904.09237)."""

    weight_decay: float = Field(default=1e-2, ge=0)
    """Of matrices and kernels; biases and norm gains are left alone."""

    warmup_steps: int = Field(default=100, ge=0)
    """Steps in which the learning rate rises linearly from almost zero."""

    decay: Literal["constant", "cosine", "exponential", "steps"] = "constant"
    """Course of the learning rate between warm-up and cool-down; "steps": a tenth after 40 %, a
    hundredth after 80 % of max_steps (TSM, arXiv:1811.08383: epochs 20 and 40 of 50)."""

    final_fraction: Fraction = 0.0
    """Learning rate at max_steps as a fraction of the highest; the constant course gets there in
    its cool-down."""

    cooldown_fraction: Fraction = 0.2
    """Last part of max_steps in which a constant learning rate falls linearly; 0 for never."""

    gradient_clip: Annotated[float, Field(gt=0)] | Literal["none"] = 1.0
    """Largest norm of the gradient of all weights together; "none" for no limit."""

    ema_decay: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the averaged weights; the first steps use min(ema_decay, (1 + n) / (10 + n))."""

    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """"auto": bf16-mixed on a GPU and on a CPU with AMX tiles, else 32-true."""

    seed: int = Field(default=0, ge=0)
    """Decides weights at the start, order of the clips, augmentation and noise."""

    log_every: int = Field(default=20, ge=1)
    """Steps between two lines of log.jsonl; losses are means over these steps."""

    sample_every: int = Field(default=1_000, ge=1)
    """Steps between two sample strips and validation losses."""

    checkpoint_minutes: float = Field(default=10.0, gt=0)
    """Minutes between two checkpoints."""

    num_workers: int | None = Field(default=None, ge=0)
    """Processes that read clips; None for 2 beside a GPU and 0 (this process) without."""

    def for_videos(self, num_videos: int) -> "TrainingConfig":
        """Turn epochs, where they are given, into steps.

        Args:
            num_videos: Training videos.

        Returns:
            The same settings with ``max_steps`` for this many videos.
        """
        if self.max_epochs is None:
            return self
        steps = ceil(self.max_epochs * num_videos / self.batch_size)
        return self.model_copy(update={"max_steps": steps})
