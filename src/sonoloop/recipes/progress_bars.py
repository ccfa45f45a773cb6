"""One progress bar for each thing that is measured."""

from collections.abc import Callable

from rich.progress import Progress

Advance = Callable[[int], None]
"""Called with the number of clips done."""


class ProgressBars:
    """Bars below one another.

    Args:
        progress: Where they are drawn.
    """

    def __init__(self, progress: Progress) -> None:
        """Begin without any."""
        self._progress = progress

    def start(self, name: str, count: int) -> Advance:
        """Add a bar.

        Args:
            name: Of what is measured.
            count: How much of it there is.

        Returns:
            What to call with the number done.
        """
        task = self._progress.add_task(name, total=count)
        return lambda done: self._progress.advance(task, done)
