"""What is imported when: help and settings never wait for torch."""

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "sonoloop"


def _module(path: Path) -> str:
    """Turn the path of a source file into its module name."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


COMMAND_LINE = sorted(_module(path) for path in (PACKAGE / "cli").glob("*.py"))
SETTINGS = sorted(_module(path) for path in PACKAGE.rglob("*config.py"))


@pytest.mark.parametrize(
    "modules",
    [["sonoloop"], COMMAND_LINE, SETTINGS],
    ids=["package", "command line", "settings"],
)
def test_light_modules_import_no_torch(modules: list[str]) -> None:
    """Importing the package, the command line or the settings leaves torch unloaded."""
    program = (
        "import sys\nfrom importlib import import_module\n"
        f"for name in {modules!r}:\n    import_module(name)\n"
        "heavy = {'torch', 'lightning_fabric', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {sorted(heavy)}' if heavy else 0)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
