"""A study on two machines, one of them killed: the same as in one process."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import ray
from rich.console import Console

from sonoloop.checksums import SUMS_FILE
from sonoloop.cluster.study_engine import RayEngine
from sonoloop.data.splits import write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.recipes.study import probe
from sonoloop.recipes.study.cells import SCORES_FILE
from sonoloop.recipes.study.engine import Engine, LocalEngine
from sonoloop.recipes.study.options import StudyOptions
from sonoloop.recipes.study.study import study

from ..change_net import ChangeNet

SIZE = 64
OPTIONS = StudyOptions(
    arms="b,i", folds=2, run_folds=2, seeds=1, epochs=1, width=4, size=32, windows=1,
    samples=1, batch_size=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 32 videos of 16 patients: blocks that rest or wander."""
    folder = tmp_path_factory.mktemp("study") / "dataset"
    folder.mkdir()
    labels = [("rests", "moves")[number % 2] for number in range(32)]
    with StoreWriter(folder / "store", size=SIZE) as writer:
        for number, label in enumerate(labels):
            rng = np.random.default_rng([3, number])
            blocks = rng.integers(20, 236, (16, 16), dtype=np.uint8)
            picture = np.kron(blocks, np.ones((4, 4), np.uint8))
            steps = 3 * (label == "moves") * np.arange(16)
            frames = np.stack([np.roll(picture, step, 1) for step in steps])
            entry = Entry(f"v{number}", label, f"p{number // 2}", "video")
            writer.add(entry, frames, np.arange(16) * 0.12)
    ids = [f"v{number}" for number in range(32)]
    table = pl.DataFrame({"item_id": ids, "label": labels, "kind": ["video"] * 32})
    table.write_parquet(folder / "index.parquet")
    write_split(folder / "split.json", dict.fromkeys(ids, "train"), ratios=(1.0, 0.0, 0.0), seed=0)
    return folder


def _makers(marks: Path | None) -> Any:  # noqa: ANN401 - made in a function, so it travels whole
    """Stand in for generators; on Ray each says where it is, and waits until one is killed."""

    def move(starts: Any, labels: Any, samples: Any, *, seed: int) -> Any:  # noqa: ANN401
        del seed
        steps = [
            3 * (label == "moves") + sample for label, sample in zip(labels, samples, strict=True)
        ]
        return np.stack(
            [
                np.stack([np.roll(still, step * frame, 1) for frame in range(16)])
                for still, step in zip(starts, steps, strict=True)
            ]
        )

    def give_back(starts: Any, labels: Any, samples: Any, *, seed: int) -> Any:  # noqa: ANN401
        del labels, samples, seed
        return starts

    def make(
        dataset: Path,
        folder: Path,
        wanted: Collection[str],
        options: StudyOptions,
        console: Console,
    ) -> dict[str, Any]:
        del dataset, options, console
        if marks is not None:
            here = ray.get_runtime_context().get_node_id()
            with (marks / folder.name).open("a") as file:
                file.write(here + "\n")
            while not (marks / "killed").exists():
                time.sleep(0.1)
        (folder / "steps.json").write_text("{}")
        return {name: give_back if name == "decoder" else move for name in wanted}

    return make


def _cells(study_folder: Path) -> dict[str, dict[str, object]]:
    """Read what every cell found but for its time."""
    found = {}
    for folder in sorted(study_folder.glob("cells/*")):
        assert {path.name for path in folder.iterdir()} == {SCORES_FILE, SUMS_FILE}
        cell = json.loads((folder / SCORES_FILE).read_text())
        del cell["seconds"]
        found[folder.name] = cell
    return found


def _run(dataset: Path, out: Path, engine: Engine, marks: Path | None, console: Console) -> None:
    study(
        dataset, out, OPTIONS, label="label", console=console, makers=_makers(marks), engine=engine
    )


def _check_same(local: Path, there: Path) -> None:
    """Compare all that a study leaves, but for times."""
    cells = _cells(local)
    assert len(cells) == 4
    assert _cells(there) == cells
    for pattern in ("generators/*/clips/*", "study.csv"):
        paths = list(local.glob(pattern))
        assert paths
        for path in paths:
            assert (there / path.relative_to(local)).read_bytes() == path.read_bytes()
    assert not list(there.rglob(".*"))


