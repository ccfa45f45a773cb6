"""Bulk synthesis: plain processes against Ray, a killed machine, memory, and each loop once.

    python benchmarks/bulk.py WORK --stills 2000 [--ways one two ray killed]

Writes tiny stills and a tiny model of random weights into WORK, then makes one loop of each still

- one: in one process, shard by shard, one thread;
- two: in two such processes at once, each half of the stills, without Ray;
- ray: on a Ray that starts on this machine, two workers of one thread;
- killed: from a bucket to a bucket (moto's server, a process of its own), on a cluster of two
  machines within this one, of which one is killed when a third of the shards are there; then every
  loop is counted.

Overhead is told twice: from loops a second (true where two cores are free), and from CPU seconds
per loop of all processes, Ray's own included (true on a busy machine too). Memory is that of this
process and of all its children but the bucket's, every second; "flat" compares the medians of the
second and the last quarter of the run.
"""

import argparse
import hashlib
import io
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import boto3  # type: ignore[import-untyped]
import fsspec  # type: ignore[import-untyped]
import numpy as np
import polars as pl
import ray
import torch
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
)
from PIL import Image
from process_memory import family, memory_mb
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
WAYS = ("one", "two", "ray", "killed")
BUCKET = "bucket"
TICKS = os.sysconf("SC_CLK_TCK")
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
    """CPU seconds and memory of this process and all its children, those that end included.

    Args:
        apart: Number of a child that is left out.
    """

    def __init__(self, apart: int | None = None) -> None:
        """Begin to look, once a second."""
        self.apart = apart
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
        self.memory.append(memory_mb(os.getpid(), apart=self.apart))
        for process in family(os.getpid(), apart=self.apart):
            with suppress(FileNotFoundError, ProcessLookupError):
                text = Path(f"/proc/{process}/stat").read_text()
                fields = text.rsplit(")", 1)[1].split()
                self._cpu[process] = (int(fields[11]) + int(fields[12])) / TICKS
        return sum(self._cpu.values())


class Cost(NamedTuple):
    """What a loop takes.

    Args:
        seconds: Of the clock.
        cpu: Seconds of all processors.
    """

    seconds: float
    cpu: float


