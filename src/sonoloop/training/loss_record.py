"""Losses between two lines of the log: collected on the device, read in one transfer."""

from collections.abc import Mapping, Sequence
from math import isfinite

import torch
from torch import Tensor

from sonoloop.errors import SonoloopError


class LossRecord:
    """Named losses of the steps since the last line of the log.

    Args:
        rows: Losses of earlier steps, as :meth:`rows` gave them before a restart.
    """

    def __init__(self, rows: Sequence[Mapping[str, float]] = ()) -> None:
        """Start with the rows given."""
        self._rows: list[Mapping[str, float]] = [dict(row) for row in rows]
        self._pending: list[tuple[int, list[str], Tensor]] = []

    def add(self, step: int, losses: Mapping[str, Tensor]) -> None:
        """Collect the losses of one step without waiting for the device.

        Args:
            step: The step, to be named if a loss is not finite.
            losses: One number per name.
        """
        values = torch.stack([value.detach().float().reshape(()) for value in losses.values()])
        self._pending.append((step, list(losses), values))

    def rows(self) -> list[Mapping[str, float]]:
        """Read the losses of every step collected.

        Returns:
            One mapping per step.

        Raises:
            SonoloopError: If a loss is not finite; names the first such step and its losses.
        """
        if self._pending:
            table = torch.cat([values for _, _, values in self._pending]).tolist()
            for step, names, _ in self._pending:
                row, table = dict(zip(names, table, strict=False)), table[len(names) :]
                refuse_non_finite(step, row)
                self._rows.append(row)
            self._pending.clear()
        return self._rows

    def means(self) -> dict[str, float]:
        """Average the collected losses and start anew.

        Returns:
            Mean of every loss over the steps that had it.

        Raises:
            SonoloopError: If a loss is not finite.
        """
        columns: dict[str, list[float]] = {}
        for row in self.rows():
            for name, value in row.items():
                columns.setdefault(name, []).append(value)
        self._rows = []
        return {name: sum(values) / len(values) for name, values in columns.items()}


def refuse_non_finite(step: int, row: Mapping[str, float]) -> None:
    """Stop a training whose losses are not numbers any more.

    Args:
        step: The step, to be named.
        row: Its losses.

    Raises:
        SonoloopError: Naming the step and every loss that is not finite.
    """
    bad = [f"{name} = {value}" for name, value in row.items() if not isfinite(value)]
    if bad:
        msg = (
            f"step {step}: {', '.join(bad)}, so training stopped and the last checkpoint stays: "
            "lower the learning_rate or gradient_clip, or set precision to 32-true, "
            "then start again or go on with --resume"
        )
        raise SonoloopError(msg)
