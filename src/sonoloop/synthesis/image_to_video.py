"""Stills in, cine loops out: the public Python interface.

>>> model = ImageToVideo.from_pretrained("default")          # doctest: +SKIP
>>> loops = model("still.png", num_samples=4, seed=0)[0]     # doctest: +SKIP
>>> loops[0].shape                                           # doctest: +SKIP
(16, 480, 640)
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.errors import UsageError
from sonoloop.shapes import Frame
from sonoloop.synthesis.config import ModelConfig
from sonoloop.synthesis.controlled_sampling import check_control, draw_latents
from sonoloop.synthesis.long_loops import Window, long_loop
from sonoloop.synthesis.loops import LoopOptions, LoopRequest, Loops, TimedLoop
from sonoloop.synthesis.native_size import HALF_RANGE, to_native_size
from sonoloop.synthesis.pretrained import find_model, load_weights, read_model, select
from sonoloop.synthesis.seeds import clip_generator
from sonoloop.synthesis.stages import Decoder, LatentSampler, build_stage_2
from sonoloop.synthesis.still import Still, StillSource, open_still
from sonoloop.synthesis.typicality import StillTypicality, Typicality

CPU_BATCH_SIZE = 4
GPU_BATCH_SIZE = 32


class _Run(NamedTuple):
    """What all loops of a call have in common."""

    seed: int
    num_inference_steps: int | None
    options: LoopOptions
    batch_size: int


class ImageToVideo:
    """A trained model that animates stills.

    Args:
        autoencoder: Stage 1.
        sampler: Stage 2.
        config: What the model was made of and trained on.
        typicality: The training stills' distances; None if unknown.
        device: Where both stages are.
    """

    def __init__(
        self,
        autoencoder: Decoder,
        sampler: LatentSampler,
        config: ModelConfig,
        *,
        typicality: Typicality | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        """Join the two stages."""
        self.autoencoder = autoencoder
        self.sampler = sampler
        self.config = config
        self.typicality = typicality
        self.device = torch.device(device)

    @classmethod
    def from_pretrained(
        cls, name_or_path: str | Path = "default", *, device: str | torch.device | None = None
    ) -> "ImageToVideo":
        """Load a model.

        Args:
            name_or_path: Name of a bundled model, or a folder that ``sonoloop export`` wrote.
            device: Where to compute; None takes the GPU if there is one.

        Returns:
            The model, ready to be called.

        Raises:
            UsageError: If the model is missing, damaged or does not fit its config.
        """
        folder = find_model(name_or_path)
        config, tensors = read_model(folder)
        autoencoder = VideoAutoencoder(config.autoencoder)
        sampler = build_stage_2(config.stage_2, config.latent_shape)
        target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        parts: tuple[tuple[str, nn.Module], ...] = (
            ("autoencoder", autoencoder),
            (config.stage_2_part, sampler),
        )
        for part, module in parts:
            load_weights(module, select(tensors, part), part=part, folder=folder)
            module.eval().requires_grad_(requires_grad=False).to(target)
        typicality = None
        if config.typicality is not None:
            stored = select(tensors, "typicality")
            typicality = Typicality.from_tensors(
                stored,
                threshold=config.typicality.threshold,
                unusual_threshold=config.typicality.unusual_threshold,
            )
        return cls(autoencoder, sampler, config, typicality=typicality, device=target)

    def __call__(  # noqa: PLR0913 - the options of a command
        self,
        images: StillSource | Sequence[StillSource],
        *,
        num_samples: int = 1,
        num_inference_steps: int | None = None,
        seed: int = 0,
        batch_size: int | None = None,
        label: str | None = None,
        motion: float | None = None,
        guidance_scale: float | None = None,
        num_frames: int | None = None,
        loop: bool = False,
    ) -> list[Loops]:
        """Animate one still or several.

        Args:
            images: Files, arrays (h, w) or (h, w, 3) of uint8 or of floats in [0, 1], or Pillow
                images; one or a list.
            num_samples: Loops per still, at least 1.
            num_inference_steps: Steps of the sampler; None takes the model's own.
            seed: Same seed, still and sample number: same loop, whatever else is made with it.
            batch_size: Loops computed together; None takes 4 on a CPU, 32 on a GPU.
            label: Class of the loops, one of the model's; None for any.
            motion: Share of the training clips that move less, 0 to 1; None for any.
            guidance_scale: Weight of label and motion; None for 1, the plain model.
            num_frames: Frames of a loop; None for those of the model's clips.
            loop: Whether the end meets the start, for playing in a circle.

        Returns:
            For each still its loops, each (num_frames, h, w) of uint8 at the still's own size.

        Raises:
            UnreadableFileError: If a still cannot be used.
            UsageError: If an argument is out of range, or asks what the model was not trained for.
        """
        if num_samples < 1:
            msg = f"num_samples must be at least 1, got {num_samples}"
            raise UsageError(msg)
        sources = [images] if isinstance(images, str | Path | Image.Image | np.ndarray) else images
        stills = [self.open(source) for source in sources]
        requests = [LoopRequest(still, sample) for still in stills for sample in range(num_samples)]
        timed = self.animate(
            requests,
            seed=seed,
            num_inference_steps=num_inference_steps,
            batch_size=batch_size,
            options=LoopOptions(label, motion, guidance_scale, num_frames, loop),
        )
        return [
            Loops(
                clips=tuple(next(timed).frames for _ in range(num_samples)),
                still=still,
                frame_rate_hz=self.config.frame_rate_hz,
                typicality=self.judge(still),
            )
            for still in stills
        ]

    def open(self, source: StillSource) -> Still:
        """Read and clean a still for this model.

        Args:
            source: As for calling the model.
        """
        return open_still(source, size=self.config.clip.size)

    def judge(self, still: Still) -> StillTypicality | None:
        """Tell how far a still is from the training data; None if the model cannot tell."""
        if self.typicality is None:
            return None
        return self.typicality.judge(_to_float(still.first_frame[None]))

    def animate(
        self,
        requests: Sequence[LoopRequest],
        *,
        seed: int = 0,
        num_inference_steps: int | None = None,
        batch_size: int | None = None,
        options: LoopOptions | None = None,
    ) -> Iterator[TimedLoop]:
        """Make loops one after the other, computed in batches, in the order of the requests.

        Args:
            requests: Stills and sample numbers, in any combination.
            seed: Seed of the run, at least 0.
            num_inference_steps: Steps of the sampler; None takes the model's own.
            batch_size: Loops computed together; None takes 4 on a CPU, 32 on a GPU.
            options: What the loops should be like; None for plain ones.

        Raises:
            UsageError: If an argument is out of range, or asks what the model was not trained for.
        """
        options = options or LoopOptions()
        check_control(self.sampler, options)
        size = batch_size or (CPU_BATCH_SIZE if self.device.type == "cpu" else GPU_BATCH_SIZE)
        for name, value, least in (
            ("seed", seed, 0),
            ("batch_size", size, 1),
            ("num_inference_steps", 1 if num_inference_steps is None else num_inference_steps, 1),
        ):
            if value < least:
                msg = f"{name} must be at least {least}, got {value}"
                raise UsageError(msg)
        return self._batches(requests, _Run(seed, num_inference_steps, options, size))

    def _batches(self, requests: Sequence[LoopRequest], run: _Run) -> Iterator[TimedLoop]:
        features: dict[str, list[Tensor]] = {}
        for start in range(0, len(requests), run.batch_size):
            batch = requests[start : start + run.batch_size]
            began = time.perf_counter()
            with torch.inference_mode():
                stills = {still.sha256: still for still, _ in batch}
                features = {
                    sha256: features.get(sha256) or self._features(still)
                    for sha256, still in stills.items()
                }
                clip, flow = self._decode(batch, features, run)
            share = (time.perf_counter() - began) / len(batch)
            for item, (still, _) in enumerate(batch):
                began = time.perf_counter()
                item_flow = None if flow is None else flow[item]
                with torch.inference_mode():
                    native = to_native_size(still.pixels, clip[item], item_flow, still.letterbox)
                frames = still.on_canvas(native)
                yield TimedLoop(frames, share + time.perf_counter() - began)

    def _features(self, still: Still) -> list[Tensor]:
        return self.autoencoder.first_frame_features(self._first_frames([still]))

    def _decode(
        self, batch: Sequence[LoopRequest], features: dict[str, list[Tensor]], run: _Run
    ) -> Window:
        """Draw the latents of a batch and decode them, on the CPU and in float32."""
        first_frame = self._first_frames([still for still, _ in batch])
        levels = zip(*(features[still.sha256] for still, _ in batch), strict=True)
        pyramid = [torch.cat(level) for level in levels]
        generators = [clip_generator(run.seed, still.sha256, sample) for still, sample in batch]

        def draw() -> Window:
            latent = draw_latents(
                self.sampler,
                first_frame,
                run.options,
                generators=generators,
                num_inference_steps=run.num_inference_steps,
            )
            noise = self.autoencoder.draw_speckle_noise(generators)
            noise = None if noise is None else noise.to(self.device)
            clip, flow = self.autoencoder.decode(first_frame, latent, pyramid, noise)
            clip = clip.mean(dim=1, keepdim=True).float().cpu()  # (b, 1, t, h, w): grey
            return clip, None if flow is None else flow.float().cpu()

        window_frames = self.config.clip.num_frames
        return long_loop(
            draw,
            first_frame[:, :1].float().cpu(),
            window_frames=window_frames,
            num_frames=run.options.num_frames or window_frames,
            loop=run.options.loop,
        )

    def _first_frames(self, stills: Sequence[Still]) -> Frame:
        frames = _to_float(np.stack([still.first_frame for still in stills]))  # (b, 1, h, w)
        channels = self.config.autoencoder.in_channels
        return frames.to(self.device).expand(-1, channels, -1, -1)


def _to_float(levels: np.ndarray[Any, np.dtype[np.uint8]]) -> Tensor:
    """Map grey levels to [-1, 1]."""
    return torch.from_numpy(levels).float() / HALF_RANGE - 1