def timed(name: str, count: int, work: Callable[[], object], apart: int | None = None) -> Cost:
    """Do some work; print and return what one loop took."""
    meter = Meter(apart)
    try:
        work()
        seconds, cpu = meter.read()
    finally:
        meter.stop()
    quarter = max(1, len(meter.memory) // 4)
    second, last = meter.memory[quarter : 2 * quarter + 1], meter.memory[-quarter:]
    print(
        f"| {name} | {count / seconds:.1f} | {1000 * cpu / count:.1f} | {max(meter.memory):.0f} | "
        f"{median(second):.0f} | {median(last):.0f} | {os.getloadavg()[0]:.1f} |",
        flush=True,
    )
    return Cost(seconds / count, cpu / count)


def make_plainly(
    stills: Path, out: Path, model: Path, per_shard: int, part: int, parts: int
) -> None:
    """Make the shards of one part of the stills without Ray."""
    torch.set_num_threads(1)
    animator = ImageToVideo.from_pretrained(model, device="cpu")
    listed = list(list_stills([str(stills)]))
    for start in range(part * per_shard, len(listed), parts * per_shard):
        some = listed[start : start + per_shard]
        make_shard(animator, some, f"{start:06}", ShardFolder(str(out)), OPTIONS)


def in_processes(number: int, stills: Path, out: Path, model: Path, per_shard: int) -> None:
    """Make all shards in fresh processes, without Ray."""
    fresh = multiprocessing.get_context("spawn")
    processes = [
        fresh.Process(target=make_plainly, args=(stills, out, model, per_shard, part, number))
        for part in range(number)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            sys.exit(f"a process ended with {process.exitcode}")


@contextmanager
def served_bucket(stills: Path) -> Iterator[tuple[Any, int]]:
    """Serve a bucket that holds the stills; give its file system and the server's process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_ACCESS_KEY_ID="anyone",
        AWS_SECRET_ACCESS_KEY="anything",  # noqa: S106 - nothing is secret here
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        MOTO_S3_DEFAULT_KEY_BUFFER_SIZE=str(MB),  # archives go to its disk
    )
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(words, stdout=nowhere, stderr=nowhere) as server:
        client = boto3.client("s3")
        for _ in range(120):
            try:
                client.create_bucket(Bucket=BUCKET)
                break
            except (ClientError, BotoCoreError):
                time.sleep(0.5)
        files = fsspec.filesystem("s3", use_listings_cache=False)
        files.put(f"{stills}/", f"{BUCKET}/stills/", recursive=True)
        try:
            yield files, server.pid
        finally:
            server.terminate()


def with_a_machine_killed(run: Callable[[str], object], files: Any, shards: int) -> None:  # noqa: ANN401
    """Run on two machines and kill one on the way."""
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
        while len(files.glob(f"{BUCKET}/loops/*.parquet")) < shards / 3:
            time.sleep(2)
        cluster.remove_node(machines[0], allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    run(cluster.address)
    killer.join()
    ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]


def count_loops(files: Any) -> Counter[tuple[str, int]]:  # noqa: ANN401
    """Count the rows of every still and seed in all manifests of the bucket."""
    contents = files.cat(f"{BUCKET}/loops/*.parquet").values()
    rows = pl.concat(pl.read_parquet(io.BytesIO(content)) for content in contents)
    return Counter(zip(rows["source"], rows["seed"], strict=True))


def main() -> None:
    """Print one row a way of working."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--stills", type=int, default=20_000)
    parser.add_argument("--plain", type=int, default=1000, help="stills of the ways without Ray")
    parser.add_argument("--per-shard", type=int, default=64)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    asked = parser.parse_args()
    work: Path = asked.work
    count, few = asked.stills, min(asked.plain, asked.stills)
    stills, some, model = work / "stills", work / "some", work / "model"
    write_stills(stills, count)
    write_stills(some, few)
    write_tiny_model(model)
    for name in WAYS:
        shutil.rmtree(work / name, ignore_errors=True)

    def on_ray(source: str, out: str, address: str | None) -> None:
        synthesize_in_bulk(
            [source], out, OPTIONS, model=str(model), address=address,
            stills_per_shard=asked.per_shard, console=Console(quiet=True),
        )  # fmt: skip

    print(f"{count} stills of {SIZE} px, {few} without Ray; {os.cpu_count()} cores\n")
    print("| | loops/s | CPU ms a loop | most MB | MB, 2nd quarter | MB, last quarter | load |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    costs: dict[str, Cost] = {}
    for way, number in (("one", 1), ("two", WORKERS)):
        if way in asked.ways:
            work_of_way = partial(in_processes, number, some, work / way, model, asked.per_shard)
            costs[way] = timed(f"{way} without Ray", few, work_of_way)
    if "ray" in asked.ways:
        costs["ray"] = timed("Ray, two workers", count, lambda: on_ray(
            str(stills), str(work / "ray"), None))  # fmt: skip
    if "killed" in asked.ways:
        with served_bucket(stills) as (files, server):
            shards = -(-count // asked.per_shard)
            timed("bucket, one of two machines killed", count, lambda: with_a_machine_killed(
                lambda address: on_ray(f"s3://{BUCKET}/stills", f"s3://{BUCKET}/loops", address),
                files, shards), server)  # fmt: skip
            loops = count_loops(files)
        twice = sum(number > 1 for number in loops.values())
        print(f"\n{len(loops)} of {count} loops are there, {twice} of them more than once")
    for way, number in (("one", WORKERS), ("two", 1)):
        if way in costs and "ray" in costs:
            time_more = costs["ray"].seconds * number / costs[way].seconds - 1
            cpu_more = costs["ray"].cpu / costs[way].cpu - 1
            print(f"Ray against {way}: {time_more:+.0%} of time, {cpu_more:+.0%} of CPU")


if __name__ == "__main__":
    main()
