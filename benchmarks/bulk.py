"""Bulk synthesis: one process against Ray with two workers, memory, and each loop once.

    python benchmarks/bulk.py WORK --stills 2000

Writes tiny stills and a tiny model of random weights into WORK, then makes one loop of each still

- one: in this process, shard by shard, one thread;
- ray: on a Ray that starts on this machine, two workers of one thread;
- killed: on a cluster of two machines within this one, of which one is killed when a third of the
  shards are there and another joins; then every loop is counted.

Overhead is told twice: from loops a second (true where two cores are free), and from CPU seconds
per loop of all processes, Ray's own included (true on a busy machine too). Memory is that of this
process and of all its children, every second; "flat" compares the medians of the second and the
last quarter of the run.
"""

import argparse
import hashlib
import io
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
import ray
import torch
from PIL import Image
from ray.cluster_utils import Cluster
from rich.console import Console

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.cluster.bulk import synthesize_in_bulk
from sonoloop.cluster.shard import make_shard
from sonoloop.cluster.shard_folder import ShardFolder
from sonoloop.cluster.still_listing import list_stills
from sonoloop.data.config import ClipConfig
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.synthesis.config import ModelConfig
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.pretrained import pack_weights, write_model

SIZE = 64
OPTIONS = BatchOptions(seed=0, formats=("npy",))
WORKERS = 2
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MB = 1 << 20


def write_stills(folder: Path, count: int) -> None:
    """Write pictures of noise, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = np.random.default_rng(number).integers(1, 255, (SIZE, SIZE), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"patient_{number:06}.png")


def write_tiny_model(folder: Path) -> None:
    """Write a model of random weights."""
    torch.manual_seed(0)
    autoencoder_config = AutoencoderConfig(
        size=SIZE, encoder_widths=(8, 8, 8, 8), latent_channels=4, decoder_width=8
    )
    diffusion_config = DiffusionConfig(
        width=16, depth=1, heads=2, condition_widths=(8, 8), num_inference_steps=2
    )
    autoencoder = VideoAutoencoder(autoencoder_config)
    diffusion = LatentDiffusion(diffusion_config, autoencoder.latent_shape)
    weights = pack_weights(
        {"autoencoder": autoencoder.state_dict(), "diffusion": diffusion.state_dict()}, {}
    )
    config = ModelConfig(
        name="tiny",
        trained_on="nothing",
        licence="CC0-1.0",
        clip=ClipConfig(size=SIZE),
        autoencoder=autoencoder_config,
        diffusion=diffusion_config,
        latent_shape=autoencoder.latent_shape,
        frame_rate_hz=25 / 3,
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        typicality=None,
    )
    write_model(folder, config, weights, "random weights\n")


class Meter:
    """CPU seconds and memory of this process and all its children, those that end included."""

    def __init__(self) -> None:
        """Begin to look, once a second."""
        self.memory: list[float] = []
        self._cpu: dict[int, float] = {}
        self._before = self._look()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        self._began = time.perf_counter()

    def read(self) -> tuple[float, float]:
        """Return seconds and CPU seconds until now."""
        self._look()
        return time.perf_counter() - self._began, sum(self._cpu.values()) - self._before

    def stop(self) -> None:
        """End looking."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(1):
            self._look()

    def _look(self) -> float:
        pages = 0
        waiting = [os.getpid()]
        while waiting:
            process = waiting.pop()
            try:
                text = Path(f"/proc/{process}/stat").read_text()
                for children in Path(f"/proc/{process}/task").glob("*/children"):
                    waiting += map(int, children.read_text().split())
                pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            fields = text.rsplit(")", 1)[1].split()
            self._cpu[process] = (int(fields[11]) + int(fields[12])) / TICKS
        self.memory.append(pages * PAGE / MB)
        return sum(self._cpu.values())


