"""Print how many clips of 16 frames I3D takes a second, per precision, grey and RGB.

Wall clock on an otherwise idle machine: ``python benchmarks/i3d_features.py``; the process time
beside it counts the processor alone, summed over cores. Weights are random: they do not change the
speed. On a GPU, ``--device cuda --batch-sizes 16 32 64 128 --precisions exact tf32 bf16`` finds the
fastest of each. Targets: 1,000 clips/s on one H100 in bf16 or tf32, 0.7 clips/s on 2 CPU cores.
"""

import argparse
import platform
import statistics
import time
from itertools import product

import torch

from sonoloop.features.extractor import Precision
from sonoloop.features.i3d import I3dKinetics400
from sonoloop.features.inflated_inception import FRAME_SIZE, InflatedInception

NUM_FRAMES = 16


def main() -> None:
    """Measure each precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[4])
    parser.add_argument("--size", type=int, default=FRAME_SIZE, help="of the clips, in pixels")
    parser.add_argument("--precisions", nargs="+", default=["exact", "bf16"])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    print(f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for precision in arguments.precisions:
        for batch_size, (channels, colours) in product(
            arguments.batch_sizes, ((1, "grey"), (3, "RGB"))
        ):
            shape = (batch_size, channels, NUM_FRAMES, arguments.size, arguments.size)
            clips = torch.rand(shape, device=device) * 2 - 1
            wall, process = seconds_per_batch(clips, precision, arguments.repeats)
            print(
                f"{precision}, {colours}, batch {batch_size}: "
                f"{len(clips) / wall:.2f} clips/s "
                f"({process / len(clips):.2f} s process time a clip)"
            )


def seconds_per_batch(
    clips: torch.Tensor, precision: Precision, repeats: int
) -> tuple[float, float]:
    """Return the median wall and process time of a batch, after two to warm up."""
    torch.manual_seed(0)
    net = InflatedInception(400).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    extractor = I3dKinetics400(
        net.requires_grad_(requires_grad=False),
        checksum="random",
        precision=precision,
        device=clips.device,
    )
    walls, processes = [], []
    for _ in range(repeats + 2):
        wall, process = time.perf_counter(), time.process_time()
        extractor(clips).cpu()
        walls.append(time.perf_counter() - wall)
        processes.append(time.process_time() - process)
    return statistics.median(walls[2:]), statistics.median(processes[2:])


if __name__ == "__main__":
    main()
