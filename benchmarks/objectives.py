"""Which objective stage 2 should have: flow matching, or a DDPM's with and without min-SNR.

    python benchmarks/objectives.py TRAINING --held-out DATASET --autoencoder RUN --out DIR
        [--preset laptop] [--steps 1500] [--temperatures 1 0.7] [--split train]

Every objective is trained from random weights on latents of the same stage 1, for the same steps
and seed, and moves the first frame of one window of each held-out video, with the same noise and as
many evaluations of the network (6 steps of Heun, 11 of DPM-Solver++). Latents of random training
clips, brought as much nearer to their mean, are the control that each must beat. Prints FVD (I3D on
Kinetics-400, frames after the first) at the same n and temporal energy over the true one, for every
share of the noise. The same command again goes on where it was stopped.
"""

import argparse
from pathlib import Path
from typing import Final

from equal_search import unless_interrupted
from fvd_of_loops import FvdOfLoops, held_out_windows
from rich.console import Console

from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.recipes.config import load_preset
from sonoloop.recipes.export import export
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.synthesis.random_latents import RandomTrainingLatents
from sonoloop.training.log import read_lines

DDPM: Final = {"diffusion.sampler": "dpm_solver_pp_2m", "diffusion.num_inference_steps": "11"}
OBJECTIVES: Final = {
    "flow_matching": {"diffusion.objective": "flow_matching"},
    "epsilon": DDPM | {"diffusion.objective": "epsilon"},
    "epsilon, min-SNR": DDPM | {"diffusion.objective": "epsilon", "diffusion.min_snr_gamma": "5"},
    "v_prediction": DDPM | {"diffusion.objective": "v_prediction"},
    "v_prediction, min-SNR": DDPM
    | {"diffusion.objective": "v_prediction", "diffusion.min_snr_gamma": "5"},
}


def row(name: str, minutes: float, model: Path, fvd: FvdOfLoops, temperature: float) -> str:
    """Measure the loops of a model."""
    autoencoder, sampler = fvd.stages(model)
    if isinstance(sampler, LatentDiffusion):
        sampler.config = sampler.config.model_copy(update={"temperature": temperature})
    if isinstance(sampler, RandomTrainingLatents):
        mean = sampler.latents.mean(dim=0)
        sampler.latents = mean + temperature * (sampler.latents - mean)
    loops = fvd.loops(autoencoder, sampler)
    measured = (f"{fvd.energy(loops):.2f}", f"{fvd.distance(loops):.1f}")
    return f"| {name} | {minutes:.1f} | {temperature:g} | {' | '.join(measured)} |"


def main() -> None:
    """Print a row per objective and temperature."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--split", default=None, choices=["train", "validation", "test"])
    parser.add_argument("--autoencoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[1.0, 0.7])
    parser.add_argument("--objectives", nargs="+", default=list(OBJECTIVES))
    parser.add_argument("--set", nargs="*", default=[], help="SECTION.KEY=VALUE of the preset")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    asked = {"diffusion_training.max_steps": str(given.steps)}
    asked |= dict(word.split("=", 1) for word in given.set)
    quiet = Console(quiet=True)
    clips = held_out_windows(
        given.held_out, given.split, load_preset(given.preset, asked).clip, most=1
    )
    fvd = FvdOfLoops(clips)
    print(f"n = {len(clips)}, {given.steps} steps; the still repeated: FVD {fvd.still:.1f}")
    print("| objective | minutes | temperature | energy | FVD |")
    print("|" + " --- |" * 5, flush=True)
    control = given.out / "random"
    if not control.is_dir():
        export(given.autoencoder, None, data=given.training, out=control, name="r", console=quiet)
    for temperature in given.temperatures:
        print(row("random training latents", 0, control, fvd, temperature), flush=True)
    for name in given.objectives:
        run, model = (given.out / f"{name.replace(', ', '-')}{end}" for end in ("", "-model"))
        outcome = train_diffusion(
            given.training,
            given.autoencoder,
            load_preset(given.preset, OBJECTIVES[name] | asked),
            run,
            resume=True,
            console=quiet,
        )
        unless_interrupted(outcome)
        if not model.is_dir():
            export(given.autoencoder, run, data=given.training, out=model, name="m", console=quiet)
        minutes = float(str(read_lines(run / "log.jsonl")[-1]["seconds"])) / 60
        for temperature in given.temperatures:
            print(row(name, minutes, model, fvd, temperature), flush=True)


if __name__ == "__main__":
    main()
