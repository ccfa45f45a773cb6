"""A Ray cluster to work on: one that is there, or one of our own on this machine.

Ray is told to send no usage statistics, to open no dashboard and to print nothing. What starts on
this machine takes work only from whoever holds a token that is drawn for the run.
"""

import logging
import os
import secrets
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import ray
from ray._private import worker as ray_worker

from sonoloop.errors import SonoloopError, UsageError
from sonoloop.report.words import counted

SETTINGS: Final[Mapping[str, str]] = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing leaves the machine
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # and no warning about it
    "RAY_agent_register_timeout_ms": "300000",  # of a busy machine; Ray gives up after seconds
}
TOKEN: Final = secrets.token_hex(32)
"""Of clusters that this process starts. Ray asks for one by default and would keep it in the home
folder, for all to read."""


@dataclass(frozen=True)
class Cluster:
    """Where work can go.

    Args:
        threads: CPU threads, and so CPUs, of each piece of work.
    """

    threads: int

    @property
    def device(self) -> str:
        """Where networks compute, the same for all pieces: a GPU if any machine has one."""
        return _device(_nodes())

    @property
    def slots(self) -> int:
        """Pieces of work that can run at once now; machines may come and go."""
        nodes = _nodes()
        kind = _device(nodes)
        return sum(self._fitting(node, kind) for node in nodes)

    @property
    def resources(self) -> dict[str, Any]:
        """What one piece of work takes, as Ray calls it."""
        return {
            "num_cpus": self.threads,
            "num_gpus": int(self.device == "cuda"),
            "max_retries": 0,  # whoever hands work out starts it again, and says so
        }

    def describe(self) -> str:
        """Say how large it is."""
        nodes = _nodes()
        cpus = sum(int(_count(node, "CPU")) for node in nodes)
        gpus = sum(int(_count(node, "GPU")) for node in nodes)
        also = f" and {counted(gpus, 'GPU')}" if gpus else ""
        return (
            f"Ray: {counted(len(nodes), 'machine')} with {counted(cpus, 'CPU')}{also}, "
            f"{self.slots} at once, {counted(self.threads, 'thread')} each"
        )

    def _fitting(self, node: Mapping[str, Any], device: str) -> int:
        fitting = int(_count(node, "CPU") // self.threads)
        return min(fitting, int(_count(node, "GPU"))) if device == "cuda" else fitting


@contextmanager
def connected(address: str | None, *, threads: int) -> Iterator[Cluster]:
    """Join a cluster for the time of a block; work that still runs at its end is stopped.

    Args:
        address: Of the head, such as "10.0.0.1:6379"; None starts Ray on this machine.
        threads: CPU threads of each piece of work.

    Raises:
        UsageError: If threads are fewer than 1, or no machine has so many CPUs.
        SonoloopError: If there is no cluster at the address.
    """
    if threads < 1:
        msg = f"--threads {threads}: at least 1 is needed"
        raise UsageError(msg)
    with _environment(_variables(address)), _signals_kept():
        try:
            ray.init(
                address=address or "local",
                num_cpus=None if address else _cores(),
                include_dashboard=None if address else False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            where = f"no Ray cluster at {address}" if address else "Ray does not start here"
            reason = str(error).strip().split("\n")[0]
            msg = f"--engine ray: {where} ({reason}): see docs/scaling.md"
            raise SonoloopError(msg) from error
    _silence()
    try:
        cluster = Cluster(threads)
        if not cluster.slots:
            most = max((int(_count(node, "CPU")) for node in _nodes()), default=0)
            msg = f"--threads {threads}: the machines of the cluster have at most {most} CPUs each"
            raise UsageError(msg)
        yield cluster
    finally:
        ray.shutdown()


def _variables(address: str | None) -> dict[str, str]:
    """Choose Ray's settings; those that are set already stay."""
    wanted = {**SETTINGS, **({} if address else {"RAY_AUTH_TOKEN": TOKEN})}
    return {name: value for name, value in wanted.items() if name not in os.environ}


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables while Ray starts; its processes inherit them."""
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            os.environ.pop(name, None)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Let SIGTERM mean what it meant: Ray takes it over and exits without a word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _silence() -> None:
    """Keep Ray from printing the logs of dead machines; what was lost is told in a sentence."""
    ray_worker.print_to_stdstream = lambda *_, **__: None


def _cores() -> int | None:
    """Count the cores that this process may use, rather than those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _nodes() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]


def _device(nodes: Sequence[Mapping[str, Any]]) -> str:
    return "cuda" if any(_count(node, "GPU") for node in nodes) else "cpu"


def _count(node: Mapping[str, Any], kind: str) -> float:
    return float(node["Resources"].get(kind, 0))
