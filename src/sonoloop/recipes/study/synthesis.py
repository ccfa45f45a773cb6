"""The clips that the generators of a fold make of stills, kept in the fold's folder."""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch

from sonoloop.atomic_files import write_atomically
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.letterbox import Letterbox
from sonoloop.data.recording import Box, Frames
from sonoloop.evaluation.measurement_cache import NOT_READABLE
from sonoloop.synthesis.animation import to_float
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.loops import LoopOptions, LoopRequest
from sonoloop.synthesis.native_size import HALF_RANGE
from sonoloop.synthesis.seeds import clip_generator, pixels_sha256
from sonoloop.synthesis.still import Still

REBUILT_TOGETHER: Final = 4
"""Clips that stage 1 encodes and decodes at a time."""


class Request(NamedTuple):
    """One clip to make.

    Args:
        item: Whose first frame it begins with.
        label: Class number of the clip.
        sample: Which of the clips of this still, from 0.
    """

    item: str
    label: int
    sample: int


@runtime_checkable
class ClipMaker(Protocol):
    """Anything that moves stills, or gives true clips back as it understood them."""

    def __call__(
        self, starts: Frames, labels: Sequence[str | None], samples: Sequence[int], *, seed: int
    ) -> np.ndarray:
        """Make one clip for each still (n, h, w) or true clip (n, t, h, w): uint8 (n, t, h, w)."""
        ...


class ModelMaker:
    """A model folder as a maker of clips.

    Stills are prepared already, so nothing is cropped or cleaned again, and clips come in the
    size that real ones have.

    Args:
        folder: Of the model.
    """

    def __init__(self, folder: Path) -> None:
        """Load it."""
        self._model = ImageToVideo.from_pretrained(folder)

    def __call__(
        self, starts: Frames, labels: Sequence[str | None], samples: Sequence[int], *, seed: int
    ) -> np.ndarray:
        """Make one clip for each still."""
        made: dict[int, Frames] = {}
        for label in dict.fromkeys(labels):
            places = [place for place, one in enumerate(labels) if one == label]
            requests = [LoopRequest(_as_still(starts[place]), samples[place]) for place in places]
            loops = self._model.animate(requests, seed=seed, options=LoopOptions(label=label))
            made |= {place: loop.frames for place, loop in zip(places, loops, strict=True)}
        return np.stack([made[place] for place in range(len(starts))])


class Rebuilder:
    """Stage 1 of a model folder alone: true clips are encoded, and decoded from their first frame.

    Args:
        folder: Of the model.
    """

    def __init__(self, folder: Path) -> None:
        """Load it.

        Raises:
            TypeError: If its stage 1 is of another kind.
        """
        model = ImageToVideo.from_pretrained(folder)
        if not isinstance(model.autoencoder, VideoAutoencoder):
            raise TypeError
        self._stage_1, self._device = model.autoencoder, model.device

    def __call__(
        self, starts: Frames, labels: Sequence[str | None], samples: Sequence[int], *, seed: int
    ) -> np.ndarray:
        """Make one clip of each true one."""
        del labels
        made = np.empty_like(starts)
        for first in range(0, len(starts), REBUILT_TOGETHER):
            some = slice(first, first + REBUILT_TOGETHER)
            generators = [
                clip_generator(seed, pixels_sha256(clip[:1]), sample)
                for clip, sample in zip(starts[some], samples[some], strict=True)
            ]
            clips = to_float(starts[some])[:, None].to(self._device)
            clips = clips.expand(-1, self._stage_1.config.in_channels, -1, -1, -1)
            with torch.inference_mode():
                latent = self._stage_1.encode(clips)
                noise = self._stage_1.draw_speckle_noise(generators)
                rebuilt = self._stage_1.decode(clips[:, :, 0], latent, speckle_noise=noise).clip
            grey = (rebuilt.float().mean(1).clamp(-1, 1) + 1) * HALF_RANGE
            made[some] = grey.round().to("cpu", torch.uint8).numpy()
        made[:, 0] = starts[:, 0]
        return made


def _as_still(frame: Frames) -> Still:
    height, width = frame.shape
    return Still(
        name="",
        height=height,
        width=width,
        region=Box(0, 0, height, width),
        pixels=frame[None],
        letterbox=Letterbox.fit(height, width, max(height, width)),
        first_frame=frame[None],
        sha256=pixels_sha256(frame[None]),
        pixel_spacing_mm=None,
        warnings=(),
    )


def requests_for(items: Sequence[str], labels: Sequence[int], samples: int) -> list[Request]:
    """Ask for equally many clips of every class, spread evenly over the stills of each.

    Args:
        items: The stills.
        labels: Class number of each.
        samples: Clips of one still of the class that has most; the others get more.
    """
    classes = {label: [n for n, one in enumerate(labels) if one == label] for label in labels}
    total = samples * max(len(places) for places in classes.values())
    return [
        Request(items[places[number % len(places)]], label, number // len(places))
        for label, places in sorted(classes.items())
        for number in range(total)
    ]


class Synthetic(NamedTuple):
    """Clips that were made.

    Args:
        clips: (n, frames, h, w), uint8, of the dataset's size.
        requests: What each was made for.
    """

    clips: np.ndarray
    requests: list[Request]


def kept(path: Path, requests: Sequence[Request], make: Callable[[], np.ndarray]) -> Synthetic:
    """Read clips if they were made for the same requests, else make and keep them.

    Args:
        path: File, ``.npz``.
        requests: What is wanted.
        make: Makes it, in this order.
    """
    wanted = [Request(*one) for one in requests]
    there = _read(path) if path.is_file() else None
    if there is not None and there.requests == wanted:
        return there
    clips = make()
    columns: Mapping[str, object] = {
        "items": np.array([one.item for one in wanted]),
        "labels": np.array([one.label for one in wanted]),
        "samples": np.array([one.sample for one in wanted]),
    }
    buffer = io.BytesIO()
    np.savez(buffer, clips=clips, **columns)  # type: ignore[arg-type]  # arrays, all of them
    write_atomically(path, buffer.getvalue())
    return Synthetic(clips, wanted)


def _read(path: Path) -> Synthetic | None:
    """Read clips that were kept; None if the file is damaged, and they are made anew."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            columns = (stored[name].tolist() for name in ("items", "labels", "samples"))
            return Synthetic(stored["clips"], [Request(*one) for one in zip(*columns, strict=True)])
    except (*NOT_READABLE, KeyError):
        return None
