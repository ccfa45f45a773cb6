"""Print size, work and speed of stage 2 at its default settings.

Times are wall clock on an otherwise idle machine: ``python benchmarks/latent_diffusion.py``. The
process time beside them counts the processor alone, summed over cores.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.diffusion.training_step import diffusion_losses

FRAME_SIZE = 128
REPEATS = 7


def main() -> None:
    """Measure one latent shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latent-shape", type=int, nargs="+", default=[8, 4, 4, 4])
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--depth", type=int, default=DiffusionConfig().depth)
    parser.add_argument("--width", type=int, default=DiffusionConfig().width)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    config = DiffusionConfig(depth=arguments.depth, width=arguments.width)
    device = torch.device(arguments.device)
    torch.manual_seed(0)
    model = LatentDiffusion(config, tuple(arguments.latent_shape)).to(device)
    latent = torch.randn(arguments.batch_size, *arguments.latent_shape, device=device)
    first_frame = torch.rand(arguments.batch_size, 1, FRAME_SIZE, FRAME_SIZE, device=device) * 2 - 1
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads")
    print(f"torch {torch.__version__}, latent {arguments.latent_shape}, device {device}")
    print_size(model, latent[:1], first_frame[:1])
    for precision in ("bf16-mixed", "32-true"):
        print_training_time(model, latent, first_frame, precision)
        for batch_size in (1, 8):
            print_sampling_time(model, first_frame[:batch_size], precision)


def print_size(model: LatentDiffusion, latent: torch.Tensor, first_frame: torch.Tensor) -> None:
    """Count parameters and operations of one item (2 per multiplication and addition)."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"parameters: {parameters / 1e6:.2f} M")
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as frame_work:
        model.first_frame_encoder(first_frame)
    with torch.no_grad(), FlopCounterMode(display=False) as all_work:
        diffusion_losses(model, latent, first_frame, torch.Generator().manual_seed(0))
    frame, total = frame_work.get_total_flops(), all_work.get_total_flops()
    print(f"first frame, once per clip: {frame / 1e9:.3f} GFLOP")
    print(f"denoiser, once per step: {(total - frame) / 1e9:.3f} GFLOP")


def print_training_time(
    model: LatentDiffusion, latent: torch.Tensor, first_frame: torch.Tensor, precision: str
) -> None:
    """Time forward, backward and optimiser."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    generator = torch.Generator().manual_seed(0)

    def step() -> None:
        with autocast(latent.device, precision):
            losses = diffusion_losses(model, latent, first_frame, generator)
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    wall, process = timed(step, latent.device)
    print(
        f"training, {precision}, batch {len(latent)}: {1 / wall:.2f} steps/s "
        f"({process:.2f} s process time a step)"
    )


def print_sampling_time(model: LatentDiffusion, first_frame: torch.Tensor, precision: str) -> None:
    """Time the default sampler."""

    def sample() -> None:
        generators = [torch.Generator().manual_seed(i) for i in range(len(first_frame))]
        with autocast(first_frame.device, precision):
            model.sample(first_frame, generators=generators)

    wall, process = timed(sample, first_frame.device)
    print(
        f"sampling, {precision}, batch {len(first_frame)}: {wall:.3f} s "
        f"({process:.2f} s process time)"
    )


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Compute in bfloat16 where asked to."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16-mixed")


def timed(work: Callable[[], None], device: torch.device) -> tuple[float, float]:
    """Return the median wall and process time of a few runs, after two to warm up."""
    walls, processes = [], []
    for _ in range(REPEATS + 2):
        wall, process = time.perf_counter(), time.process_time()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        walls.append(time.perf_counter() - wall)
        processes.append(time.process_time() - process)
    return statistics.median(walls[2:]), statistics.median(processes[2:])


if __name__ == "__main__":
    main()
