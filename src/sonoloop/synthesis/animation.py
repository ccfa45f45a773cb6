"""From stills to loops of their own size, batch by batch: draw, decode, blend, enlarge."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sonoloop.shapes import Frame
from sonoloop.synthesis.config import ModelConfig
from sonoloop.synthesis.controlled_sampling import draw_latents
from sonoloop.synthesis.frame_noise import FrameNoise
from sonoloop.synthesis.long_loops import Window, long_loop
from sonoloop.synthesis.loops import LoopOptions, LoopRequest, TimedLoop
from sonoloop.synthesis.native_size import HALF_RANGE, to_native_size
from sonoloop.synthesis.seeds import clip_generator
from sonoloop.synthesis.stages import Decoder, LatentSampler
from sonoloop.synthesis.still import Still


class AnimationRun(NamedTuple):
    """What all loops of a call have in common.

    Args:
        seed: Seed of the run.
        num_inference_steps: Steps of the sampler; None takes the model's own.
        options: What the loops should be like.
        batch_size: Loops computed together.
    """

    seed: int
    num_inference_steps: int | None
    options: LoopOptions
    batch_size: int


class Animation:
    """The work behind ``ImageToVideo.animate``.

    Args:
        autoencoder: Stage 1.
        sampler: Stage 2.
        config: What the model was made of.
        device: Where both stages are.
    """

    def __init__(
        self,
        autoencoder: Decoder,
        sampler: LatentSampler,
        config: ModelConfig,
        device: torch.device,
    ) -> None:
        """Join the two stages."""
        self.autoencoder = autoencoder
        self.sampler = sampler
        self.config = config
        self.device = device

    def loops(self, requests: Sequence[LoopRequest], run: AnimationRun) -> Iterator[TimedLoop]:
        """Make loops one after the other, in the order of the requests.

        Args:
            requests: Stills and sample numbers.
            run: What all of them have in common.
        """
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
        self, batch: Sequence[LoopRequest], features: dict[str, list[Tensor]], run: AnimationRun
    ) -> Window:
        """Draw the latents of a batch and decode them, on the CPU and in float32."""
        first_frame = self._first_frames([still for still, _ in batch])
        levels = zip(*(features[still.sha256] for still, _ in batch), strict=True)
        pyramid = [torch.cat(level) for level in levels]
        generators = [clip_generator(run.seed, still.sha256, sample) for still, sample in batch]

        window_frames = self.config.clip.num_frames
        frame_noise = FrameNoise(
            partial(self.autoencoder.draw_speckle_noise, generators), window_frames
        )

        def draw(start: int, share: Tensor | None) -> Window:
            latent = draw_latents(
                self.sampler,
                first_frame,
                run.options,
                generators=generators,
                num_inference_steps=run.num_inference_steps,
            )
            noise = frame_noise.of_window(start)
            share = None if share is None else share.to(self.device)
            clip, flow = self.autoencoder.decode(first_frame, latent, pyramid, noise, share)
            clip = clip.mean(dim=1, keepdim=True).float().cpu()  # (b, 1, t, h, w): grey
            return clip, None if flow is None else flow.float().cpu()

        return long_loop(
            draw,
            first_frame[:, :1].float().cpu(),
            window_frames=window_frames,
            num_frames=run.options.num_frames or window_frames,
            loop=run.options.loop,
        )

    def _first_frames(self, stills: Sequence[Still]) -> Frame:
        frames = to_float(np.stack([still.first_frame for still in stills]))  # (b, 1, h, w)
        channels = self.config.autoencoder.in_channels
        return frames.to(self.device).expand(-1, channels, -1, -1)


def to_float(levels: np.ndarray[Any, np.dtype[np.uint8]]) -> Tensor:
    """Map grey levels (uint8) to [-1, 1]."""
    return torch.from_numpy(levels).float() / HALF_RANGE - 1
