"""What a hand-over in the middle of a training costs, in FVD.

    python benchmarks/handover.py DATASET --out DIR [--preset tiny] [--seeds 0 1 2]
        [--set SECTION.KEY=VALUE ...]

Both stages are trained twice: in one go, and for half of the steps, from whose hand-over file (the
averaged weights in fp16) a new run with a fresh optimiser and warm-up makes the other half, with
another seed as on another machine. Then every window of the held-out videos is rebuilt by stage 1,
and a loop is made of its first frame. FVD is that of I3D on Kinetics-400 between these and the
true windows, frames 1 to the last, at the same n and with the same noise.
"""

import argparse
from pathlib import Path
from typing import Final

from equal_search import unless_interrupted
from fvd_of_loops import FvdOfLoops, held_out_windows
from rich.console import Console

from sonoloop.recipes.config import Preset, load_preset
from sonoloop.recipes.export import export
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.training.handover import HANDOVER_FILE

QUIET: Final = Console(quiet=True)
TRAININGS: Final = ("autoencoder_training", "diffusion_training")


def part_of(preset: Preset, share: float, seed: int) -> Preset:
    """Shorten both stages."""
    stages = {
        name: getattr(preset, name).model_copy(
            update={"seed": seed, "max_steps": round(share * getattr(preset, name).max_steps)}
        )
        for name in TRAININGS
    }
    return preset.model_copy(update=stages)


def train(data: Path, preset: Preset, out: Path, seed: int, *, handed_over: bool) -> Path:
    """Train both stages and export the model; what is there already is kept."""
    if (out / "model").is_dir():
        return out / "model"
    first = part_of(preset, 0.5 if handed_over else 1.0, seed)
    second = part_of(preset, 0.5, 10 + seed) if handed_over else None

    def run(name: str) -> Path:
        return out / (f"{name}-2" if handed_over else name)

    stage_1, init = run("autoencoder"), str(out / "autoencoder" / HANDOVER_FILE)
    unless_interrupted(
        train_autoencoder(data, first, out / "autoencoder", resume=True, console=QUIET)
    )
    if second is not None:
        again = train_autoencoder(data, second, stage_1, init=init, resume=True, console=QUIET)
        unless_interrupted(again)
    init = str(out / "diffusion" / HANDOVER_FILE)
    unless_interrupted(
        train_diffusion(data, stage_1, first, out / "diffusion", resume=True, console=QUIET)
    )
    if second is not None:
        folder = run("diffusion")
        unless_interrupted(
            train_diffusion(data, stage_1, second, folder, init=init, resume=True, console=QUIET)
        )
    export(
        stage_1,
        run("diffusion"),
        data=data,
        out=out / "model",
        name=out.name,
        console=QUIET,
    )
    return out / "model"


def main() -> None:
    """Print a row per seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--split", default="test", choices=["validation", "test"])
    parser.add_argument("--set", nargs="*", default=[], help="SECTION.KEY=VALUE of the preset")
    given = parser.parse_args()
    preset = load_preset(given.preset, dict(word.split("=", 1) for word in given.set))
    fvd: FvdOfLoops | None = None
    for seed in given.seeds:
        folders = [
            train(given.dataset, preset, given.out / f"{name}-{seed}", seed, handed_over=handed)
            for name, handed in (("one-go", False), ("handed-over", True))
        ]
        if fvd is None:
            fvd = FvdOfLoops(held_out_windows(given.dataset, given.split, preset.clip))
            print(f"n = {len(fvd.real)} windows; the still repeated: FVD {fvd.still:.0f}\n")
            columns = " one go | handed over | ratio |"
            print(f"| seed | rebuilt:{columns} made:{columns}")
            print("|" + " --- |" * 7)
        one, two = map(fvd, folders)
        print(
            f"| {seed} | {one.rebuilt:.1f} | {two.rebuilt:.1f} | {two.rebuilt / one.rebuilt:.3f} "
            f"| {one.made:.1f} | {two.made:.1f} | {two.made / one.made:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
