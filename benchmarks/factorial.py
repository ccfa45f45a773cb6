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
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sonoloop.atomic_files import write_atomically
from sonoloop.errors import SonoloopError
from sonoloop.recipes.config import Preset, load_preset
from sonoloop.recipes.evaluate import evaluate
from sonoloop.recipes.evaluate_options import EvaluateOptions
from sonoloop.recipes.export import export
from sonoloop.recipes.export_clips import export_clips
from sonoloop.recipes.synthesize import synthesize
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion
from sonoloop.recipes.train_flow import train_flow
from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.training.log import read_lines

ROWS, COLUMNS = ("warp", "adain", "cinn"), ("random", "flow", "diffusion")
RATES = (1.0, 0.3, 3.0, 0.1, 10.0, 0.03)
"""Learning rates of the trials, over the preset's."""
STAGE_1_SHARE, SEARCH_SHARE, LOOKS = 2 / 3, 1 / 3, 6
NO_END, VECTOR = 10_000_000, 64
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
HEAD = ("decoder", "prior", "stage 1 steps", "stage 1 rate", "prior steps", "prior rate", "n")


def architecture(row: str, scale: float) -> dict[str, object]:
    """Give the settings in which a row differs from the preset."""

    def scaled(*widths: int) -> list[int]:
        return [max(4, round(scale * width / 4) * 4) for width in widths]

    vector = {"latent": "vector", "latent_channels": VECTOR, "residual_blur": 0.0}
    return {
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
    }[row]


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

        def train(run: Path, rate: float, steps: int, seconds: float | None) -> None:
            preset = self.preset(row, {"autoencoder": rate}, steps)
            train_autoencoder(self.asked.dataset, preset, run, resume=True, max_seconds=seconds)

        seconds = 60 * minutes * SEARCH_SHARE / self.asked.trials
        best = self.search(folder, train, seconds, looks=1)
        run = folder / best["run"]
        plan = read(folder / "plan.json")
        if not plan:
            left = 60 * minutes * (1 - SEARCH_SHARE)
            plan = {"steps": best["step"] + max(1, round(left / best["seconds_per_step"]))}
            write(folder / "plan.json", plan)
        train(run, best["rate"], plan["steps"], None)
        return run, {"steps": plan["steps"], "rate": learning_rate(run, "autoencoder")}

    def prior(self, row: str, column: str, stage_1: Path) -> tuple[Path, dict[str, Any]]:
        """Train, or find, the prior of a cell."""
        recipe = {"flow": train_flow, "diffusion": train_diffusion}[column]
        folder = self.out / row / column
        latents = self.out / row / "latents" / "latents.safetensors"
        if not latents.is_file():  # encoded once a row, outside the minutes of any cell
            shutil.rmtree(latents.parent, ignore_errors=True)
            preset = self.preset(row, {}, 1)
            train_diffusion(self.asked.dataset, stage_1, preset, latents.parent)

        def train(run: Path, rate: float, steps: int, seconds: float | None) -> None:
            if not (run / latents.name).is_file():
                run.mkdir(parents=True, exist_ok=True)
                shutil.copy(latents, run)
            preset = self.preset(row, {column: rate}, steps)
            recipe(self.asked.dataset, stage_1, preset, run, resume=True, max_seconds=seconds)

        minutes = self.asked.minutes_per_cell * (1 - STAGE_1_SHARE)
        best = self.search(folder, train, 60 * minutes / (self.asked.trials + 1), looks=LOOKS)
        run = folder / "final"
        train(run, best["rate"], best["step"], None)
        return run, {"steps": best["step"], "rate": learning_rate(run, column)}

    def search(
        self,
        folder: Path,
        train: Callable[[Path, float, int, float | None], None],
        seconds: float,
        *,
        looks: int,
    ) -> dict[str, Any]:
        """Try learning rates for equal time.

        Args:
            folder: Gets a run for each trial, and search.json.
            train: Takes run, rate, steps in all, and seconds now.
            seconds: Of a trial.
            looks: Held-out losses a trial, evenly spread.

        Returns:
            Rate, and the step whose held-out loss was lowest of all.
        """
        found = read(folder / "search.json").get("trials", [])
        for number in range(len(found), self.asked.trials):
            run = folder / f"trial{number}"
            shutil.rmtree(run, ignore_errors=True)  # one that was interrupted begins anew
            trial: dict[str, Any] = {"run": run.name, "rate": RATES[number], "losses": []}
            try:
                for _ in range(looks):
                    train(run, RATES[number], NO_END, seconds / looks)
            except SonoloopError as error:  # diverged: a rate that is not chosen
                trial["error"] = str(error)
            lines = log_of(run)
            looked = [line for line in lines if "validation" in line]
            trial["losses"] = [(line["step"], line["validation"]["loss"]) for line in looked]
            if looked:
                trial["seconds_per_step"] = looked[-1]["seconds"] / looked[-1]["step"]
            found.append(trial)
            write(folder / "search.json", {"seconds_a_trial": seconds, "trials": found})
        ends = [
            {**trial, "step": step, "loss": loss}
            for trial in found
            for step, loss in (trial["losses"] if looks > 1 else trial["losses"][-1:])
            if math.isfinite(loss) and (looks > 1 or "error" not in trial)
        ]
        if not ends:
            msg = "; ".join(trial.get("error", "no held-out loss") for trial in found)
            raise SonoloopError(msg)
        return min(ends, key=lambda end: end["loss"])

    def cell(self, row: str, column: str) -> dict[str, Any]:
        """Train, export, synthesise and judge one cell."""
        asked, folder = self.asked, self.out / row / column
        began = time.monotonic()
        try:
            run, one = self.stage_1(row)
            prior, two = (
                (None, {"steps": 0, "rate": 0.0})
                if column == "random"
                else self.prior(row, column, run)
            )
        except SonoloopError as error:
            return {"decoder": row, "prior": column, "error": str(error)}
        model, loops = folder / "model", folder / "loops"
        for stale in (model, loops):
            shutil.rmtree(stale, ignore_errors=True)
        stage_2 = "flow" if column == "flow" else "diffusion"
        options = {"data": asked.dataset, "out": model, "name": f"{row}-{column}"}
        export(run, prior, stage_2=stage_2, **options)
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
        folder = self.out / "judged"
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
            run = [f"{one['steps']}", f"{one['rate']:.2g}", f"{two['steps']}", f"{two['rate']:.2g}"]
            lines.append([cell["decoder"], cell["prior"], *run, *figures(values["synthetic"])])
            references = {role: values[role] for role in REFERENCES if role in values}
        for role, value in references.items():
            lines.append([REFERENCES[role], "", "", "", "", "", *figures(value)])
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


def learning_rate(run: Path, stage: str) -> float:
    """Return the highest learning rate of a run."""
    return float(read(run / "config.json")[f"{stage}_training"]["learning_rate"])


def log_of(run: Path) -> list[dict[str, Any]]:
    """Read the log of a run; empty where there is none."""
    return read_lines(run / "log.jsonl")


def read(path: Path) -> dict[str, Any]:
    """Read a JSON file; empty where there is none."""
    return json.loads(path.read_text()) if path.is_file() else {}


def write(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


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
    if asked.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before torch asks for it
    Factorial(asked).run()


if __name__ == "__main__":
    main()
