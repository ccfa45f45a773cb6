"""Compare ways to close a loop and ways to make it longer, at the model's size.

    python benchmarks/long_loops.py [STILL ...] [--model default] [--samples 4] [--frames 160]

Without stills the real ultrasound frame of the pydicom wheel is moved. Closing: "seam" is the
change from the last frame to the first over the mean change between frames (with its range over
loops), "energy" the mean change over that of plain clips. Longer: PSNR, SSIM and sharpness (mean
absolute gradient over that of the still) of the first and the last 16 frames against the still, and
the energy of the last over that of the first. A still has PSNR infinite, SSIM 1, sharpness 1.
"Windows at once": energy over that of a plain clip, and how it swells from window to window.
"""

import argparse
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from pydicom.examples import get_path
from torch import Tensor

from sonoloop.autoencoder.losses import ssim
from sonoloop.layers.warp import warp_frame, warp_still
from sonoloop.synthesis import long_loops
from sonoloop.synthesis.animation import to_float
from sonoloop.synthesis.frame_noise import FrameNoise
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.long_loops import long_loop
from sonoloop.synthesis.seeds import clip_generator

WINDOWS_AT_ONCE, WINDOWS_DRAWN = (2, 3, 4), 8
STANDARD = long_loops.WINDOWS_AT_ONCE

Window = tuple[Tensor, Tensor]
"""Frames and flow."""


class Windows:
    """Draws windows of stills (1, 1, h, w), one after the other.

    Args:
        model: Makes them.
        generator: Where their latents and noise come from.
    """

    def __init__(self, model: ImageToVideo, generator: torch.Generator) -> None:
        """Remember both."""
        self.model, self.generators = model, [generator]

    @torch.inference_mode()
    def latent(self, still: Tensor) -> Tensor:
        """Draw a latent."""
        return self.model.sampler.sample(still, generators=self.generators)

    def noise(self) -> FrameNoise:
        """Return the noise of a long loop's frames."""
        draw = partial(self.model.autoencoder.draw_speckle_noise, self.generators)
        return FrameNoise(draw, self.model.config.clip.num_frames)

    @torch.inference_mode()
    def decode(
        self, still: Tensor, latent: Tensor, noise: Tensor | None, share: Tensor | None = None
    ) -> Window:
        """Make a window."""
        decode = self.model.autoencoder.decode
        clip, flow = decode(still, latent, speckle_noise=noise, motion_share=share)
        if flow is None:
            message = "the benchmark is about flows: give a model whose decoder warps"
            raise SystemExit(message)
        return clip, flow

    def __call__(self, still: Tensor) -> Window:
        """Draw a window with speckle noise of its own."""
        return self.decode(still, self.latent(still), self.noise().of_window(0))


def energies(clip: Tensor) -> Tensor:
    """Mean change from each frame to the next; the last to the first."""
    return (clip.roll(-1, 2) - clip).abs().flatten(3).mean(dim=(0, 1, 3))


def backwards(count: int) -> list[int]:
    """Frames of a window in reverse, ending behind its first."""
    return [(count - t) % count for t in range(count)]


def joined(first: Tensor, parts: list[tuple[Tensor, tuple[Tensor, Tensor]]]) -> Tensor:
    """Blend flows and corrections of windows with weights per frame."""
    flows = [weight[:, None, None] * window[1] for weight, window in parts]
    corrections = [
        weight[:, None, None] * (window[0] - warp_still(first, window[1]))
        for weight, window in parts
    ]
    return warp_still(first, torch.stack(flows).sum(0)) + torch.stack(corrections).sum(0)


