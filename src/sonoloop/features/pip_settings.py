"""Where pip is told to look for packages: its environment variables and configuration files.

Read here rather than asked of pip, which need not be installed beside the package; only its own
default index is asked for, of whatever pip there is.
Source: https://pip.pypa.io/en/stable/topics/configuration/
"""

import configparser
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from sonoloop.errors import UsageError

DEFAULT_INDEX_QUESTION: Final = (
    "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
)
_KEYS: Final = ("index-url", "extra-index-url", "no-index", "cert", "proxy", "timeout")


@dataclass(frozen=True)
class PipSettings:
    """What matters for finding and downloading a file.

    Attributes:
        indexes: Addresses of package indexes in the order of asking; none if pip is told to use
            none.
        certificates: File of certificate authorities, or None for the system's.
        proxy: Address of a proxy, or None for what the environment says.
        timeout_s: Seconds to wait for a server.
    """

    indexes: tuple[str, ...]
    certificates: Path | None
    proxy: str | None
    timeout_s: float


def read_pip_settings(environment: Mapping[str, str] = os.environ) -> PipSettings:
    """Read pip's settings as pip does: files from global to local, then the environment.

    Args:
        environment: Environment variables.

    Raises:
        UsageError: If a file or the timeout cannot be understood.
    """
    found: dict[str, str] = {}
    for path in _config_files(environment):
        found |= _read_file(path)
    for key in _KEYS:
        value = environment.get(f"PIP_{key.replace('-', '_').upper()}")
        if value:
            found[key] = value
    no_index = found.get("no-index", "").strip().lower() in {"1", "true", "yes", "on", "y", "t"}
    try:
        timeout_s = float(found.get("timeout", "15"))
    except ValueError as error:
        msg = f"pip's timeout is {found['timeout']!r}: give it seconds"
        raise UsageError(msg) from error
    own = [] if no_index else [found.get("index-url") or default_index()]
    urls = [url for url in own if url] + found.get("extra-index-url", "").split()
    return PipSettings(
        indexes=() if no_index else tuple(url.strip().rstrip("/") for url in urls),
        certificates=Path(found["cert"]).expanduser() if found.get("cert") else None,
        proxy=found.get("proxy") or None,
        timeout_s=timeout_s,
    )


@cache
def default_index() -> str | None:
    """Ask pip where it looks when nothing is configured.

    Returns:
        None where neither this Python nor the one its environment was made from has a pip.
    """
    name = "python.exe" if sys.platform == "win32" else "bin/python3"
    for python in (sys.executable, str(Path(sys.base_prefix) / name)):
        question = [python, "-c", DEFAULT_INDEX_QUESTION]
        try:
            answer = subprocess.run(question, capture_output=True, text=True, check=False)  # noqa: S603 - Python itself
        except OSError:
            continue
        if answer.returncode == 0:
            return answer.stdout.strip()
    return None


def _read_file(path: Path) -> dict[str, str]:
    """Read the sections that hold for every command and for downloads."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        msg = f"{path} is no configuration file of pip: {str(error).splitlines()[0]}"
        raise UsageError(msg) from error
    found: dict[str, str] = {}
    for section in ("global", "download"):
        if parser.has_section(section):
            options = {key.replace("_", "-"): value for key, value in parser.items(section)}
            found |= {key: options[key] for key in _KEYS if options.get(key)}
    return found


def _config_files(environment: Mapping[str, str]) -> list[Path]:
    """List the places of pip's configuration files, the last one counting most."""
    own = environment.get("PIP_CONFIG_FILE")
    if own == os.devnull:
        return []
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    home = Path.home()
    if sys.platform == "win32":
        shared = [Path(environment.get("PROGRAMDATA", "C:/ProgramData")) / "pip"]
        personal = [home / "pip", Path(environment.get("APPDATA", home)) / "pip"]
    else:
        directories = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
        shared = [Path(place) / "pip" for place in reversed(directories.split(":"))] + [
            Path("/etc")
        ]
        config_home = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
        personal = [home / ".pip", config_home / "pip"]
        if sys.platform == "darwin":
            shared = [Path("/Library/Application Support/pip")]
            personal.append(home / "Library" / "Application Support" / "pip")
    places = [folder / name for folder in (*shared, *personal, Path(sys.prefix))]
    return places + ([Path(own)] if own else [])
