"""Where a synthetic clip came from, carried inside every file that is made for eyes.

mp4: the ``comment`` tag; gif: the comment block; png: a text chunk; DICOM: ImageComments;
MHA: a header field. Each holds the same JSON object; npy and NIfTI files carry none and are
described by the manifest beside them.
Patient data never enters: the source is named by its file name and its hash.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pydicom

from sonoloop import __version__
from sonoloop.data.still_files import open_picture
from sonoloop.data.video_files import open_container
from sonoloop.data.volume_files import mha_provenance
from sonoloop.errors import UnreadableFileError

PROVENANCE_KEY = "sonoloop"
"""Key of the JSON object, and of the text chunk of a png."""


@dataclass(frozen=True)
class Provenance:
    """What is needed to make the same clip again.

    Args:
        source: File name of the still, relative to the folder that was given.
        source_sha256: Hash of the still's file, or of its pixels where there is no file.
        sample: Which of the clips of this still, from 0.
        seed: Seed of the run.
        model: Name of the model.
        model_sha256: Hash of its weights.
        sampler: How the latent was drawn.
        num_inference_steps: Steps of the sampler.
        label: Class that was asked for; None for any.
        motion: Motion strength that was asked for, 0 to 1; None for any.
        guidance_scale: Weight of both; None for 1.
        loop: Whether the end was made to meet the start.
        motion_source: File name of the clip whose motion it is; None where it was drawn.
        motion_sha256: Hash of that clip's frames.
        motion_start_s: Where in that file it begins, in seconds.
        synthetic: Always True.
        software: Version of sonoloop.
    """

    source: str
    source_sha256: str
    sample: int
    seed: int
    model: str
    model_sha256: str
    sampler: str
    num_inference_steps: int
    label: str | None = None
    motion: float | None = None
    guidance_scale: float | None = None
    loop: bool = False
    motion_source: str | None = None
    motion_sha256: str | None = None
    motion_start_s: float | None = None
    synthetic: bool = True
    software: str = f"sonoloop {__version__}"

    def to_json(self) -> str:
        """Write as one JSON object under the key ``sonoloop``."""
        return json.dumps({PROVENANCE_KEY: asdict(self)}, ensure_ascii=True, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Provenance":
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: If the text is something else.
        """
        try:
            return cls(**json.loads(text)[PROVENANCE_KEY])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            msg = "holds no sonoloop provenance"
            raise ValueError(msg) from error


def read_provenance(path: Path) -> Provenance:
    """Tell which model, seed and still made a file.

    Args:
        path: An mp4, gif, png, DICOM or MHA file.

    Returns:
        What was written into the file when it was made.

    Raises:
        UnreadableFileError: If the file cannot be read or was not made here.
    """
    try:
        return Provenance.from_json(_embedded_text(path))
    except Exception as error:  # damaged files fail in many ways
        reason = "was not made by sonoloop, or its provenance was removed"
        raise UnreadableFileError(path, reason) from error


def _embedded_text(path: Path) -> str:
    """Return the comment a file carries, empty if none."""
    suffix = path.suffix.lower()
    if suffix == ".mp4":
        with open_container(str(path)) as container:
            return container.metadata.get("comment", "")
    if suffix == ".dcm":
        with pydicom.dcmread(
            path, stop_before_pixels=True, specific_tags=["ImageComments"]
        ) as file:
            return str(file.get("ImageComments", ""))
    if suffix == ".mha":
        return mha_provenance(path)
    with open_picture(path) as image:
        comment = image.info.get(PROVENANCE_KEY) or image.info.get("comment", b"")
    return comment.decode() if isinstance(comment, bytes) else str(comment)
