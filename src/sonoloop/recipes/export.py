"""Training runs and their data become one model folder."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from rich.console import Console
from safetensors.torch import load_file
from torch import Tensor, nn

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.errors import UsageError
from sonoloop.flow.config import FlowConfig
from sonoloop.recipes.model_card import TrainingFacts, model_card
from sonoloop.recipes.training_latents import encode_training_clips
from sonoloop.shapes import Frame
from sonoloop.synthesis.config import (
    ModelConfig,
    RandomLatentsConfig,
    Stage2,
    TypicalityConfig,
    playing_rate_hz,
)
from sonoloop.synthesis.native_size import HALF_RANGE
from sonoloop.synthesis.pretrained import load_weights, pack_weights, write_model
from sonoloop.synthesis.stages import build_stage_2
from sonoloop.synthesis.typicality import Typicality
from sonoloop.training.run_folder import TrainedRun, load_run

STILLS_PER_VIDEO: Final = 4
"""First frames of this many windows of a video stand for it in the typicality check."""
DEFAULT_LICENCE: Final = "CC-BY-NC-SA-4.0"

Stage = Literal["autoencoder"] | Stage2
STAGE_2_CONFIGS: Final[dict[Stage2, type[DiffusionConfig | FlowConfig]]] = {
    "diffusion": DiffusionConfig,
    "flow": FlowConfig,
}


def export(  # noqa: PLR0913 - the options of a command
    autoencoder_run: Path,
    stage_2_run: Path | None,
    *,
    stage_2: Stage2 = "diffusion",
    data: Path | None,
    out: Path,
    name: str,
    trained_on: str | None = None,
    licence: str = DEFAULT_LICENCE,
    console: Console | None = None,
) -> ModelConfig:
    """Join the averaged weights of both stages into a model folder.

    Args:
        autoencoder_run: Run folder of stage 1.
        stage_2_run: Run folder of stage 2, trained on that stage 1; None for the control: latents
            of the training clips, chosen at random.
        stage_2: Which stage 2 that is.
        data: The dataset or pack both were trained on, for the typicality check, the card and the
            control; None takes the path in the config of stage 1's run.
        out: Where the model folder goes.
        name: What manifests and provenance call the model.
        trained_on: What the training data show, in a few words; None names the dataset.
        licence: SPDX identifier of the licence of the weights.
        console: Where to report; None takes the terminal.

    Returns:
        The model's config.

    Raises:
        UsageError: If a run is not of its stage, the runs do not fit together or the dataset
            cannot be used.
    """
    console = console or Console()
    folders: dict[Stage, Path] = {"autoencoder": autoencoder_run}
    if stage_2_run is not None:
        folders[stage_2] = stage_2_run
    runs = {stage: _load(folder, stage) for stage, folder in folders.items()}
    clip = ClipConfig.model_validate(_section(runs, "autoencoder", "clip"))
    autoencoder_config = AutoencoderConfig.model_validate(
        _section(runs, "autoencoder", "autoencoder")
    )
    autoencoder = VideoAutoencoder(autoencoder_config)
    weights = {"autoencoder": _fitting_weights(autoencoder, runs, "autoencoder")}
    settings: DiffusionConfig | FlowConfig | None = None
    if stage_2_run is not None:
        _check_stage_1_of(folders, runs, stage_2)
        settings = STAGE_2_CONFIGS[stage_2].model_validate(_section(runs, stage_2, stage_2))
        sampler = build_stage_2(settings, autoencoder.latent_shape)
        weights[stage_2] = _fitting_weights(sampler, runs, stage_2)
    dataset = data or Path(str(_section(runs, "autoencoder", "data")))
    if not dataset.exists():
        where = "" if data else f" (where {autoencoder_run} found it)"
        msg = f"{dataset}{where}: there is no dataset; put it back, or name it with --data"
        raise UsageError(msg)
    videos = ClipSet.open(dataset, "train", clip)
    typicality, typicality_config = fit_typicality(videos)
    control: RandomLatentsConfig | None = None
    if stage_2_run is None:
        console.print("encoding training clips", highlight=False)
        latents = encode_training_clips(autoencoder.eval(), videos)
        weights["random_latents"] = {"latents": latents}
        control = RandomLatentsConfig(num_latents=len(latents))
    packed = pack_weights(weights, typicality.tensors())
    config = ModelConfig(
        name=name,
        trained_on=trained_on or f"the dataset {dataset.name.removesuffix('.pack')}",
        licence=licence,
        clip=clip,
        autoencoder=autoencoder_config,
        diffusion=settings if isinstance(settings, DiffusionConfig) else None,
        flow=settings if isinstance(settings, FlowConfig) else None,
        random_latents=control,
        latent_shape=autoencoder.latent_shape,
        frame_rate_hz=playing_rate_hz(clip),
        weights_sha256=hashlib.sha256(packed).hexdigest(),
        typicality=typicality_config,
    )
    facts = _facts(folders, runs, weights, videos)
    write_model(out, config, packed, model_card(config, facts))
    megabytes = len(packed) / 1e6
    parameters = sum(facts.parameters.values()) / 1e6
    console.print(
        f"model '{name}' written to {out}: {parameters:.2f} M parameters, {megabytes:.1f} MB; "
        "complete the section Data of its README.md before you pass it on",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    return config


def _load(path: Path, stage: Stage) -> TrainedRun:
    run = load_run(path)
    found = run.config.get("stage")
    if found != stage:
        msg = f"{path} is a run of {found!r}, not of {stage!r}: give the run of stage 1, then 2"
        raise UsageError(msg)
    return run


def _check_stage_1_of(
    folders: dict[Stage, Path], runs: dict[Stage, TrainedRun], stage_2: Stage2
) -> None:
    """Refuse a stage 2 that was trained on another stage 1."""
    used = _section(runs, stage_2, "autoencoder_weights_sha256")
    found = hashlib.sha256(runs["autoencoder"].ema_path.read_bytes()).hexdigest()
    if used != found:
        msg = (
            f"{folders[stage_2]} was trained on other stage 1 weights than "
            f"{folders['autoencoder']} holds ({str(used)[:12]} and {found[:12]}): give its own "
            "run, or train stage 2 again"
        )
        raise UsageError(msg)


def _section(runs: dict[Stage, TrainedRun], stage: Stage, section: str) -> object:
    """Return one section of a run's config."""
    try:
        return runs[stage].config[section]
    except KeyError as error:
        msg = f"the config.json of the {stage} run has no section {section!r}: is it complete?"
        raise UsageError(msg) from error


