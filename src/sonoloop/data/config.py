"""What a clip is: its size in pixels, its frames and the window of time they span."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

DEFAULT_WINDOW_S = 1.92
"""The paper's 48 frames at 25 Hz (LDDM, MICCAI 2024, Section 3), in seconds."""

MIN_SIZE = 64
MAX_SIZE = 256


class ClipConfig(BaseModel):
    """How clips are cut out of videos; exactly one of the two windows is given."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    size: int = Field(default=128, ge=MIN_SIZE, le=MAX_SIZE)
    """Height and width of a frame in pixels, 64 to 256."""

    num_frames: int = Field(default=16, ge=2)
    """Frames of a clip; frame 0 is the still."""

    window_s: float | None = Field(default=None, gt=0)
    """Seconds of video a clip spans, its frames spread evenly over it (default 1.92)."""

    window_frames: int | None = Field(default=None, gt=0)
    """Consecutive video frames a clip spans, whatever their rate (the paper: 48)."""

    @model_validator(mode="before")
    @classmethod
    def _default_to_seconds(cls, values: object) -> object:
        """Fill in the default window where none is given."""
        if isinstance(values, dict) and not {"window_s", "window_frames"} & values.keys():
            return values | {"window_s": DEFAULT_WINDOW_S}
        return values

    @model_validator(mode="after")
    def _check_window(self) -> "ClipConfig":
        if (self.window_s is None) == (self.window_frames is None):
            msg = (
                "give exactly one of window_s and window_frames, "
                f"got {self.window_s} and {self.window_frames}"
            )
            raise ValueError(msg)
        if self.window_frames is not None and self.window_frames < self.num_frames:
            msg = f"window_frames {self.window_frames} is less than num_frames {self.num_frames}"
            raise ValueError(msg)
        return self
