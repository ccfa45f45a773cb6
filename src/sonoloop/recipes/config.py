"""Presets: every setting of the line from clips to trained models, in one validated object."""

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sonoloop.autoencoder.config import AutoencoderConfig, AutoencoderLossConfig, CriticConfig
from sonoloop.data.augmentation_config import AugmentationConfig
from sonoloop.data.config import ClipConfig
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.errors import UsageError
from sonoloop.flow.config import ConditionerConfig, FlowConfig
from sonoloop.training.config import TrainingConfig


class LatentCacheConfig(BaseModel):
    """How stage 2 gets its latents."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    encodings_per_video: int = Field(default=48, ge=1)
    """Randomly cut and augmented clips encoded per training video, once, before training."""

    batch_size: int = Field(default=16, ge=1)
    """Clips encoded at a time."""

    posterior: Literal["mean", "sample"] = "mean"
    """Train on the mean of a latent's posterior, or on a new sample of it at every step (the
    cINN)."""


class Preset(BaseModel):
    """Settings of both stages; the defaults are those of each part."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    clip: ClipConfig = ClipConfig()
    """What a clip is."""

    augmentation: AugmentationConfig = AugmentationConfig()
    """How training clips are varied."""

    autoencoder: AutoencoderConfig = AutoencoderConfig()
    """Stage 1; its size and number of frames are the clip's unless given."""

    autoencoder_losses: AutoencoderLossConfig = AutoencoderLossConfig()
    """What stage 1 minimises."""

    critics: CriticConfig = CriticConfig()
    """Critics of stage 1; each is there if its weight in autoencoder_losses is above 0."""

    autoencoder_training: TrainingConfig = TrainingConfig()
    """How stage 1 is trained."""

    latent_cache: LatentCacheConfig = LatentCacheConfig()
    """What stage 2 is trained on."""

    diffusion: DiffusionConfig = DiffusionConfig()
    """Stage 2."""

    diffusion_training: TrainingConfig = TrainingConfig()
    """How stage 2 is trained."""

    flow: FlowConfig = FlowConfig()
    """Stage 2 of the baseline."""

    flow_training: TrainingConfig = TrainingConfig()
    """How the flow is trained."""

    conditioner: ConditionerConfig = ConditionerConfig()
    """Image autoencoder that teaches the baseline's conditioner."""

    conditioner_training: TrainingConfig = TrainingConfig()
    """How it is trained."""

    control: bool = False
    """Whether stage 2 learns motion strength and the labels that the dataset has."""

    @model_validator(mode="before")
    @classmethod
    def _take_sizes_from_clip(cls, values: object) -> object:
        """Let the autoencoder have the clip's size and frames where it states none."""
        if not isinstance(values, Mapping):
            return values
        clip, autoencoder = values.get("clip", {}), values.get("autoencoder", {})
        if not isinstance(clip, Mapping) or not isinstance(autoencoder, Mapping):
            return values
        sizes = {name: clip[name] for name in ("size", "num_frames") if name in clip}
        return {**values, "autoencoder": {**sizes, **autoencoder}}

    @model_validator(mode="after")
    def _check_sizes(self) -> "Preset":
        """Refuse an autoencoder for other clips."""
        for name in ("size", "num_frames"):
            wanted, given = getattr(self.clip, name), getattr(self.autoencoder, name)
            if wanted != given:
                msg = f"clip.{name} is {wanted} but autoencoder.{name} is {given}: make them equal"
                raise ValueError(msg)
        return self


STAGE_1_SECTIONS = (
    "clip",
    "autoencoder",
    "autoencoder_losses",
    "critics",
    "autoencoder_training",
)
"""Sections that stage 2 takes from the run of stage 1."""


def preset_names() -> list[str]:
    """List the presets that ship with the package.

    Returns:
        Names without ".toml", in alphabetical order.
    """
    files = resources.files("sonoloop.presets").iterdir()
    return sorted(Path(file.name).stem for file in files if file.name.endswith(".toml"))


def load_preset(name: str, overrides: Mapping[str, object] | None = None) -> Preset:
    """Read a preset and change single settings.

    Args:
        name: One of :func:`preset_names`, or the path of a TOML file.
        overrides: New values by "section.key"; a string is read as TOML where it is valid TOML
            ("1e-4", "[1, 2]", "true"), else as it stands.

    Returns:
        The validated preset.

    Raises:
        UsageError: If there is no such preset, section or key (names the nearest right one), or
            a value is impossible.
    """
    path = Path(name)
    if name.endswith(".toml"):
        if not path.is_file():
            msg = f"there is no preset file {name}: check the path, or take one of {_known()}"
            raise UsageError(msg)
        text = path.read_text()
    elif name in preset_names():
        text = resources.files("sonoloop.presets").joinpath(f"{name}.toml").read_text()
    else:
        near = get_close_matches(name, preset_names(), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"take one of {_known()}"
        msg = f"there is no preset {name!r}: {hint} (a file of your own must end in .toml)"
        raise UsageError(msg)
    try:
        values: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{name}: not valid TOML ({error}): correct the file"
        raise UsageError(msg) from error
    for key, value in (overrides or {}).items():
        _set(values, key, _parse(value) if isinstance(value, str) else value)
    return parse_preset(values, source=name)


def parse_preset(values: Mapping[str, object], *, source: str) -> Preset:
    """Validate settings, from a preset or from a run's config.json.

    Args:
        values: Sections, as TOML or JSON give them.
        source: Where they come from, for the error.

    Returns:
        The preset.

    Raises:
        UsageError: If a key is unknown (names the nearest right one) or a value impossible.
    """
    known = dict(_known_keys(Preset))
    for key in _given_keys(values):
        if key not in known:
            near = get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"sections are {', '.join(_SECTIONS)}"
            msg = f"{source}: unknown setting {key}: {hint}"
            raise UsageError(msg)
    try:
        return Preset.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "settings"
        found = "" if isinstance(first["input"], Mapping) else f", got {first['input']!r}"
        msg = f"{source}: {place}: {first['msg'].removeprefix('Value error, ')}{found}"
        raise UsageError(msg) from error


_SECTIONS = tuple(Preset.model_fields)


def _known() -> str:
    return ", ".join(preset_names())


def _known_keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    """List sections and keys as "section" and "section.key"."""
    for name, field in model.model_fields.items():
        yield prefix + name, field
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _known_keys(kind, f"{prefix}{name}.")


def _given_keys(values: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield prefix + name
        if isinstance(value, Mapping):
            yield from _given_keys(value, f"{prefix}{name}.")


def _set(values: dict[str, object], key: str, value: object) -> None:
    """Put a value at "section.key"."""
    *sections, last = key.split(".")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            msg = f"{key}: {section} is not a section"
            raise UsageError(msg)
        values = inner
    values[last] = value


def _parse(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
