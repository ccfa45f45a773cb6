"""A cluster is joined or started, quietly."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
from PIL import Image

from sonoloop.cluster import connection as module
from sonoloop.cluster.connection import Cluster, connected
from sonoloop.errors import SonoloopError, UsageError


def _node(*, alive: bool = True, **resources: float) -> dict[str, Any]:
    return {"Alive": alive, "Resources": resources}


def test_slots_are_what_fits_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads are not spread over machines; dead ones do not count; with GPUs each work has one."""
    nodes = [_node(CPU=8), _node(CPU=3), _node(), _node(alive=False, CPU=64)]
    monkeypatch.setattr(ray, "nodes", lambda: nodes)
    assert [Cluster(threads).slots for threads in (1, 2, 4, 16)] == [11, 5, 2, 0]
    assert Cluster(2).describe() == "Ray: 3 machines with 11 CPUs, 5 at once, 2 threads each"
    assert Cluster(2).resources["num_gpus"] == 0
    nodes.append(_node(CPU=32, GPU=4))
    assert (Cluster(2).device, Cluster(2).slots) == ("cuda", 4)
    assert Cluster(2).resources["num_gpus"] == 1
    assert "and 4 GPUs, 4 at once" in Cluster(2).describe()


def test_threads_that_fit_nowhere_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray would wait for ever; what was joined is left, and signals mean what they meant."""
    calls: list[str] = []

    def init(**_: object) -> None:
        calls.append("init")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as Ray does

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "shutdown", lambda: calls.append("shutdown"))
    monkeypatch.setattr(ray, "nodes", lambda: [_node(CPU=4)])
    monkeypatch.setattr(module, "_silence", lambda: None)
    former = signal.getsignal(signal.SIGTERM)
    with (
        pytest.raises(UsageError, match=r"--threads 8: the machines .* have at most 4 CPUs each"),
        connected("head:1", threads=8),
    ):
        pytest.fail("it began")
    assert calls == ["init", "shutdown"]
    assert signal.getsignal(signal.SIGTERM) == former
    with pytest.raises(UsageError, match="--threads 0: at least 1"), connected(None, threads=0):
        pytest.fail("it began")


def test_a_missing_cluster_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence with the address."""

    def init(**_: object) -> None:
        msg = "nobody is there\nand more lines"
        raise ConnectionError(msg)

    monkeypatch.setattr(ray, "init", init)
    with (
        pytest.raises(SonoloopError, match=r"no Ray cluster at head:1 \(nobody is there\)"),
        connected("head:1", threads=1),
    ):
        pytest.fail("it began")


def test_statistics_are_off_and_strangers_kept_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """While Ray starts; what the user has set stays."""
    seen: dict[str, str | None] = {}
    names = ("RAY_USAGE_STATS_ENABLED", "RAY_AUTH_TOKEN", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "mine")

    def init(**options: object) -> None:
        assert options["include_dashboard"] is False
        assert options["address"] == "local"
        seen.update({name: os.environ.get(name) for name in names})
        raise ConnectionError

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(SonoloopError, match="Ray does not start here"), connected(None, threads=1):
        pytest.fail("it began")
    assert seen == dict(zip(names, ("0", module.TOKEN, "mine"), strict=True))
    assert "RAY_AUTH_TOKEN" not in os.environ


@pytest.mark.slow
def test_ray_starts_by_itself_and_says_nothing(model_folder: Path, tmp_path: Path) -> None:
    """The command alone, with an empty home folder in which nothing is left."""
    still, out, home = tmp_path / "still.png", tmp_path / "loops", tmp_path / "home"
    pixels = np.random.default_rng(0).integers(1, 255, (40, 48), dtype=np.uint8)
    Image.fromarray(pixels).save(still)
    home.mkdir()
    words = ("synthesize", still, "--engine", "ray", "--out", out, "--model", model_folder)
    command = [sys.executable, "-m", "sonoloop", *map(str, words), "--formats", "npy"]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
        env={name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        | {"HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert lines[0].startswith("Ray: 1 machine with")
    assert lines[-1].startswith(f"1 loop written to {out}")
    assert len(lines) == 3
    assert len(list(out.glob("*.tar"))) == 1
    assert not (home / ".ray").exists()
