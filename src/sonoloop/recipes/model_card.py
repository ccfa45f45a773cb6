"""The README.md of an exported model: what it was made of, and what it is not for."""

from dataclasses import dataclass
from typing import Final

from sonoloop.synthesis.config import ModelConfig

MILLION: Final = 1e6


@dataclass(frozen=True)
class TrainingFacts:
    """What the run folders and the dataset say.

    Args:
        num_videos: Training videos.
        num_groups: Groups (patients, merged with near-duplicates) they come from.
        labels: Training videos per label.
        hardware: Processor and GPUs of each stage's run.
        steps: Optimiser steps of each stage.
        minutes: Training time of each stage; None where the log does not say.
        parameters: Weights of each stage.
        software: Versions the model was trained with.
    """

    num_videos: int
    num_groups: int
    labels: dict[str, int]
    hardware: dict[str, str]
    steps: dict[str, int]
    minutes: dict[str, float | None]
    parameters: dict[str, int]
    software: str


def model_card(config: ModelConfig, facts: TrainingFacts) -> str:
    """Write the card.

    Args:
        config: Of the exported model.
        facts: Of its training.

    Returns:
        Markdown. Sources and licences of the data are for the person who exports to add.
    """
    labels = ", ".join(f"{label} {count}" for label, count in sorted(facts.labels.items()))
    stages = "\n".join(
        f"| {stage} | {facts.parameters[stage] / MILLION:.2f} M | {facts.steps[stage]:,} "
        f"| {_minutes(facts.minutes[stage])} | {facts.hardware[stage]} |"
        for stage in facts.parameters
    )
    clip, typicality = config.clip, config.typicality
    flagged = (
        f"It flags a still as atypical (or unusual) where it is farther from the "
        f"{typicality.num_stills} training stills than 99 % (95 %) of those are from the stills of "
        "other groups."
        if typicality
        else "It cannot tell stills that are unlike its training data."
    )
    return f"""# {config.name}

Turns one ultrasound still into a short cine loop of {clip.num_frames} frames at \
{config.frame_rate_hz:.2f} Hz. Trained on: {config.trained_on}. Made with sonoloop.\
{_control(config)}

## Data

{facts.num_videos} training videos of {facts.num_groups} groups (patients, merged with \
near-duplicates){f": {labels}" if labels else ""}. Sources and their licences: state them here \
before you pass the model on.

## Licence

{config.licence}. A model may not be passed on under terms its training data do not allow.

## Training

| stage | parameters | steps | minutes | hardware |
| --- | --- | --- | --- | --- |
{stages}

Clips of {clip.size}x{clip.size} pixels. Averaged (EMA) weights in half precision. \
{facts.software}. SHA-256 of the weights: `{config.weights_sha256}`.

## Intended use

Research: augmenting small sets of ultrasound videos, teaching, testing of software.

## Limits

- The motion is invented. It is plausible for the training data, not true of the patient: never \
use a loop for diagnosis, measurement or treatment.
- Organs, probes and presets that the training data lack are animated like those they have. \
{flagged}
- Few patients: loops may repeat motion of single training videos.
- Every mp4, gif and film strip carries its provenance and the word SYNTHETIC; keep both.
"""


def _control(config: ModelConfig) -> str:
    """Say what can be asked of the model besides the still."""
    if config.random_latents is not None:
        return (
            f" A control, not a model: every still gets the latent of one of "
            f"{config.random_latents.num_latents} training clips, chosen at random. It holds their "
            "motion: keep it to yourself."
        )
    if config.diffusion is None:
        return ""
    asked = []
    if config.diffusion.labels:
        asked.append(f"a label ({', '.join(config.diffusion.labels)})")
    if config.diffusion.motion:
        asked.append("a motion strength from 0 to 1")
    return f" It can be asked for {' and '.join(asked)}." if asked else ""


def _minutes(minutes: float | None) -> str:
    return "unknown" if minutes is None else f"{minutes:.1f}"
