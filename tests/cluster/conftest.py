"""A Ray cluster of two machines in this computer, and the tiny study that runs on it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

FAST_HEALTH_CHECKS = {
    "health_check_initial_delay_ms": 500,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 3,
}
"""A dead machine is noticed in seconds."""


@dataclass
class Machines:
    """A head that only keeps the books, and machines that can be killed."""

    cluster: Any
    workers: list[Any] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where to join."""
        return str(self.cluster.address)

    def add(self) -> None:
        """Start a machine with one CPU."""
        self.workers.append(self.cluster.add_node(num_cpus=1, object_store_memory=100_000_000))

    def kill(self, node_id: str) -> None:
        """Kill a machine at once."""
        (node,) = [one for one in self.workers if one.node_id == node_id]
        self.workers.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)


@pytest.fixture(scope="session")
def _machines() -> Iterator[Machines]:
    os.environ.update(
        RAY_USAGE_STATS_ENABLED="0", RAY_AUTH_MODE="disabled", RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0"
    )  # fmt: skip
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0,
            "include_dashboard": False,
            "object_store_memory": 100_000_000,
            "_system_config": FAST_HEALTH_CHECKS,
        },
    )
    machines = Machines(cluster)
    yield machines
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def machines(_machines: Machines) -> Machines:
    """Have two machines with one CPU each, whatever the test before has killed."""
    while len(_machines.workers) < 2:
        _machines.add()
    return _machines