def _fitting_weights(
    module: nn.Module, runs: dict[Stage, TrainedRun], stage: Stage
) -> dict[str, Tensor]:
    """Read a run's averaged weights and check that they fit the config beside them."""
    path = runs[stage].ema_path
    weights = load_file(path)
    load_weights(module, weights, part=stage, folder=path.parent)  # into the module, too
    return weights


def first_stills(videos: ClipSet) -> tuple[Frame, list[str]]:
    """Take first frames of windows spread over each video, for the typicality check.

    Args:
        videos: Training videos.

    Returns:
        Stills in [-1, 1], and the group of each.
    """
    stills, groups = [], []
    for item, group in enumerate(videos.group_ids):
        count = min(STILLS_PER_VIDEO, max(1, videos.num_windows(item)))
        rng = np.random.default_rng([0, item])
        clips = [videos.clip(item), *(videos.random_clip(item, rng) for _ in range(count - 1))]
        stills += [clip[0] for clip in clips]
        groups += [group] * count
    return torch.from_numpy(np.stack(stills))[:, None].float() / HALF_RANGE - 1, groups


def fit_typicality(videos: ClipSet) -> tuple[Typicality, TypicalityConfig]:
    """Learn what the training stills look like.

    Args:
        videos: Training videos.

    Returns:
        The check, and what the model's config says of it.

    Raises:
        UsageError: If the videos are of fewer than 2 groups.
    """
    frames, groups = first_stills(videos)
    typicality = Typicality.fit(frames, groups)
    config = TypicalityConfig(
        threshold=typicality.threshold,
        unusual_threshold=typicality.unusual_threshold,
        num_stills=len(frames),
        num_groups=len(set(groups)),
    )
    return typicality, config


def _facts(
    folders: dict[Stage, Path],
    runs: dict[Stage, TrainedRun],
    weights: Mapping[str, dict[str, Tensor]],
    videos: ClipSet,
) -> TrainingFacts:
    environments = {stage: _read_environment(folder) for stage, folder in folders.items()}
    ends = {stage: _last_logged(folder) for stage, folder in folders.items()}
    versions = environments["autoencoder"]
    return TrainingFacts(
        num_videos=len(videos),
        num_groups=len(set(videos.group_ids)),
        labels=dict(Counter(label for label in videos.labels if label is not None)),
        hardware={stage: _hardware(environments[stage]) for stage in runs},
        steps={stage: int(ends[stage].get("step", 0)) for stage in runs},
        minutes={
            stage: ends[stage]["seconds"] / 60 if "seconds" in ends[stage] else None
            for stage in runs
        },
        parameters={stage: _count(weights[stage]) for stage in runs},
        software=f"sonoloop {versions.get('sonoloop')}, torch {versions.get('torch')}",
    )


def _count(weights: dict[str, Tensor]) -> int:
    return sum(tensor.numel() for tensor in weights.values())


def _read_environment(folder: Path) -> dict[str, object]:
    try:
        content: dict[str, object] = json.loads((folder / "environment.json").read_text())
    except (OSError, ValueError):
        return {}
    return content


def _hardware(environment: dict[str, object]) -> str:
    gpus = environment.get("gpus")
    if isinstance(gpus, list) and gpus:
        return ", ".join(str(gpu) for gpu in gpus)
    return f"{environment.get('cpu', 'unknown')}, {environment.get('cpu_count', '?')} CPU cores"


def _last_logged(folder: Path) -> dict[str, float]:
    """Return step and seconds of the last line of the log that has both."""
    found: dict[str, float] = {}
    try:
        lines = (folder / "log.jsonl").read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if "seconds" in entry and "step" in entry:
            found = {"step": float(entry["step"]), "seconds": float(entry["seconds"])}
    return found
