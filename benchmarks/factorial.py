"""Which part helps: every decoder with every prior, at equal minutes and equal search.

    python benchmarks/factorial.py DATASET --out DIR [--minutes-per-cell 12] [--trials 2]

Decoders (rows): cinn (SPADE and AdaIN, cINN), adain (the paper), warp (ours), each with one stage 1
that its three cells share. Priors (columns): random (a random training clip's latent: the control
that a prior must beat), flow (conditional flow, cINN), diffusion (LDDM; ours). A cell's minutes are
two thirds stage 1 and one third prior. Of each stage's minutes the search takes its part:

- Stage 1: a third of them is shared by trials at different learning rates; the one with the lowest
  held-out loss goes on for the rest, its rate falling to zero at the end.
- Prior: trials of equal time at different learning rates, held-out loss every sixth of it; then it
  is trained anew at the best rate for as many steps as had the lowest held-out loss, but at most
  for the time of one trial. So rate and length are tuned, for both alike. The control has nothing
  to learn or tune: its part of the minutes is not used.

Held out are the validation videos. All else is the preset's, the same for every row and column, but
for the architecture of decoder and encoder. Widths of cinn and adain are the published ones times
--width-scale. Judged on --split of --judge by the recipe of 'sonoloop evaluate', which adds the
references. Run it again to go on: what is done is skipped. DIR gets table.csv and table.md.
"""

import argparse
import csv
import io
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from equal_search import NO_END, RATES, minutes_of, read, search, unless_interrupted, write

from sonoloop.errors import SonoloopError, UsageError
from sonoloop.recipes.config import Preset, load_preset
from sonoloop.recipes.evaluation.evaluate import evaluate
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.export import export
from sonoloop.recipes.export_clips import export_clips
from sonoloop.recipes.synthesize import synthesize
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.recipes.train_flow import train_flow
from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.training.loop import Outcome

ROWS, COLUMNS = ("warp", "adain", "cinn"), ("random", "flow", "diffusion")
STAGE_1_SHARE, SEARCH_SHARE, LOOKS = 2 / 3, 1 / 3, 6
VECTOR = 64
"""Numbers of a latent that is a vector."""
METRICS = {
    "FVD": "fvd-",
    "KVD": "kvd-",
    "LPIPS": "lpips-v0.1-alex",
    "DIV": "div-vgg",
    "energy": "motion-energy-ratio",
    "flow distance": "motion-flow-distance",
}
"""Columns of the table, and how the ids of their records begin."""
REFERENCES = {"still-repeated": "the still repeated", "same-videos": "the same videos, later"}
TRAINED = {"minutes": ".1f", "steps": ".0f", "rate": ".2g"}
"""What is told of a training, and how it is written."""
HEAD = ("decoder", "prior", *(f"{s} {t}" for s in ("stage 1", "prior") for t in TRAINED), "n")


def architecture(row: str, scale: float) -> dict[str, object]:
    """Give the settings in which a row differs from the preset."""

    def scaled(*widths: int) -> list[int]:
        return [max(4, round(scale * width / 4) * 4) for width in widths]

    vector = {"latent": "vector", "latent_channels": VECTOR, "residual_blur": 0.0}
    differences: dict[str, dict[str, object]] = {
        "warp": {"decoder": "warp"},
        "adain": {
            **vector,
            "decoder": "adain",
            "encoder_widths": scaled(64, 128, 256, 512),
            "decoder_width": scaled(64)[0],
        },
        "cinn": {
            **vector,
            "decoder": "spade",
            "encoder": "cinn",
            "encoder_stem": scaled(64)[0],
            "encoder_widths": scaled(128, 128, 256, 512),
            "decoder_width": scaled(32)[0],
        },
    }
    return differences[row]


