"""Measure the conditional flow: how exactly it inverts, how fast it draws, what it learns.

    python benchmarks/flow.py
    python benchmarks/flow.py --run runs/flow --learning-rates 1e-5 3e-4

Without a run: the published size on random vectors of 64. With the latents that a run of stage 2
cached: flows trained on four fifths of the groups, at each learning rate from the same weights.
Likelihoods are in nats per number of the latent, with a new posterior sample at every step. The
energy distance (Szekely and Rizzo 2013) compares latents drawn for held-out first frames with
posterior samples of the held-out clips, every number in units of its deviation over the training
clips; beside it stand training latents taken at random, which a prior must beat. Times are process
times: the machine may be shared.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.flow.config import FlowConfig
from sonoloop.flow.model import ConditionalFlow
from sonoloop.flow.training_step import flow_losses
from sonoloop.recipes.latent_cache import LatentCache


def generators(count: int) -> list[torch.Generator]:
    """Make one generator an item."""
    return [torch.Generator().manual_seed(item) for item in range(count)]


def measure_speed() -> None:
    """Print inverse error and draws a second of the published size."""
    torch.manual_seed(0)
    flow = ConditionalFlow(FlowConfig(), (64,)).eval()
    latent, frames = 2 * torch.randn(256, 64), torch.rand(256, 1, 128, 128) * 2 - 1
    flow.initialize(latent, frames)
    with torch.no_grad():
        noise, _ = flow.to_noise(latent, frames)
        error = (flow.to_latent(noise, frames) - latent).abs().max()
    weights = sum(weight.numel() for weight in flow.blocks.parameters())
    print(f"{weights / 1e6:.1f} M weights, {torch.get_num_threads()} threads, error {error:.1e}")
    for batch in (1, 32, 256):
        repeats = max(2, 64 // batch)
        flow.sample(frames[:batch], generators=generators(batch))
        began = time.process_time()
        for _ in range(repeats):
            flow.sample(frames[:batch], generators=generators(batch))
        seconds = (time.process_time() - began) / repeats
        print(f"batch {batch:3}: {1000 * seconds:7.1f} ms, {batch / seconds:7.0f} latents a second")


def energy_distance(one: Tensor, other: Tensor) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'|, without the pairs of an item with itself."""

    def within(items: Tensor) -> Tensor:
        return torch.cdist(items, items).sum() / (len(items) * (len(items) - 1))

    between = torch.cdist(one, other).mean()
    return float(2 * between - within(one) - within(other))


def held_out_loss(flow: ConditionalFlow, held_out: LatentCache) -> float:
    """Return the mean negative log-likelihood of one posterior sample, in nats per number."""
    flow.eval()
    batch = held_out.drawn(torch.Generator().manual_seed(0))
    with torch.no_grad():
        losses = flow_losses(flow, batch.latents, batch.first_frame, torch.Generator())
    return float(losses["loss"]) / flow.size + 0.5 * math.log(2 * math.pi)


def train(
    flow: ConditionalFlow,
    data: LatentCache,
    held_out: LatentCache,
    rate: float,
    options: argparse.Namespace,
) -> tuple[float, int]:
    """Train with a constant rate; return the lowest held-out loss and its step."""
    optimizer = torch.optim.Adam(flow.parameters(), rate, betas=(0.9, 0.99), amsgrad=True)
    generator = torch.Generator().manual_seed(0)
    best = (held_out_loss(flow, held_out), 0)
    recent: list[float] = []
    made = spread(flow, data, held_out)
    print(f"  step    0: held out {best[0]:7.3f}, energy distance {made[0]:6.3f}")
    for step in range(1, options.steps + 1):
        chosen = torch.randint(len(data.latents), (options.batch_size,), generator=generator)
        batch = data.at(chosen).drawn(generator)
        loss = flow_losses(flow.train(), batch.latents, batch.first_frame, generator)["loss"]
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(flow.parameters(), options.gradient_clip)
        optimizer.step()
        recent.append(loss.item() / flow.size + 0.5 * math.log(2 * math.pi))
        if step % options.every == 0:
            value = held_out_loss(flow, held_out)
            best = min(best, (value, step))
            made = spread(flow, data, held_out)
            mean = sum(recent) / len(recent)
            print(
                f"  step {step:4}: held out {value:7.3f}, training {mean:7.3f}, "
                f"energy distance {made[0]:6.3f}, deviation over the data's {made[1]:.2f}",
                flush=True,
            )
            recent.clear()
    return best