def closed_loops(first: Tensor, draw: Windows) -> dict[str, Tensor]:
    """Close one clip in every way."""
    latent, noise = draw.latent(first), draw.noise().of_window(0)
    window, other = draw.decode(first, latent, noise), draw(first)
    count = window[0].shape[2]
    frame = torch.arange(count, dtype=torch.float32)
    turned = other[0][:, :, backwards(count)], other[1][:, :, backwards(count)]
    there_and_back = [min(t, count - t) for t in range(count)]
    swap = ((frame - count / 4) / (count / 2)).clamp(0, 1)
    loops = {
        "plain clip": window[0],
        "there and back": window[0][:, :, there_and_back],
        "two clips, the second backwards": joined(first, [(1 - swap, window), (swap, turned)]),
        "cross-fade of pixels to the still, 5 frames": window[0]
        + (first.unsqueeze(2) - window[0])
        * (1 - ((count - frame) / 5).clamp(max=1))[:, None, None],
    }
    for length in (3, 5, 8):
        weight = ((count - frame) / length).clamp(max=1)
        loops[f"flow and correction to zero, {length} frames"] = joined(first, [(weight, window)])
        kept = draw.decode(first, latent, noise, weight)[0]
        loops[f"the same, speckle as new as before, {length} frames"] = kept
    for num_frames in (count, 3 * count):
        loops[f"--loop, {num_frames} frames"] = anchored(first, draw, num_frames, loop=True)
    return loops


def swelling(first: Tensor, draw: Windows) -> dict[int, Tensor]:
    """Blend the same windows at several distances.

    Returns:
        By windows at once: energy over that of a plain clip behind its first step; its mean, then
        each place between two starts.
    """
    latents = [draw.latent(first) for _ in range(WINDOWS_DRAWN)]
    alone = [draw.decode(first, latent, draw.noise().of_window(0))[0] for latent in latents]
    count = alone[0].shape[2]
    usual = torch.stack([energies(clip)[1:-1].mean() for clip in alone]).mean()
    found = {}
    for at_once in WINDOWS_AT_ONCE:
        setattr(long_loops, "WINDOWS_AT_ONCE", at_once)  # noqa: B010 - Final, for others
        hop = count // at_once
        num_frames = (WINDOWS_DRAWN - 1) * hop + count
        left, noise = iter(latents), draw.noise()

        def window(
            start: int,
            _: Tensor | None,
            left: Iterator[Tensor] = left,
            noise: FrameNoise = noise,
        ) -> Window:
            return draw.decode(first, next(left), noise.of_window(start))

        blended = long_loop(window, first, window_frames=count, num_frames=num_frames, loop=False)
        change = energies(blended[0])
        inner = change[hop : hop * (WINDOWS_DRAWN - 1)].reshape(-1, hop)
        found[at_once] = torch.stack([inner.mean(), *inner.mean(dim=0)]) / usual
    setattr(long_loops, "WINDOWS_AT_ONCE", STANDARD)  # noqa: B010 - Final, for others
    return found


def anchored(first: Tensor, draw: Windows, num_frames: int, *, loop: bool = False) -> Tensor:
    """Windows of the still itself, blended: what the command does."""
    noise = draw.noise()

    def window(start: int, share: Tensor | None) -> Window:
        return draw.decode(first, draw.latent(first), noise.of_window(start), share)

    count = draw.model.config.clip.num_frames
    return long_loop(window, first, window_frames=count, num_frames=num_frames, loop=loop)[0]


def chained(first: Tensor, draw: Windows, num_frames: int) -> Tensor:
    """Take the last frame of a window as the still of the next."""
    frames = first.unsqueeze(2)
    while frames.shape[2] < num_frames:
        frames = torch.cat([frames, draw(frames[:, :, -1].clamp(-1, 1))[0][:, :, 1:]], dim=2)
    return frames[:, :, :num_frames]


def composed(first: Tensor, draw: Windows, num_frames: int) -> Tensor:
    """Chain too, but let flows lead through all windows to the first still, warped alone."""
    frames, still = first.unsqueeze(2), first
    to_first = torch.zeros(1, 2, 1, *first.shape[2:])
    gain = torch.zeros_like(frames)
    while frames.shape[2] < num_frames:
        clip, flow = draw(still)
        carried = warp_frame(torch.cat([to_first[:, :, 0], gain[:, :, 0]], dim=1), flow, "bilinear")
        correction = clip - warp_still(still, flow) + carried[:, 2:]
        total = flow + carried[:, :2]
        made = warp_still(first, total) + correction
        frames = torch.cat([frames, made[:, :, 1:]], dim=2)
        to_first, gain, still = total[:, :, -1:], correction[:, :, -1:], made[:, :, -1].clamp(-1, 1)
    return frames[:, :, :num_frames]