class Factorial:
    """The work of one call.

    Args:
        asked: Command line.
    """

    def __init__(self, asked: argparse.Namespace) -> None:
        """Read the preset and refuse a folder of other settings."""
        self.asked, self.out = asked, asked.out
        self.settings = {
            "dataset": str(asked.dataset),
            "judge": str(asked.judge or asked.dataset),
            "split": asked.split,
            "size": asked.size,
            "preset": asked.preset,
            "minutes_per_cell": asked.minutes_per_cell,
            "trials": asked.trials,
            "width_scale": asked.width_scale,
            "samples": asked.samples,
            "limit": asked.limit,
            "metrics": asked.metrics,
            "seed": asked.seed,
            "set": asked.set,
        }
        known = read(self.out / "settings.json")
        if known and known != self.settings:
            changed = next(key for key in known if known[key] != self.settings.get(key))
            msg = (
                f"{self.out} was made with {changed} = {known[changed]!r}, now it is "
                f"{self.settings[changed]!r}: choose another --out"
            )
            raise SystemExit(msg)
        write(self.out / "settings.json", self.settings)

    def preset(self, row: str, rates: Mapping[str, float], steps: int) -> Preset:
        """Compose the settings of a training."""
        overrides: dict[str, object] = {
            "clip.size": self.asked.size,
            "diffusion.vector_tokens": 8,
            **dict(setting.split("=", 1) for setting in self.asked.set),
        }
        overrides |= {f"autoencoder.{k}": v for k, v in architecture(row, self.scale(row)).items()}
        for stage in ("autoencoder", "diffusion", "flow"):
            overrides[f"{stage}_training.max_steps"] = steps
            overrides[f"{stage}_training.sample_every"] = NO_END
            overrides[f"{stage}_training.seed"] = self.asked.seed
        preset = load_preset(self.asked.preset, overrides)
        for stage, rate in rates.items():
            training = getattr(preset, f"{stage}_training")
            changed = training.model_copy(update={"learning_rate": rate * training.learning_rate})
            preset = preset.model_copy(update={f"{stage}_training": changed})
        return preset

    def scale(self, row: str) -> float:
        """Give the row's share of the published widths."""
        return 1.0 if row == "warp" else self.asked.width_scale

    def stage_1(self, row: str) -> tuple[Path, dict[str, Any]]:
        """Train, or find, the stage 1 of a row."""
        folder = self.out / row / "stage1"
        minutes = self.asked.minutes_per_cell * STAGE_1_SHARE

        def train(run: Path, rate: float, steps: int, seconds: float | None) -> Outcome:
            preset = self.preset(row, {"autoencoder": rate}, steps)
            return train_autoencoder(
                self.asked.dataset, preset, run, resume=True, max_seconds=seconds
            )

        trials = self.asked.trials
        seconds = 60 * minutes * SEARCH_SHARE / trials
        best = search(folder, train, trials=trials, seconds=seconds, looks=1)
        run = folder / best["run"]
        plan = read(folder / "plan.json")
        if not plan:
            left = 60 * minutes * (1 - SEARCH_SHARE)
            plan = {"steps": best["step"] + max(1, round(left / best["seconds_per_step"]))}
            write(folder / "plan.json", plan)
        unless_interrupted(train(run, best["rate"], plan["steps"], None))
        return run, told(run, "autoencoder", plan["steps"])

    def prior(self, row: str, column: str, stage_1: Path) -> tuple[Path, dict[str, Any]]:
        """Train, or find, the prior of a cell."""
        recipe = {"flow": train_flow, "diffusion": train_diffusion}[column]
        folder = self.out / row / column
        latents = self.out / row / "latents" / "latents.safetensors"
        if not latents.is_file():  # encoded once a row, outside the minutes of any cell
            shutil.rmtree(latents.parent, ignore_errors=True)
            preset = self.preset(row, {}, 1)
            unless_interrupted(train_diffusion(self.asked.dataset, stage_1, preset, latents.parent))

        def train(run: Path, rate: float, steps: int, seconds: float | None) -> Outcome:
            if not (run / latents.name).is_file():
                run.mkdir(parents=True, exist_ok=True)
                shutil.copy(latents, run)
            preset = self.preset(row, {column: rate}, steps)
            return recipe(
                self.asked.dataset, stage_1, preset, run, resume=True, max_seconds=seconds
            )

        minutes = self.asked.minutes_per_cell * (1 - STAGE_1_SHARE)
        trials = self.asked.trials
        seconds = 60 * minutes / (trials + 1)
        best = search(folder, train, trials=trials, seconds=seconds, looks=LOOKS)
        run = folder / "final"
        unless_interrupted(train(run, best["rate"], best["step"], None))
        return run, told(run, column, best["step"])

    def cell(self, row: str, column: str) -> dict[str, Any]:
        """Train, export, synthesise and judge one cell."""
        asked, folder = self.asked, self.out / row / column
        began = time.monotonic()
        try:
            run, one = self.stage_1(row)
            prior, two = (
                (None, {"minutes": 0.0, "steps": 0, "rate": 0.0})
                if column == "random"
                else self.prior(row, column, run)
            )
        except UsageError:
            raise
        except SonoloopError as error:  # every trial diverged: a result too
            return {"decoder": row, "prior": column, "error": str(error)}
        model, loops = folder / "model", folder / "loops"
        for stale in (model, loops):
            shutil.rmtree(stale, ignore_errors=True)
        export(
            *(run, prior),
            stage_2="flow" if column == "flow" else "diffusion",
            data=asked.dataset,
            out=model,
            name=f"{row}-{column}",
        )
        wanted = BatchOptions(num_samples=asked.samples, seed=asked.seed, formats=("npy",))
        synthesize([self.stills()], loops, wanted, model=str(model))
        judge = EvaluateOptions(
            metrics=asked.metrics,
            split=asked.split,
            limit=asked.limit,
            seed=asked.seed,
            train=asked.dataset,
            cache=self.out / "features",
            title=f"decoder {row}, prior {column}",
        )
        record = evaluate(asked.judge or asked.dataset, loops, folder / "evaluation", judge)
        values: dict[str, dict[str, float]] = {}
        for name, beginning in METRICS.items():
            for metric in record.metrics:
                if metric.id.startswith(beginning):
                    for value in metric.values:
                        values.setdefault(value.role, {})[name] = value.value
                        values[value.role]["n"] = value.num_clips
        return {
            "decoder": row,
            "prior": column,
            "stage 1": one,
            "stage 2": two,
            "values": values,
            "minutes now, all told": round((time.monotonic() - began) / 60, 1),
        }

    def stills(self) -> Path:
        """Export the stills to start from, once."""
        folder: Path = self.out / "judged"
        if not (folder / "manifest.csv").is_file():
            split = None if self.asked.split == "all" else self.asked.split
            export_clips(self.asked.judge or self.asked.dataset, folder, split=split)
        return folder / "stills"

    def run(self) -> None:
        """Go through the cells that are not done; the table is written after each."""
        for row in self.asked.rows:
            for column in self.asked.columns:
                done = self.out / row / column / "cell.json"
                if not done.is_file():
                    print(f"decoder {row}, prior {column}", flush=True)
                    write(done, self.cell(row, column))
                self.write_table()
        print((self.out / "table.md").read_text())

    def write_table(self) -> None:
        """Write table.csv and table.md of the cells that are there."""
        cells = [read(self.out / r / c / "cell.json") for r in ROWS for c in COLUMNS]
        lines: list[list[str]] = []
        references: dict[str, dict[str, float]] = {}
        for cell in filter(None, cells):
            if "error" in cell:
                lines.append([cell["decoder"], cell["prior"], f"failed: {cell['error']}"])
                continue
            one, two, values = cell["stage 1"], cell["stage 2"], cell["values"]
            run = [
                f"{stage[name]:{form}}" for stage in (one, two) for name, form in TRAINED.items()
            ]
            lines.append([cell["decoder"], cell["prior"], *run, *figures(values["synthetic"])])
            references = {role: values[role] for role in REFERENCES if role in values}
        for role, value in references.items():
            lines.append([REFERENCES[role], *[""] * (2 * len(TRAINED) + 1), *figures(value)])
        head = [*HEAD, *METRICS]
        lines = [line + [""] * (len(head) - len(line)) for line in lines]
        table = io.StringIO()
        csv.writer(table, lineterminator="\n").writerows([head, *lines])
        (self.out / "table.csv").write_text(table.getvalue())
        rows = [f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines]]
        (self.out / "table.md").write_text("\n".join(rows) + "\n")


