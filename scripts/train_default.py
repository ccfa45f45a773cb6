"""Both stages of a preset and the model they make: python scripts/train_default.py DATA OUT.

What scripts/train_default.sh runs. Needs no command line library and nothing that reads videos:
with a pack (sonoloop data pack) torch, lightning-fabric, numpy, safetensors, pillow, pydantic,
einops, jaxtyping, rich and scipy are enough. Exit status as that of sonoloop: 0 also where the time
given was over before the model was written; run it again then.
"""

import argparse
import sys
from pathlib import Path

from sonoloop.errors import SonoloopError
from sonoloop.recipes.config import load_preset
from sonoloop.recipes.train_both import train_both
from sonoloop.training.interruption import exit_status


def main() -> int:
    """Parse the options and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="dataset folder or pack")
    parser.add_argument("out", type=Path, help="folder for both runs and the model")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--max-seconds", type=float)
    parser.add_argument("--set", nargs="+", default=[], metavar="SECTION.KEY=VALUE")
    asked = parser.parse_args()
    overrides = dict(setting.split("=", 1) for setting in asked.set)
    try:
        preset = load_preset(asked.preset, overrides)
        stopped_by = train_both(asked.data, preset, asked.out, max_seconds=asked.max_seconds)
    except SonoloopError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    return exit_status(stopped_by)


if __name__ == "__main__":
    sys.exit(main())
