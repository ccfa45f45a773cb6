"""The settings of ``sonoloop data prepare``; light, because the command line imports it."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sonoloop.data.config import MAX_SIZE, MIN_SIZE, ClipConfig
from sonoloop.data.reading_options import BurnedInText, Doppler, ReadingOptions

Layout = Literal["auto", "generic", "busv", "busi", "blues", "pocus"]


class PrepareOptions(BaseModel):
    """How inputs become a dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    layout: Layout = "auto"
    """How the inputs are laid out; auto looks."""

    manifest: Path | None = None
    """CSV or Parquet table with path, label, patient_id; else manifest.csv inside the input,
    else class folders."""

    label_column: str | None = None
    """Manifest column of the label; "none" for no labels."""

    size: int = Field(default=128, ge=MIN_SIZE, le=MAX_SIZE)
    """Side of the stored frames in pixels, 64 to 256."""

    num_frames: int = Field(default=16, ge=2)
    """Fewest frames a video must have."""

    window_s: float | None = Field(default=None, gt=0)
    """Seconds a clip spans, to record which videos are shorter (default 1.92); training chooses
    its own."""

    window_frames: int | None = Field(default=None, gt=0)
    """The same in frames (the paper: 48), instead of seconds."""

    max_frames: int | None = Field(default=None, ge=2)
    """Most frames kept of a video; by default all that fit in memory."""

    doppler: Doppler = "grey"
    """DICOM frames with colour Doppler: read as grey, or drop them."""

    burned_in_text: BurnedInText = "refuse"
    """DICOM files that say that text is burned in and state no scan region: refuse them, or crop
    to the scan as the pixels show it."""

    split: str = "0.7,0.15,0.15"
    """Shares of train, validation and test; they sum to 1."""

    seed: int = Field(default=0, ge=0)
    """Of the split."""

    workers: int | None = Field(default=None, ge=1)
    """Processes; by default one per core. The result does not depend on it."""

    def reading_options(self) -> ReadingOptions:
        """Say how files are read."""
        return ReadingOptions(self.doppler, self.burned_in_text)

    def clip_config(self) -> ClipConfig:
        """Describe the clips that training will most likely cut.

        Raises:
            ValidationError: If both windows are given.
        """
        if self.window_s is None and self.window_frames is None:
            return ClipConfig(size=self.size, num_frames=self.num_frames)
        return ClipConfig(
            size=self.size,
            num_frames=self.num_frames,
            window_s=self.window_s,
            window_frames=self.window_frames,
        )
