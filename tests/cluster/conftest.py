"""A Ray cluster of two machines within this one, and a bucket on the loopback interface."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import boto3
import pytest
import ray
from moto.server import ThreadedMotoServer
from ray._private import services
from ray.cluster_utils import Cluster
from ray.exceptions import WorkerCrashedError

from sonoloop.cluster import connection

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
            self.other = _in_some_try(lambda: self.cluster.add_node(**_machine()))

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
        cluster = _in_some_try(
            lambda: Cluster(
                initialize_head=True,
                head_node_args={
                    **_machine(),
                    "include_dashboard": False,
                    "no_monitor": True,
                    "_system_config": QUICK_TO_NOTICE,
                },
            )
        )
        yield Machines(cluster)
        ray.shutdown()
        cluster.shutdown()


def _in_some_try(start: Callable[[], Any]) -> Any:  # noqa: ANN401 - of Ray
    """Start a machine: on a busy one Ray gives up after 15 s, for which it has no setting."""
    for _ in range(5):
        try:
            return start()
        except Exception as error:  # noqa: BLE001 - Ray raises this very class
            failed = error
    raise failed


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
    """Give machines a little longer to start than Ray does: this one may be busy."""

    def look_again(*what: object) -> Any:  # noqa: ANN401 - Ray's description of a machine
        deadline = time.monotonic() + 45
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


class Reference(NamedTuple):
    """What Ray gives for something it keeps."""

    number: int

    def hex(self) -> str:
        """Name it."""
        return f"{self.number:x}"


class RayHere:
    """Does in this process what Ray does on others: everything travels as bytes.

    Args:
        losses: How many pieces of work are lost with their worker, the first ones.
    """

    def __init__(self, losses: int) -> None:
        """Keep nothing."""
        self.losses = losses
        self._kept: list[bytes | Exception] = []

    def put(self, value: object) -> Reference:
        """Keep something."""
        self._kept.append(ray.cloudpickle.dumps(value))
        return Reference(len(self._kept) - 1)

    def get(self, reference: Reference) -> object:
        """Give a copy of what is kept, or raise what the work ended with."""
        kept = self._kept[reference.number]
        if isinstance(kept, Exception):
            raise kept
        return ray.cloudpickle.loads(kept)

    def remote(self, **resources: object) -> Callable[..., Any]:
        """Prepare a function for work elsewhere."""
        assert resources["max_retries"] == 0
        return lambda function: SimpleNamespace(remote=partial(self._do, function))

    def wait(
        self, references: list[Reference], *, num_returns: int, timeout: float
    ) -> tuple[list[Reference], list[Reference]]:
        """Let the oldest work end."""
        del timeout
        return references[:num_returns], references[num_returns:]

    def _do(self, function: Callable[..., object], *arguments: object) -> Reference:
        if self.losses:
            self.losses -= 1
            self._kept.append(WorkerCrashedError())
            return Reference(len(self._kept) - 1)
        given = ray.cloudpickle.loads(ray.cloudpickle.dumps(arguments))
        there = [self.get(one) if isinstance(one, Reference) else one for one in given]
        return self.put(function(*there))


@pytest.fixture
def ray_here(monkeypatch: pytest.MonkeyPatch) -> RayHere:
    """Put the stand-in in the place of Ray; the first piece of work is lost."""
    here = RayHere(losses=1)
    for name in ("put", "get", "remote", "wait"):
        monkeypatch.setattr(ray, name, getattr(here, name))
    monkeypatch.setattr(ray, "init", lambda **_: None)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.setattr(ray, "nodes", lambda: [{"Alive": True, "Resources": {"CPU": 2.0}}])
    monkeypatch.setattr(connection, "_silence", lambda: None)
    return here
