"""``sonoloop completion``: the shell completes commands, options and their values."""

import sys
from typing import Literal


def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print a script that makes a shell complete commands, options and their values.

    The script is complete in itself: pressing the tab key starts no Python. Write it again after
    an update.

    Args:
        shell: Whose script.
    """
    from sonoloop.cli.completion_script import described_commands, script  # noqa: PLC0415

    sys.stdout.write(script(shell, described_commands()))
