"""A training's folder, as far as a page shows it: settings, machine, losses, sample strips."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from sonoloop.errors import UsageError
from sonoloop.report.media import Media, read_files
from sonoloop.training.log import read_lines

CONFIG_FILE: Final = "config.json"
_LOG_FILE: Final = "log.jsonl"


class LogLine(BaseModel):
    """One line of a training's log: training losses, validation losses, or both."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: int
    losses: dict[str, float] = {}
    validation: dict[str, float] = {}
    learning_rate: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class TrainingRun:
    """What the page shows of a training.

    Args:
        name: Name of its folder.
        stage: What was trained.
        config: Its settings.
        environment: What it ran on; empty where that is unknown.
        log: In the order of the steps.
        strips: The first and the last sample strip, by the names of their files.
    """

    name: str
    stage: str
    config: Mapping[str, object]
    environment: Mapping[str, object]
    log: tuple[LogLine, ...]
    strips: Mapping[str, Media]

    @classmethod
    def read(cls, folder: Path) -> "TrainingRun":
        """Read the folder of a training, finished or not.

        Args:
            folder: The --out of ``sonoloop train``.

        Raises:
            UsageError: If the folder holds no training run, or a damaged one.
        """
        config = _read_mapping(folder / CONFIG_FILE)
        stage = config.get("stage")
        if not isinstance(stage, str):
            msg = (
                f"{folder / CONFIG_FILE} is not that of a training (it names no stage): give the "
                "--out of 'sonoloop evaluate' or 'sonoloop train'"
            )
            raise UsageError(msg)
        environment = folder / "environment.json"
        pictures = sorted(path.name for path in (folder / "samples").glob("*.png"))
        ends = dict.fromkeys((*pictures[:1], *pictures[-1:]))
        return cls(
            name=folder.resolve().name,
            stage=stage,
            config=config,
            environment=_read_mapping(environment) if environment.is_file() else {},
            log=_read_log(folder / _LOG_FILE),
            strips=read_files(folder / "samples", ends),
        )

    def curves(self, kind: str) -> dict[str, list[tuple[int, float]]]:
        """Gather what was logged, by the name of the loss.

        Args:
            kind: ``losses`` or ``validation``.

        Returns:
            Steps with their values.
        """
        found: dict[str, list[tuple[int, float]]] = {}
        for line in self.log:
            for name, value in (line.losses if kind == "losses" else line.validation).items():
                found.setdefault(name, []).append((line.step, value))
        return found


def _read_mapping(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        msg = f"cannot read {path} ({error.strerror}): check its folder"
        raise UsageError(msg) from error
    except ValueError as error:
        msg = f"{path} is not valid JSON ({error}): restore it or leave this run out"
        raise UsageError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path} holds no settings: restore it or leave this run out"
        raise UsageError(msg)
    return content


def _read_log(path: Path) -> tuple[LogLine, ...]:
    try:
        return tuple(LogLine.model_validate(line) for line in read_lines(path))
    except (ValidationError, ValueError) as error:
        reason = str(error).splitlines()[0]
        msg = f"{path} is damaged ({reason}): remove the damaged line or leave this run out"
        raise UsageError(msg) from error
    except OSError as error:
        msg = f"cannot read {path} ({error.strerror}): check its permissions"
        raise UsageError(msg) from error