@pytest.mark.usefixtures("ray_here")
def test_results_are_those_of_one_process(dataset: Path, tmp_path: Path) -> None:
    """Everything travels as bytes, the first training is lost; nothing is left of either.

    Then the local engine finds all done, and an arm can be added on Ray.
    """
    text = StringIO()
    _run(dataset, tmp_path / "ray", RayEngine(), None, Console(file=text, width=200))
    _run(dataset, tmp_path / "local", LocalEngine(threads=1), None, Console(quiet=True))
    said = text.getvalue()
    assert "Ray: 1 machine with 2 CPUs, 2 at once, 1 thread each" in said
    assert "r3d18-ratio0.5-b-fold0-seed0 was lost with its worker: started again" in said
    assert said.index("-b-fold1") < said.index("fold0-ratio0.5: generators")
    _check_same(tmp_path / "local", tmp_path / "ray")
    more = replace(OPTIONS, arms="b,i,i-only,k-decoded")
    for engine, name in ((RayEngine(), "ray"), (LocalEngine(threads=1), "local")):
        study(
            dataset, tmp_path / name, more, label="label", console=Console(quiet=True),
            makers=_makers(None), engine=engine,
        )  # fmt: skip
    cells = _cells(tmp_path / "ray")
    assert len(cells) == 8
    assert cells == _cells(tmp_path / "local")


@pytest.mark.usefixtures("ray_here")
def test_machines_tell_one_another_what_probes_measured(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where pieces of work follow one another, no clip is looked at twice; scores are the same."""
    one = {"Alive": True, "Resources": {"CPU": 1.0}}
    monkeypatch.setattr(ray, "nodes", lambda: [one])
    options = replace(OPTIONS, models="i3d-probe", size=None)
    seen = {}
    for name, engine in (("ray", RayEngine()), ("local", LocalEngine(threads=1))):
        net = ChangeNet()
        monkeypatch.setattr(probe.I3dKinetics400, "from_weights", lambda _net=net, **_: _net)
        study(
            dataset, tmp_path / name, options, label="label", console=Console(quiet=True),
            makers=_makers(None), engine=engine,
        )  # fmt: skip
        seen[name] = net.seen
    for looked_at in seen.values():
        clips = [clip for clip in looked_at if any(clip)]  # the plan measures a black one
        assert len(clips) == len(set(clips)) == 32
    assert _cells(tmp_path / "ray") == _cells(tmp_path / "local")
    assert list((tmp_path / "ray" / "features").rglob("*.npz"))


@pytest.mark.slow
def test_a_killed_machine_changes_nothing(
    dataset: Path,
    tmp_path: Path,
    machines: Any,  # noqa: ANN401 - of conftest.py
) -> None:
    """Its work is done again on the other; scores, clips and tables have the bytes of one process.

    Both are caught training a generator, so that there is something to lose for certain.
    """
    marks = tmp_path / "marks"
    marks.mkdir()

    def places() -> list[str]:
        return [line for path in marks.glob("fold*") for line in path.read_text().split()]

    def kill_one_of_both() -> None:
        deadline = time.monotonic() + 300
        while len(set(places())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        machines.kill()
        (marks / "killed").touch()

    killer = threading.Thread(target=kill_one_of_both)
    killer.start()
    text = StringIO()
    console = Console(file=text, width=200)
    _run(dataset, tmp_path / "ray", RayEngine(machines.address), marks, console)
    killer.join()
    _run(dataset, tmp_path / "local", LocalEngine(threads=1), None, Console(quiet=True))

    said = text.getvalue()
    assert "Ray: 2 machines with 2 CPUs, 2 at once, 1 thread each" in said
    assert "was lost with its worker: started again" in said
    assert (len(places()), len(set(places()))) == (3, 2)
    _check_same(tmp_path / "local", tmp_path / "ray")


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done(dataset: Path, tmp_path: Path) -> None:
    """On a Ray that the command starts; it ends with it. The local engine goes on from there."""
    out = tmp_path / "study"
    words = (
        *("--data", dataset, "--out", out, "--arms", "b,d,k", "--folds", 2, "--seeds", 4),
        *("--epochs", 1, "--width", 4, "--size", 32, "--windows", 1, "--batch-size", 8),
        *("--undecidable", "go-on"),  # so small a study never decides
    )
    command = [sys.executable, "-m", "sonoloop", "study", *map(str, words), "--threads", "1"]
    environment = {name: value for name, value in os.environ.items() if name[:4] != "RAY_"}
    with subprocess.Popen(
        [*command, "--engine", "ray"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line.startswith("1/24 "):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
        assert process.wait(300) == 130, rest
        assert process.stderr.read() == "sonoloop: interrupted\n"
    done = _cells(out)
    assert 1 <= len(done) < 24
    subprocess.run(command, check=True, capture_output=True, env=environment)
    cells = _cells(out)
    assert len(cells) == 24
    assert cells | done == cells
