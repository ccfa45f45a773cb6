"""Measure how fast classifiers train, and how much of that time goes to reading clips.

    python benchmarks/classify.py
    python benchmarks/classify.py --net tsm --size 224 --batch-size 64 --device cuda

Steps of training as ``sonoloop classify train`` makes them (class-balanced order, segments,
augmentation, loss, backward, optimiser) on random clips. "wall" is what a user waits; "processor"
counts the processor time of all threads, which a shared machine does not distort. "reading" is the
share of the wall time spent putting batches together, which nothing overlaps.
"""

import argparse
import time
from typing import get_args

import numpy as np
import torch
from torch import nn

from sonoloop.classification.config import ClassifierConfig, NetName, training_for
from sonoloop.classification.labelled_clips import Held, LabelledClips
from sonoloop.classification.models import Classifier
from sonoloop.classification.training_task import classifier_task
from sonoloop.training.launch import fabric_on


def random_clips(count: int, size: int, frames: int) -> LabelledClips:
    """Make clips of noise in two classes."""
    rng = np.random.default_rng(0)
    clips = rng.integers(0, 256, (count, frames, size, size), dtype=np.uint8)
    labels = np.arange(count) % 2
    return LabelledClips(clips, labels, tuple(map(str, range(count))), np.zeros(count, bool))


def measure(config: ClassifierConfig, options: argparse.Namespace, *, frames: int) -> None:
    """Make a few steps and print clips a second."""
    settings = training_for(config.net).model_copy(
        update={"batch_size": options.batch_size, "precision": options.precision}
    )
    clips = random_clips(4 * options.batch_size, config.size, frames)
    loop = settings.loop_config(len(clips), seed=0)
    fabric = fabric_on(options.device, settings.precision)
    torch.manual_seed(0)
    model = Classifier(config)
    task = classifier_task(model, Held(clips, None), settings, loop, fabric)
    learner = task.learners[0]
    module, optimizer = fabric.setup(learner.module, learner.optimizer)
    modules: dict[str, nn.Module] = {learner.name: module}
    generator = torch.Generator(fabric.device).manual_seed(0)
    batches, reading = iter(task.batches(0)), 0.0

    def step() -> float:
        began = time.perf_counter()
        batch = next(batches)
        seconds = time.perf_counter() - began
        for _, losses in task.step(modules, fabric.to_device(batch), generator):
            fabric.backward(losses["loss"])
            optimizer.step()
            optimizer.zero_grad()
        return seconds

    for _ in range(2):
        step()
    if options.device != "cpu":
        torch.cuda.synchronize()
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(options.steps):
        reading += step()
    if options.device != "cpu":
        torch.cuda.synchronize()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    count = options.steps * options.batch_size
    name = config.net + (f" width {config.width}" if config.net == "r3d18" else "")
    print(
        f"{name:15} {config.num_frames * config.stretch:2} x {config.size}^2, "
        f"{torch.get_num_threads()} threads: {count / wall:6.1f} clips/s wall, "
        f"{count / processor:6.1f} clips per processor second, reading {reading / wall:.1%}",
        flush=True,
    )


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", choices=get_args(NetName), default="r3d18")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--size", type=int, nargs="+", default=[112, 64])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="auto")
    options = parser.parse_args()
    for size in options.size:
        for threads in options.threads:
            torch.set_num_threads(threads)
            config = ClassifierConfig.model_validate(
                {"net": options.net, "classes": ("a", "b"), "size": size, "width": options.width}
            )
            measure(config, options, frames=max(16, config.num_frames * config.stretch))


if __name__ == "__main__":
    main()
