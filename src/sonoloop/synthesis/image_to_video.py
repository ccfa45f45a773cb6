"""Stills in, cine loops out: the public Python interface.

>>> model = ImageToVideo.from_pretrained("default")          # doctest: +SKIP
>>> loops = model("still.png", num_samples=4, seed=0)[0]     # doctest: +SKIP
>>> loops[0].shape                                           # doctest: +SKIP
(16, 480, 640)
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.reading import ReadRecording, read_recording
from sonoloop.errors import UsageError
from sonoloop.synthesis.animation import Animation, AnimationRun, to_float
from sonoloop.synthesis.config import ModelConfig
from sonoloop.synthesis.controlled_sampling import check_control
from sonoloop.synthesis.loops import LoopOptions, LoopRequest, Loops, TimedLoop
from sonoloop.synthesis.motion_transfer import ClipSource, FlowOnly, KnownMotion, open_clip
from sonoloop.synthesis.pretrained import find_model, load_weights, read_model, select
from sonoloop.synthesis.stages import Decoder, LatentSampler, build_stage_2
from sonoloop.synthesis.still import Still, StillSource, open_still
from sonoloop.synthesis.typicality import StillTypicality, Typicality

CPU_BATCH_SIZE = 4
GPU_BATCH_SIZE = 32


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

    def transfer(
        self,
        clip: ClipSource,
        images: StillSource | Sequence[StillSource],
        *,
        start_s: float = 0.0,
        flow_only: bool = False,
        loop: bool = False,
    ) -> list[Loops]:
        """Move stills as a clip moves; one loop each.

        Args:
            clip: Video file, or grey frames (t, h, w) of uint8 at ``config.frame_rate_hz``.
            images: As for calling the model.
            start_s: Where in the file the motion begins, in seconds.
            flow_only: Whether to leave out how the clip's brightness changes.
            loop: Whether the end meets the start, for playing in a circle.

        Raises:
            UnreadableFileError: If clip or still cannot be used.
            UsageError: If an argument is out of range.
        """
        model = self.with_motion_of(clip, start_s=start_s, flow_only=flow_only)
        return model(images, loop=loop)

    def with_motion_of(
        self,
        clip: ClipSource,
        *,
        start_s: float = 0.0,
        flow_only: bool = False,
        read: ReadRecording = read_recording,
    ) -> "ImageToVideo":
        """Build a model that moves every still as a clip moves.

        Args:
            clip: As for ``transfer``.
            start_s: Where in the file the motion begins, in seconds.
            flow_only: Whether to leave out how the clip's brightness changes.
            read: Reads files; ``LimitedReader`` for those of unknown origin.
        """
        opened = open_clip(clip, self.config.clip, start_s=start_s, read=read)
        channels = self.config.autoencoder.in_channels
        motion = KnownMotion.of(opened, self.autoencoder, in_channels=channels)
        decoder = FlowOnly(self.autoencoder) if flow_only else self.autoencoder
        return ImageToVideo(
            decoder, motion, self.config, typicality=self.typicality, device=self.device
        )

    def open(self, source: StillSource, *, read: ReadRecording = read_recording) -> Still:
        """Read and clean a still for this model.

        Args:
            source: As for calling the model.
            read: Reads files; ``LimitedReader`` for those of unknown origin.
        """
        return open_still(source, size=self.config.clip.size, read=read)

    def judge(self, still: Still) -> StillTypicality | None:
        """Tell how far a still is from the training data; None if the model cannot tell."""
        if self.typicality is None:
            return None
        return self.typicality.judge(to_float(still.first_frame[None]))

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
        animation = Animation(self.autoencoder, self.sampler, self.config, self.device)
        run = AnimationRun(seed, num_inference_steps, options, size)
        return animation.loops(requests, run)
