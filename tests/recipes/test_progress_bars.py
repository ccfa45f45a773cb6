"""Progress bars."""

import io

from rich.console import Console
from rich.progress import Progress

from sonoloop.recipes.progress_bars import ProgressBars


def test_every_bar_counts_its_own() -> None:
    """Two bars advance apart."""
    progress = Progress(console=Console(file=io.StringIO()))
    bars = ProgressBars(progress)
    first, second = bars.start("stills", 10), bars.start("videos", 4)
    first(3)
    first(4)
    second(4)
    assert [(task.description, task.completed, task.total) for task in progress.tasks] == [
        ("stills", 7, 10),
        ("videos", 4, 4),
    ]