def likeness(frames: Tensor, first: Tensor) -> tuple[float, float, float]:
    """PSNR in dB, SSIM and sharpness against the still."""
    still = first.unsqueeze(2).expand_as(frames)
    psnr = 10 * torch.log10(4 / (frames - still).square().mean().clamp(min=1e-10))

    def gradient(pictures: Tensor) -> Tensor:
        return pictures.diff(dim=3).abs().mean() + pictures.diff(dim=4).abs().mean()

    return float(psnr), float(ssim(frames, still)), float(gradient(frames) / gradient(still))


def show(
    closing: dict[str, list[Tensor]],
    longer: dict[str, list[Tensor]],
    swell: dict[int, list[Tensor]],
    num_frames: int,
) -> None:
    """Print the tables."""
    plain = torch.stack(closing["plain clip"])[:, 1]
    print("| closing | seam | energy |\n| --- | --- | --- |")
    for name, rows in closing.items():
        seam, body = torch.stack(rows).unbind(dim=1)
        spread = f"{seam.mean():.2f} ({seam.min():.2f}-{seam.max():.2f})"
        print(f"| {name} | {spread} | {(body / plain).mean():.2f} |")
    print("\n| windows at once | energy | largest over smallest |\n| --- | --- | --- |")
    for at_once, rows in swell.items():
        mean, *places = torch.stack(rows).mean(dim=0)
        print(f"| {at_once} | {mean:.2f} | {max(places) / min(places):.2f} |")
    head = f"frames 0-15 | last 16 of {num_frames} | energy, last over first"
    print(f"\n| windows | {head} |\n| --- | --- | --- | --- |")
    for name, rows in longer.items():
        psnr, like, sharp, last_psnr, last_like, last_sharp, change = torch.stack(rows).mean(dim=0)
        begin = f"{psnr:.1f} dB, {like:.3f}, {sharp:.2f}"
        end = f"{last_psnr:.1f} dB, {last_like:.3f}, {last_sharp:.2f}"
        print(f"| {name} | {begin} | {end} | {change:.2f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stills", type=Path, nargs="*", default=[Path(get_path("ybr_color"))])
    parser.add_argument("--model", default="default")
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--frames", type=int, default=160)
    asked = parser.parse_args()
    model = ImageToVideo.from_pretrained(asked.model, device="cpu")
    closing: dict[str, list[Tensor]] = {}
    longer: dict[str, list[Tensor]] = {}
    swell: dict[int, list[Tensor]] = {}
    for path in asked.stills:
        still = model.open(path)
        first = to_float(still.first_frame[None])
        for sample in range(asked.samples):
            draw = Windows(model, clip_generator(0, still.sha256, sample))
            for name, clip in closed_loops(first, draw).items():
                change = energies(clip)
                seam, body = change[-1] / change[:-1].mean(), change[:-1].mean()
                closing.setdefault(name, []).append(torch.stack([seam, body]))
            for make in (anchored, chained, composed) if asked.frames else ():
                clip = make(first, draw, asked.frames)
                begin, end = clip[:, :, :16], clip[:, :, -16:]
                change = energies(end)[:-1].mean() / energies(begin)[:-1].mean()
                figures = [*likeness(begin, first), *likeness(end, first), float(change)]
                longer.setdefault(make.__name__, []).append(torch.tensor(figures))
            if not sample:
                for at_once, row in swelling(first, draw).items():
                    swell.setdefault(at_once, []).append(row)
    print(f"{len(asked.stills)} stills x {asked.samples}, seed 0, {os.cpu_count()} cores")
    show(closing, longer, swell, asked.frames)


if __name__ == "__main__":
    main()
