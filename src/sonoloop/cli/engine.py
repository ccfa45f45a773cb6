"""Where a command's work runs: in this process, or on a Ray cluster."""

from typing import Literal

from sonoloop.errors import UsageError

EngineName = Literal["local", "ray"]


def require_ray(engine: EngineName, address: str | None) -> bool:
    """Tell whether Ray is asked for, and make sure that it is installed then.

    Args:
        engine: What was chosen.
        address: Of a cluster.

    Raises:
        UsageError: If Ray is missing, or an address was given for the local engine.
    """
    if engine == "local":
        if address is not None:
            msg = f"--address {address}: an address is for --engine ray"
            raise UsageError(msg)
        return False
    from importlib.util import find_spec  # noqa: PLC0415 - only a command that asks pays for it

    missing = [name for name in ("ray", "fsspec") if find_spec(name) is None]
    if missing:
        msg = (
            f"--engine ray needs {missing[0]}, which is not installed: "
            "pip install 'sonoloop[cluster]'"
        )
        raise UsageError(msg)
    return True
