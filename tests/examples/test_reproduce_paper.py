"""The paper's tables from folders in the layouts of BUSV and BUSI."""

import csv
import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sonoloop.data.layouts import read_catalog

EXAMPLE = Path(__file__).parents[2] / "examples" / "reproduce_paper"


Start = Callable[..., tuple[int, str]]


@pytest.fixture
def start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Start:
    """Run the example in this process, without nets; give its status and what it says."""
    monkeypatch.setenv("SONOLOOP_WEIGHTS_DIR", str(tmp_path))

    def run(*words: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *map(str, words)])
        status = 0
        try:
            runpy.run_path(str(EXAMPLE), run_name="__main__")
        except SystemExit as stop:
            status = int(stop.code or 0)
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_plan_says_what_is_done_and_what_is_left(start: Start, tmp_path: Path) -> None:
    """On phantoms in both layouts; the paper's sizes, a step that is done, one done otherwise."""
    status, said = start("--quick", "--plan", "--out", tmp_path / "q")
    assert status == 0
    assert said.startswith("24 videos and 24 stills")
    folders = [tmp_path / "q" / "phantoms" / name for name in ("busv", "busi")]
    for folder, layout in zip(folders, ("busv", "busi"), strict=True):
        catalog = read_catalog([folder])
        assert catalog.layout == layout
        assert [item.label for item in catalog.items].count("benign") == 12
    out = tmp_path / "paper"
    plan = start(*folders, "--plan", "--out", out)[1].splitlines()
    # 17 training videos: 100 epochs in batches of 7, 50 in batches of 16 (presets/paper.toml)
    assert "lddm autoencoder: 243 steps of 7" in plan
    assert "lddm diffusion: 54 steps of 16" in plan
    # 2 divisions x 5 folds x 3 ratios; x 4 classifiers x 2 seeds x (6 + 10) arms / 2
    assert any("30 sets (stage 1, LDDM, cINN)" in line for line in plan)
    assert any("classifiers: 1920 trainings of 50 epochs" in line for line in plan)
    steps = [line for line in plan if line.startswith("[to do]")]
    assert "--split video" in steps[-3]
    assert "--arms a,b,c,d,e,g,h-only,h,i-only,i" in steps[-2]
    assert not out.exists()
    words = steps[0].partition("sonoloop ")[2].split()
    out.mkdir()
    for given, sentence in ((words, "[done in 7 s] prepare videos"), ([], "other settings")):
        done = {"prepare videos": {"words": given, "seconds": 7}}
        (out / "steps.json").write_text(json.dumps(done))
        status, said = start(*folders, "--plan", "--out", out)
        assert sentence in said
    assert status == 2


def test_nothing_starts_without_folders_or_nets(start: Start, tmp_path: Path) -> None:
    """One sentence each, and status 2."""
    status, said = start("--out", tmp_path / "o")
    assert (status, "give the folders of BUSV and BUSI" in said) == (2, True)
    (tmp_path / "rawframes" / "benign" / "x01").mkdir(parents=True)
    status, said = start(tmp_path, tmp_path, "--out", tmp_path / "o")
    assert (status, "not the BUSI layout" in said) == (2, True)
    (tmp_path / "benign").mkdir()
    Image.new("L", (9, 9)).save(tmp_path / "benign" / "benign (1).png")
    status, said = start(tmp_path, tmp_path, "--out", tmp_path / "o")
    assert status == 2
    assert "i3d-kinetics-400, lpips-vgg must be there first: sonoloop weights fetch" in said
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
def test_whole_line_writes_tables_figures_and_page(start: Start, tmp_path: Path) -> None:
    """In small; the second call has nothing left to do."""
    out = tmp_path / "quick"
    assert start("--quick", "--out", out)[0] == 0
    rows = list(csv.DictReader((out / "table1.csv").read_text().splitlines()))
    assert {(row["metric"], row["method"], row["paper"]) for row in rows} >= {
        ("fvd", "LDDM", "53.82"), ("fvd", "cINN", "58.98"),
    }  # fmt: skip
    rows = list(csv.DictReader((out / "table2.csv").read_text().splitlines()))
    assert {row["split"] for row in rows} == {"video", "patient"}
    assert {row["trained_on"] for row in rows} >= {"real", "real + cINN", "real + LDDM"}
    assert "LEAKS" in (out / "table2.md").read_text()
    for name in ("figure2.png", "figure3.png"):
        with Image.open(out / name) as figure:
            assert figure.width > 800
    page = (out / "report.html").read_text()
    assert page.count("Does synthetic video help?") >= 2
    stamp = (out / "study_video" / "study.json").stat().st_mtime_ns
    status, said = start("--quick", "--out", out)
    assert (status, "--- " in said) == (0, False)
    assert (out / "study_video" / "study.json").stat().st_mtime_ns == stamp