def spread(flow: ConditionalFlow, data: LatentCache, held_out: LatentCache) -> tuple[float, float]:
    """Draw for held-out first frames; return energy distance and relative deviation."""
    frames = held_out.first_frame
    drawn = flow.eval().sample(frames, generators=generators(len(frames))).flatten(1)
    std, mean = torch.std_mean(data.latents.flatten(1), dim=0)
    real = (held_out.drawn(torch.Generator().manual_seed(0)).latents.flatten(1) - mean) / std
    drawn = (drawn - mean) / std
    return energy_distance(drawn, real), float((drawn.std(dim=0) / real.std(dim=0)).median())


def random_latents(data: LatentCache, held_out: LatentCache) -> float:
    """Return the energy distance of training latents taken at random to held-out samples."""
    std, mean = torch.std_mean(data.latents.flatten(1), dim=0)
    real = held_out.drawn(torch.Generator().manual_seed(0)).latents.flatten(1)
    order = torch.randperm(len(data.latents), generator=torch.Generator().manual_seed(2))
    others = data.at(order[: len(real)]).drawn(torch.Generator().manual_seed(3)).latents.flatten(1)
    return energy_distance((others - mean) / std, (real - mean) / std)


def measure_learning(options: argparse.Namespace) -> None:
    """Train at each rate and print what comes of it."""
    tensors = load_file(options.run / "latents.safetensors")
    cache = LatentCache(*(tensors[name] for name in LatentCache._fields))
    settings = json.loads((options.run / "config.json").read_text())
    clip = ClipConfig.model_validate(settings["clip"])
    groups = ClipSet.open(Path(settings["data"]), "train", clip).group_ids
    fifth = set(sorted(set(groups))[::5])
    is_held_out = torch.tensor([group in fifth for group in groups])[cache.videos]
    data, held_out = (cache.at(torch.nonzero(mask)[:, 0]) for mask in (~is_held_out, is_held_out))
    shape = tuple(cache.latents.shape[1:])
    ratio = (cache.latent_stds.mean() / cache.latents.flatten(1).std(dim=0).mean()).item()
    print(
        f"latent {shape}, {len(data.latents)} clips to train, {len(held_out.latents)} held out; "
        f"posterior deviation over that of means {ratio:.3f}\n"
        f"energy distance of training latents at random {random_latents(data, held_out):.3f}"
    )
    config = FlowConfig(
        num_blocks=options.blocks,
        hidden_width=options.width,
        log_scale_limit=options.log_scale_limit,
        condition_noise=options.condition_noise,
    )
    for rate in options.learning_rates:
        torch.manual_seed(0)
        flow = ConditionalFlow(config, shape)
        first = data.at(torch.arange(0, len(data.latents), max(1, len(data.latents) // 512)))
        first = first.drawn(torch.Generator().manual_seed(0))
        flow.initialize(first.latents, first.first_frame)
        began = time.process_time()
        print(f"learning rate {rate:g}")
        loss, step = train(flow, data, held_out, rate, options)
        print(f"  best {loss:.3f} at step {step}, {time.process_time() - began:.0f} s")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path)
    parser.add_argument("--learning-rates", type=float, nargs="+", default=[1e-5, 1e-4, 1e-3])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--log-scale-limit", type=float)
    parser.add_argument("--gradient-clip", type=float, default=math.inf)
    parser.add_argument("--condition-noise", type=float, default=0.05)
    options = parser.parse_args()
    if options.run is None:
        measure_speed()
    else:
        measure_learning(options)


if __name__ == "__main__":
    main()
