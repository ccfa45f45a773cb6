"""A Ray cluster of two machines within this one, and a bucket on the loopback interface."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
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
    """A head, which also works, and a machine that can be killed."""

    cluster: Any
    other: Any = None

    @property
    def address(self) -> str:
        """Where to join."""
        return str(self.cluster.address)

    def add(self) -> None:
        """Start the other machine if there is none."""
        if self.other is None:
            self.other = self.cluster.add_node(**_machine())

    def kill(self) -> None:
        """Kill it at once."""
        self.cluster.remove_node(self.other, allow_graceful=False)
        self.other = None


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
                **_machine(),
                "include_dashboard": False,
                "no_monitor": True,
                "_system_config": QUICK_TO_NOTICE,
            },
        )
        yield Machines(cluster)
        ray.shutdown()
        cluster.shutdown()


def _machine() -> dict[str, Any]:
    """Describe a small machine with its ports: one that must find them gives up after 15 s."""
    names = ("metrics_agent", "metrics_export", "dashboard_agent_listen", "runtime_env_agent")
    ports = {}
    with ExitStack() as stack:
        for name in names:
            taken = stack.enter_context(socket.socket())
            taken.bind(("127.0.0.1", 0))
            ports[f"{name}_port"] = taken.getsockname()[1]
    return {
        **ports,
        "num_cpus": 1,
        "object_store_memory": 100_000_000,
        "include_log_monitor": False,
    }


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
    _machines.add()
    return _machines
