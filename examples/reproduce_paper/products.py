"""Tables and figures out of the folders that the steps wrote."""

import csv
from pathlib import Path

import numpy as np
from steps import METHODS, NUM_SHOWN, SPLITS, shown_stills

from sonoloop.atomic_files import write_atomically
from sonoloop.data.datasets.busi import read_busi
from sonoloop.errors import SonoloopError
from sonoloop.report.paper_table import table_1, table_1_csv, table_1_markdown
from sonoloop.report.records import read_record
from sonoloop.report.strips_figure import Strip, strips_figure
from sonoloop.report.study_record import STUDY_FILE, StudyRecord
from sonoloop.report.study_table import PAPER_NOTE, paper_csv, paper_layout


def write_tables(out: Path) -> None:
    """Write Tables 1 and 2 as Markdown and CSV."""
    cells = table_1({name: read_record(out / "evaluation" / METHODS[name]) for name in METHODS})
    lines = ["# Table 1: quality of loops of held-out stills", "", *table_1_markdown(cells)]
    write_atomically(out / "table1.md", ("\n".join(lines) + "\n").encode())
    write_atomically(out / "table1.csv", table_1_csv(cells).encode())
    lines = ["# Table 2: classifiers", ""]
    rows: list[str] = []
    for split in SPLITS:
        record = StudyRecord.model_validate_json((out / f"study_{split}" / STUDY_FILE).read_bytes())
        lines += [f"## Divided by {split}", "", *(f"- {one}" for one in record.findings), ""]
        lines += [*paper_layout(record.results), ""]
        rows += paper_csv(record).splitlines()[bool(rows) :]
    write_atomically(out / "table2.md", ("\n".join([*lines, PAPER_NOTE]) + "\n").encode())
    write_atomically(out / "table2.csv", ("\n".join(rows) + "\n").encode())


def write_figures(out: Path, busi: Path) -> None:
    """Draw loops of held-out videos beside the true ones, and loops of BUSI stills."""
    with (out / "held_out" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    places = np.linspace(0, len(rows) - 1, NUM_SHOWN).round().astype(int).tolist()
    strips: list[Strip] = []
    for row in (rows[place] for place in dict.fromkeys(places)):
        clip = np.load(out / "held_out" / row["file"])
        strips.append(Strip(f"real\n{row['label']}", clip, begins=True))
        stem = Path(row["still"]).stem
        strips += [Strip(name, _loop(out / "loops" / METHODS[name], stem)) for name in METHODS]
    title = "Held-out videos, and loops of their first frames"
    write_atomically(out / "figure2.png", strips_figure(title, strips))
    strips = []
    for item in shown_stills(read_busi(busi).items):
        for name in METHODS:
            loop = _loop(out / "loops_busi" / METHODS[name], item.path.stem)
            begins = name == next(iter(METHODS))
            strips.append(Strip(f"{name}\n{item.label}", loop, begins=begins))
    title = "Loops of BUSI stills, which have no true video"
    write_atomically(out / "figure3.png", strips_figure(title, strips))


def _loop(folder: Path, stem: str) -> np.ndarray:
    """Read the first loop of a still."""
    with (folder / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if Path(row["source"]).stem == stem]
    if not rows:
        msg = f"{folder} has no loop of {stem}: it could not be used, see what synthesize said"
        raise SonoloopError(msg)
    loop: np.ndarray = np.load(folder / rows[0]["npy"])
    return loop