def timed(name: str, count: int, work: Callable[[], object]) -> tuple[float, float]:
    """Do some work; print and return seconds and CPU seconds per loop."""
    meter = Meter()
    try:
        work()
        seconds, cpu = meter.read()
    finally:
        meter.stop()
    quarter = max(1, len(meter.memory) // 4)
    second, last = meter.memory[quarter : 2 * quarter + 1], meter.memory[-quarter:]
    print(
        f"| {name} | {count / seconds:.1f} | {1000 * cpu / count:.1f} | {max(meter.memory):.0f} | "
        f"{median(second):.0f} | {median(last):.0f} |",
        flush=True,
    )
    return seconds / count, cpu / count


def in_this_process(stills: Path, out: Path, model: Path, per_shard: int) -> None:
    """Make all shards without Ray."""
    torch.set_num_threads(1)
    animator = ImageToVideo.from_pretrained(model, device="cpu")
    listed = list(list_stills([str(stills)]))
    for start in range(0, len(listed), per_shard):
        some = listed[start : start + per_shard]
        make_shard(animator, some, f"{start:06}", ShardFolder(str(out)), OPTIONS)


def with_a_machine_killed(run: Callable[[str | None], object], out: Path, shards: int) -> None:
    """Run on two machines, kill one on the way and let another join."""
    os.environ.update(
        RAY_USAGE_STATS_ENABLED="0",
        RAY_AUTH_MODE="disabled",
        RAY_agent_register_timeout_ms="300000",
    )
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    machines = [cluster.add_node(num_cpus=1) for _ in range(WORKERS)]

    def kill() -> None:
        while len(list(out.glob("*.parquet"))) < shards / 3:
            time.sleep(0.1)
        cluster.remove_node(machines[0], allow_graceful=False)
        cluster.add_node(num_cpus=1)

    killer = threading.Thread(target=kill)
    killer.start()
    run(cluster.address)
    killer.join()
    ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]


def count_loops(out: Path) -> Counter[tuple[str, int]]:
    """Count the rows of every still and seed in all manifests."""
    tables = [pl.read_parquet(io.BytesIO(path.read_bytes())) for path in out.glob("*.parquet")]
    rows = pl.concat(tables)
    return Counter(zip(rows["source"], rows["seed"], strict=True))


def main() -> None:
    """Print one row a way of working."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--stills", type=int, default=20_000)
    parser.add_argument("--one-process", type=int, default=1000, help="stills of the first row")
    parser.add_argument("--per-shard", type=int, default=64)
    parser.add_argument("--no-kill", action="store_true", help="leave out the last row")
    arguments = parser.parse_args()
    work: Path = arguments.work
    count, few = arguments.stills, min(arguments.one_process, arguments.stills)
    stills, model = work / "stills", work / "model"
    write_stills(stills, count)
    write_tiny_model(model)
    some = work / "some"
    some.mkdir(exist_ok=True)
    for path in sorted(stills.iterdir())[:few]:
        shutil.copy(path, some)
    for name in ("one", "ray", "killed"):
        shutil.rmtree(work / name, ignore_errors=True)

    def on_ray(out: Path, address: str | None) -> None:
        synthesize_in_bulk(
            [str(stills)], str(out), OPTIONS, model=str(model), address=address,
            stills_per_shard=arguments.per_shard, console=Console(quiet=True),
        )  # fmt: skip

    print(f"{count} stills of {SIZE} px, {few} in one process; {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f} at the start")  # fmt: skip
    print("| | loops/s | CPU ms per loop | most MB | MB, 2nd quarter | MB, last quarter |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    one = timed("one process", few, lambda: in_this_process(
        some, work / "one", model, arguments.per_shard))  # fmt: skip
    many = timed("Ray, two workers", count, lambda: on_ray(work / "ray", None))
    print(f"overhead: {many[0] * WORKERS / one[0] - 1:+.0%} of time, {many[1] / one[1] - 1:+.0%} "
          f"of CPU; load {os.getloadavg()[0]:.1f} at the end")  # fmt: skip
    if arguments.no_kill:
        return
    out = work / "killed"
    shards = -(-count // arguments.per_shard)
    timed("one of two machines killed", count, lambda: with_a_machine_killed(
        lambda address: on_ray(out, address), out, shards))  # fmt: skip
    loops = count_loops(out)
    twice = sum(number > 1 for number in loops.values())
    print(f"{len(loops)} of {count} loops are there, {twice} of them more than once")


if __name__ == "__main__":
    main()
