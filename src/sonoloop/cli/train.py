"""``sonoloop train``: the two stages, and what the baseline needs besides."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from sonoloop.cli.repeatable import Repeatable, flat
from sonoloop.errors import UsageError
from sonoloop.training.interruption import exit_status

Settings = Annotated[Repeatable[str], arg(name="set", metavar="SECTION.KEY=VALUE ...")]


def autoencoder(
    *,
    data: Path,
    out: Path,
    preset: str = "default",
    init: str | None = None,
    max_seconds: float | None = None,
    resume: bool = False,
    settings: Settings = (),
    dry_run: bool = False,
) -> int:
    """Train stage 1: clip -> latent dynamics -> clip, given its first frame.

    Args:
        data: Dataset folder written by "sonoloop data prepare", or file of "sonoloop data pack".
        out: Run folder to write: config, log, checkpoints, sample strips.
        preset: Name of a preset (cinn, default, laptop, paper, tiny) or path of a TOML file.
        init: Start from the weights of a run folder, perhaps of another size, of its
            handover.safetensors, of an exported model or of a bundled one: --init default
            fine-tunes what is installed.
        max_seconds: Stop with a checkpoint after this many seconds.
        resume: Go on with the run that --out holds.
        settings: Single settings, each as section.key=value.
        dry_run: Print the resolved settings and stop.

    Returns:
        Exit status: 0, 130 after Ctrl-C or 143 after SIGTERM, both with a checkpoint.
    """
    from sonoloop.recipes.config import load_preset  # noqa: PLC0415 (--help stays fast)

    resolved = load_preset(preset, _parse_overrides(settings))
    if dry_run:
        _print(resolved.model_dump_json(indent=2))
        return 0
    from sonoloop.recipes.train_autoencoder import train_autoencoder  # noqa: PLC0415

    outcome = train_autoencoder(
        data, resolved, out, init=init, resume=resume, max_seconds=max_seconds
    )
    return exit_status(outcome.stopped_by)


def diffusion(
    *,
    data: Path,
    autoencoder: Path,
    out: Path,
    preset: str = "default",
    init: str | None = None,
    control: bool = False,
    max_seconds: float | None = None,
    resume: bool = False,
    settings: Settings = (),
    dry_run: bool = False,
) -> int:
    """Train stage 2: first frame + noise -> latent dynamics.

    Args:
        data: Dataset folder or pack that stage 1 was trained on.
        autoencoder: Run folder of stage 1, whose clip and autoencoder settings are taken.
        out: Run folder to write: config, log, checkpoints, sample strips.
        preset: Name of a preset (cinn, default, laptop, paper, tiny) or path of a TOML file.
        init: Start from the weights of a run folder, of its handover.safetensors, of an exported
            model or of a bundled one.
        control: Learn the dataset's labels and how much clips move, so that "sonoloop synthesize"
            takes --label and --motion.
        max_seconds: Stop with a checkpoint after this many seconds.
        resume: Go on with the run that --out holds.
        settings: Single settings, each as section.key=value.
        dry_run: Print the resolved settings and stop.

    Returns:
        Exit status: 0, 130 after Ctrl-C or 143 after SIGTERM, both with a checkpoint.
    """
    from sonoloop.recipes.config import load_preset  # noqa: PLC0415

    overrides = _stage_2_overrides(settings)
    resolved = load_preset(preset, overrides | ({"control": True} if control else {}))
    if dry_run:
        _print(resolved.model_dump_json(indent=2))
        return 0
    from sonoloop.recipes.train_diffusion import train_diffusion  # noqa: PLC0415

    outcome = train_diffusion(
        data, autoencoder, resolved, out, init=init, resume=resume, max_seconds=max_seconds
    )
    return exit_status(outcome.stopped_by)


def conditioner(
    *,
    data: Path,
    out: Path,
    preset: str = "cinn",
    max_seconds: float | None = None,
    resume: bool = False,
    settings: Settings = (),
    dry_run: bool = False,
) -> int:
    """Train what tells the baseline (cINN) of the first frame: an image autoencoder's ResNet-50.

    Args:
        data: Dataset folder that both stages are trained on.
        out: Run folder to write, for "sonoloop train flow --conditioner".
        preset: Name of a preset (cinn, default, laptop, paper, tiny) or path of a TOML file.
        max_seconds: Stop with a checkpoint after this many seconds.
        resume: Go on with the run that --out holds.
        settings: Single settings, each as section.key=value.
        dry_run: Print the resolved settings and stop.

    Returns:
        Exit status: 0, 130 after Ctrl-C or 143 after SIGTERM, both with a checkpoint.
    """
    from sonoloop.recipes.config import load_preset  # noqa: PLC0415

    resolved = load_preset(preset, _parse_overrides(settings))
    if dry_run:
        _print(resolved.model_dump_json(indent=2))
        return 0
    from sonoloop.recipes.train_conditioner import train_conditioner  # noqa: PLC0415

    outcome = train_conditioner(data, resolved, out, resume=resume, max_seconds=max_seconds)
    return exit_status(outcome.stopped_by)


def flow(
    *,
    data: Path,
    autoencoder: Path,
    out: Path,
    conditioner: Path | None = None,
    preset: str = "default",
    init: str | None = None,
    max_seconds: float | None = None,
    resume: bool = False,
    settings: Settings = (),
    dry_run: bool = False,
) -> int:
    """Train stage 2 of the baseline (cINN): an invertible map between latents and noise.

    Args:
        data: Dataset folder or pack that stage 1 was trained on.
        autoencoder: Run folder of stage 1, whose clip and autoencoder settings are taken.
        out: Run folder to write: config, log, checkpoints, sample strips.
        conditioner: Run folder of "sonoloop train conditioner", where the preset (cinn) wants one.
        preset: Name of a preset (default, cinn, tiny) or path of a TOML file.
        init: Start from the weights of a run folder, of its handover.safetensors or of an exported
            model.
        max_seconds: Stop with a checkpoint after this many seconds.
        resume: Go on with the run that --out holds.
        settings: Single settings, each as section.key=value.
        dry_run: Print the resolved settings and stop.

    Returns:
        Exit status: 0, 130 after Ctrl-C or 143 after SIGTERM, both with a checkpoint.
    """
    from sonoloop.recipes.config import load_preset  # noqa: PLC0415

    resolved = load_preset(preset, _stage_2_overrides(settings))
    if dry_run:
        _print(resolved.model_dump_json(indent=2))
        return 0
    from sonoloop.recipes.train_flow import train_flow  # noqa: PLC0415

    outcome = train_flow(
        *(data, autoencoder, resolved, out),
        conditioner=conditioner,
        init=init,
        resume=resume,
        max_seconds=max_seconds,
    )
    return exit_status(outcome.stopped_by)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _stage_2_overrides(settings: tuple[tuple[str, ...], ...]) -> dict[str, object]:
    """Parse settings and refuse those that the run of stage 1 decides."""
    from sonoloop.recipes.config import STAGE_1_SECTIONS  # noqa: PLC0415

    overrides = _parse_overrides(settings)
    for key in overrides:
        if key.split(".")[0] in STAGE_1_SECTIONS:
            msg = f"--set {key}: the run of stage 1 decides this; set it in 'train autoencoder'"
            raise UsageError(msg)
    return overrides


def _parse_overrides(settings: tuple[tuple[str, ...], ...]) -> dict[str, object]:
    overrides: dict[str, object] = {}
    for setting in flat(settings):
        key, equals, value = setting.partition("=")
        if not equals or not key:
            msg = f"--set {setting}: write section.key=value, such as clip.size=64"
            raise UsageError(msg)
        overrides[key.strip()] = value.strip()
    return overrides
