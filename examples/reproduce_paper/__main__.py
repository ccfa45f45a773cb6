"""The paper's Tables 1 and 2, and its loops as film strips, for whoever has BUSV and BUSI.

    python examples/reproduce_paper BUSV BUSI --out reproduction --plan
    python examples/reproduce_paper BUSV BUSI --out reproduction
    python examples/reproduce_paper --quick --out quick

BUSV is the folder with ``rawframes``, BUSI the one with ``benign`` and ``malignant``. Every step is
a ``sonoloop`` command and writes a folder; the same line again goes on where it was stopped.
``--quick`` is the line in minutes, to see that it works, on phantoms in both layouts where no
folders are given: its numbers mean nothing. Cost, and what differs from the paper:
docs/reproduce.md.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from phantom_folders import write_phantom_folders
from products import write_figures, write_tables
from steps import PAPER, QUICK, Step, costs, steps

from sonoloop.atomic_files import write_atomically
from sonoloop.data.datasets.busi import read_busi
from sonoloop.data.datasets.busv import read_busv
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.features.weights import WeightState, verify

NETS: Final = ("i3d-kinetics-400", "lpips-vgg")
"""What the presets of the paper and Table 1 need."""


def main(words: Sequence[str] | None = None) -> None:
    """Make everything, or say what would be made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("busv", type=Path, nargs="?", help="folder of BUSV, with rawframes/")
    parser.add_argument("busi", type=Path, nargs="?", help="folder of BUSI, with benign/")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--quick", action="store_true", help="minutes, to see that it works")
    parser.add_argument("--plan", action="store_true", help="print steps and cost, and stop")
    parser.add_argument("--dtfvd-weights", type=Path, help="your file of the net of DTFVD")
    asked = parser.parse_args(words)
    if (asked.busv is None) != (asked.busi is None) or not (asked.busv or asked.quick):
        parser.error("give the folders of BUSV and BUSI (none of them with --quick: phantoms)")
    out, scale = asked.out.resolve(), QUICK if asked.quick else PAPER
    busv, busi = asked.busv, asked.busi
    try:
        if busv is None:
            busv, busi = out / "phantoms" / "busv", out / "phantoms" / "busi"
            write_phantom_folders(out / "phantoms")
        planned = list(steps(busv.resolve(), busi.resolve(), out, scale, dtfvd=asked.dtfvd_weights))
        log = out / "steps.json"
        done = json.loads(log.read_text()) if log.is_file() else {}
        for line in costs(len(read_busv(busv).items), len(read_busi(busi).items), scale):
            print(line)
        print_plan(planned, done, out)
        if not asked.plan:
            if scale is PAPER:
                refuse_missing_nets()
            for step in planned:
                if step.name not in done:
                    run(step, done, log)
            write_tables(out)
            write_figures(out, busi)
            print(f"{out}: table1.md, table2.md, figure2.png, figure3.png, report.html")
    except SonoloopError as error:
        parser.exit(2 if isinstance(error, UsageError) else 1, f"{error}\n")


def print_plan(planned: Sequence[Step], done: dict[str, dict[str, object]], out: Path) -> None:
    """Say what is done and what is left.

    Raises:
        UsageError: If a step was done with other words.
    """
    for step in planned:
        before = done.get(step.name)
        if before and before["words"] != list(step.words):
            msg = f"{out}: '{step.name}' was done with other settings; choose another --out"
            raise UsageError(msg)
        state = f"done in {before['seconds']} s" if before else "to do"
        print(f"[{state}] {step.name}: sonoloop {' '.join(step.words)}")


def refuse_missing_nets() -> None:
    """Stop before anything starts if a later step would.

    Raises:
        UsageError: If nets have not been fetched.
    """
    missing = [name for name in NETS if verify(name) is not WeightState.READY]
    if missing:
        msg = f"{', '.join(missing)} must be there first: sonoloop weights fetch"
        raise UsageError(msg)


def run(step: Step, done: dict[str, dict[str, object]], log: Path) -> None:
    """Run a command that is not done, and write down that it is."""
    print(f"--- {step.name}", flush=True)
    began = time.monotonic()
    line = [sys.executable, "-m", "sonoloop", *step.words]
    status = subprocess.run(line, check=False).returncode  # noqa: S603 - words of steps.py
    if status and not (step.may_skip and status == 1 and step.product.exists()):
        raise SystemExit(status)
    done[step.name] = {"words": list(step.words), "seconds": round(time.monotonic() - began, 1)}
    write_atomically(log, (json.dumps(done, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
