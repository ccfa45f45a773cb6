"""A Ray cluster of two machines within this one, and a bucket on the loopback interface."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
import ray
from moto.server import ThreadedMotoServer
from ray._private import services
from ray.cluster_utils import Cluster

BUCKET = "bucket"
QUICK_TO_NOTICE = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 1000,
    "health_check_failure_threshold": 5,
}
"""A dead machine refuses at once and is noticed in seconds; a slow one keeps its 10 s to answer."""


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
def bucket() -> Iterator[str]:
    """Serve an empty bucket of Amazon's kind to this process and those it starts."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="anyone",
        AWS_SECRET_ACCESS_KEY="anything",  # noqa: S106 - nothing is secret here
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
    )
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    yield BUCKET
    server.stop()


@pytest.fixture(scope="session")
def _machines(bucket: str) -> Iterator[Machines]:
    del bucket  # it is served before machines start, or they would not know where
    os.environ.update(
        RAY_USAGE_STATS_ENABLED="0",
        RAY_AUTH_MODE="disabled",
        RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0",
        RAY_worker_register_timeout_seconds="300",
        RAY_agent_register_timeout_ms="300000",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "get_node", _patiently(services.get_node))
        cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 0,
                "include_dashboard": False,
                "object_store_memory": 100_000_000,
                "_system_config": QUICK_TO_NOTICE,
            },
        )
        yield Machines(cluster)
        ray.shutdown()
        cluster.shutdown()


def _patiently(look: Callable[..., Any]) -> Callable[..., Any]:
    """Give machines five minutes to start, where Ray gives 30 s: this one may be busy."""

    def look_again(*what: object) -> Any:  # noqa: ANN401 - Ray's description of a machine
        deadline = time.monotonic() + 300
        while True:
            try:
                return look(*what)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    return look_again


@pytest.fixture
def machines(_machines: Machines) -> Machines:
    """Have two machines with one CPU each, whatever the test before has killed."""
    while len(_machines.workers) < 2:
        _machines.add()
    return _machines
