"""What a page or a REST request may ask of every loop, in the words of ``sonoloop synthesize``."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from sonoloop.errors import UsageError
from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.synthesis.loops import LoopOptions


class LoopSettings(BaseModel):
    """Settings of one request; None takes what the model or the method has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: int = 1
    """Loops per still."""
    seed: int = 0
    """Same seed, still and sample number: same loop."""
    steps: int | None = None
    """Steps of the sampler."""
    frames: int | None = None
    """Frames of a loop."""
    loop: bool = False
    """Whether the end meets the start."""
    label: str | None = None
    """Class of the loops, of models that know classes."""
    motion: float | None = None
    """Share of the training clips that move less, 0 to 1."""
    guidance_scale: float | None = None
    """Weight of label and motion."""

    def options(self) -> BatchOptions:
        """Say the same to synthesis.

        Raises:
            UsageError: If a number is out of range.
        """
        return BatchOptions(
            num_samples=self.samples,
            seed=self.seed,
            num_inference_steps=self.steps,
            loops=LoopOptions(self.label, self.motion, self.guidance_scale, self.frames, self.loop),
        )


def read_settings(values: Mapping[str, object]) -> LoopSettings:
    """Read settings from a form.

    Args:
        values: As they were sent; an empty text means the default.

    Raises:
        UsageError: If a setting is unknown or no number.
    """
    given = {name: value for name, value in values.items() if value not in {None, ""}}
    try:
        return LoopSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        known = ", ".join(LoopSettings.model_fields)
        if first["type"] == "extra_forbidden":
            msg = f"there is no setting {name!r}: choose among {known}"
        else:
            msg = f"{name}: {first['msg']}, got {first['input']!r}"
        raise UsageError(msg) from error