def figures(values: Mapping[str, float]) -> list[str]:
    """Write the values of a line, n first."""
    return [
        f"{values.get('n', 0):.0f}",
        *(f"{values[name]:.3g}" if name in values else "" for name in METRICS),
    ]


def told(run: Path, stage: str, steps: int) -> dict[str, float]:
    """Say how a stage was trained, its search included in the minutes."""
    rate = read(run / "config.json")[f"{stage}_training"]["learning_rate"]
    return {"minutes": minutes_of(run.parent), "steps": steps, "rate": rate}


def main() -> None:
    """Run the cells."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="prepared dataset with validation videos")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes-per-cell", type=float, default=12.0)
    parser.add_argument("--trials", type=int, default=2, choices=range(1, len(RATES) + 1))
    parser.add_argument("--size", type=int, default=64, help="of the dataset's frames, in pixels")
    parser.add_argument("--device", choices=("auto", "cpu"), default="auto")
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--set", nargs="*", default=[], help="settings as section.key=value")
    parser.add_argument("--width-scale", type=float, default=0.25)
    parser.add_argument("--judge", type=Path, help="dataset that is judged on; the same by default")
    parser.add_argument("--split", default="validation", help="of it: validation, test or all")
    parser.add_argument("--samples", type=int, default=2, help="loops a still")
    parser.add_argument("--limit", type=int, default=0, help="most clips that are judged; 0: all")
    parser.add_argument("--metrics", default="fvd,kvd,lpips,div,motion")
    parser.add_argument("--rows", nargs="*", default=ROWS, choices=ROWS)
    parser.add_argument("--columns", nargs="*", default=COLUMNS, choices=COLUMNS)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if not asked.dataset.is_dir():
        parser.error(f"there is no dataset {asked.dataset}")
    if asked.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before torch asks for it
    try:
        Factorial(asked).run()
    except SonoloopError as error:
        parser.exit(error.exit_status, f"{error}\n")


if __name__ == "__main__":
    main()
