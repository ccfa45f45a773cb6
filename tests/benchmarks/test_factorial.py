"""Decoders times priors on phantoms, in small."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sonoloop.data.phantom_files import write_phantoms
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.recipes.prepare import prepare

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "factorial.py"


@pytest.mark.slow
def test_every_cell_is_trained_judged_and_not_done_twice(tmp_path: Path) -> None:
    """All rows and columns end in the table; a second call adds what is missing only."""
    write_phantoms(tmp_path / "phantoms", count=10, size=64, seed=0)
    options = PrepareOptions(size=64, split="0.6,0.4,0", workers=1)
    prepare([tmp_path / "phantoms"], tmp_path / "data", options, console=Console(quiet=True))
    out = tmp_path / "out"
    command = [sys.executable, *map(str, (SCRIPT, tmp_path / "data", "--out", out))]
    command += ["--device", "cpu"]
    command += ["--minutes-per-cell", "0.05", "--trials", "2", "--preset", "tiny"]
    command += ["--set", "latent_cache.encodings_per_video=1", "autoencoder_training.batch_size=2"]
    command += ["--width-scale", "0.0625", "--metrics", "ssim,motion", "--samples", "1"]
    subprocess.run([*command, "--rows", "warp"], check=True)
    first = (out / "warp" / "flow" / "cell.json").stat().st_mtime_ns
    subprocess.run(command, check=True)
    assert (out / "warp" / "flow" / "cell.json").stat().st_mtime_ns == first
    with (out / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    cells = [(row["decoder"], row["prior"]) for row in rows if row["prior"]]
    priors = ("random", "flow", "diffusion")
    assert cells == [(d, p) for d in ("warp", "adain", "cinn") for p in priors]
    assert "the still repeated" in [row["decoder"] for row in rows]
    for row in rows:
        assert float(row["n"]) == 4
        assert row["decoder"] == "the still repeated" or float(row["energy"]) > 0
        assert not row["prior"] or (float(row["prior steps"]) > 0) == (row["prior"] != "random")
    searched = json.loads((out / "cinn" / "flow" / "search.json").read_text())
    assert [trial["rate"] for trial in searched["trials"]] == [1.0, 0.3]
    assert (out / "table.md").read_text().count("\n") == len(rows) + 2
    refused = subprocess.run([*command, "--seed", "1"], check=False, capture_output=True, text=True)
    assert "was made with seed = 0, now it is 1" in refused.stderr
