"""Options of ``sonoloop study``; read without torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeVar, get_args

from sonoloop.errors import UsageError

Choice = TypeVar("Choice")
ModelName = Literal["r3d18", "c3d", "tsm", "tdn", "atmnet", "i3d-probe"]
"""Networks that are trained, and a logistic regression on the features of a frozen one."""

SourceName = Literal[
    "real", "stills", "warped", "random", "cinn", "lddm", "lddm-any", "true", "decoded"
]
"""What the second part of an arm's training clips is made of."""

EXTRA: Final[Mapping[str, SourceName | None]] = MappingProxyType(
    {
        "a": None,
        "b": None,
        "c": "real",
        "d": "stills",
        "e": "warped",
        "f": "stills",
        "g": "random",
        "h": "cinn",
        "i": "lddm",
        "i-any": "lddm-any",
        "j": "lddm",
        "k": "true",
        "k-decoded": "decoded",
        "h-only": "cinn",
        "i-only": "lddm",
        "b-asked": None,
        "origin": "lddm",
    }
)
"""Arm -> what it has besides the real clips; ``-only`` arms have nothing else."""

MORE_ARMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "i-any": "b + LDDM not told the class",
        "k-decoded": "b + the true videos, encoded and decoded",
        "h-only": "cINN alone",
        "i-only": "LDDM alone",
    }
)
"""Arms besides those the rule of the verdict knows."""

PROBES: Final = frozenset({"b-asked", "origin"})
"""Arms that measure whether labels leak, and are compared with none: (b) asked about held-out
stills under every class, and a classifier that tells real from synthetic clips."""

ASKED: Final = frozenset({"b-asked", "i-only", "origin"})
"""Arms whose classifiers are shown held-out stills that LDDM moved under every class."""

REQUESTS: Final = "requests"
"""The clips of these stills."""

DECODED: Final = "decoded"
"""True videos of still-only patients after stage 1: what a perfect stage 2 could give at most."""

OF_TRUE_VIDEOS: Final = frozenset({"k", "k-decoded"})
"""Arms that need the videos of still-only patients."""

GENERATOR_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "random": "random",
        "cinn": "cinn",
        "lddm": "lddm",
        "lddm-any": "lddm",
        REQUESTS: "lddm",
        DECODED: "decoder",
    }
)
"""Source -> the trained model that makes its clips."""


@dataclass(frozen=True)
class StudyOptions:
    """Which trainings a study consists of, and how each is made.

    Args:
        models: Classifiers, with commas: r3d18 (small), c3d, tsm, tdn, atmnet; i3d-probe trains in
            seconds, a logistic regression on the features of a frozen net.
        ratios: Shares of the training patients that give videos, with commas; of the others only
            first frames are used.
        arms: Letters of the arms, with commas; see docs/study.md.
        folds: Parts into which patients are divided; each is held out in its turn.
        run_folds: Only so many of the folds; by default all.
        seeds: Trainings of every classifier, from seed 0 on.
        shares: Synthetic clips for one real clip, with commas; the best on validation counts.
        width: Channels of r3d18's first stage; 16 trains on a CPU.
        size: Height and width of what classifiers see, in pixels; by default as published, at most
            the dataset's.
        windows: Most clips of one video; the probabilities of a video are their mean.
        samples: Synthetic clips of one still, where all classes have equally many stills.
        initial_weights: Weights that networks start from, NAME=PATH with commas, as for "classify
            train --init"; trained on none of these patients. By default random weights.
        epochs: Passes over the videos of all training patients; every arm gets as many steps.
        batch_size: Clips per step.
        balance: Synthetic clips equal in number per class, or "fill" to make up, as the paper
            does, for what a class lacks; classifiers may then learn "synthetic = rare class".
        undecidable: "stop" trains no further arms at a ratio where, with all folds of (b) and (k)
            trained, the true videos gain less than 14 points or may gain nothing; "go-on" does.
        split: Divide by patient, or by video as the paper does, which leaks.
        generator_preset: Settings of the generators; a preset or a TOML file.
        generator_minutes: Time for training a generator, both stages; by default the preset's
            steps.
        generator_init: Model to start generators from, which must not know the held-out patients;
            by default random weights.
        seed: Of folds, generators and synthesis.
    """

    models: str = "r3d18"
    ratios: str = "0.5"
    arms: str = "a,b,d,g,i,k"
    folds: int = 5
    run_folds: int | None = None
    seeds: int = 2
    shares: str = "1"
    width: int = 16
    size: int | None = None
    windows: int = 4
    samples: int = 4
    initial_weights: str | None = None
    epochs: int = 20
    batch_size: int = 16
    balance: Literal["equal", "fill"] = "equal"
    undecidable: Literal["stop", "go-on"] = "stop"
    split: Literal["patient", "video"] = "patient"
    generator_preset: str = "laptop"
    generator_minutes: float | None = None
    generator_init: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers that are no study.

        Raises:
            UsageError: Naming the option.
        """
        counts = ("seeds", "windows", "samples", "epochs", "batch_size")
        for name, least in (*((name, 1) for name in counts), ("folds", 2), ("seed", 0)):
            if (value := getattr(self, name)) < least:
                msg = f"--{name.replace('_', '-')} {value}: at least {least} is needed"
                raise UsageError(msg)
        if self.run_folds is not None and not 1 <= self.run_folds <= self.folds:
            msg = f"--run-folds {self.run_folds}: choose 1 to {self.folds} of the {self.folds}"
            raise UsageError(msg)
        if self.generator_minutes is not None and self.generator_minutes <= 0:
            msg = f"--generator-minutes {self.generator_minutes:g}: must be above 0"
            raise UsageError(msg)
        _ = self.model_names, self.ratio_values, self.share_values, self.arm_names()
        _ = self.weight_files

    @property
    def model_names(self) -> tuple[ModelName, ...]:
        """Classifiers asked for."""
        names: tuple[ModelName, ...] = get_args(ModelName)
        by_name = {str(name): name for name in names}
        return _each(self.models, "--models", lambda word: by_name[word], tuple(by_name))

    @property
    def weight_files(self) -> Mapping[ModelName, Path]:
        """Files or runs that networks start from; the others start from random weights."""
        if self.initial_weights is None:
            return {}
        networks = tuple(name for name in get_args(ModelName) if name != "i3d-probe")

        def named(word: str) -> tuple[ModelName, Path]:
            name, equals, file = word.partition("=")
            if not equals or not file:
                raise ValueError
            return networks[networks.index(name)], Path(file)

        wanted = tuple(f"{name}=PATH" for name in networks)
        return dict(_each(self.initial_weights, "--initial-weights", named, wanted))

    @property
    def ratio_values(self) -> tuple[float, ...]:
        """Shares of the training patients that give videos, the largest first."""
        values = _each(self.ratios, "--ratios", float)
        _refuse_outside(values, "--ratios", 1.0)
        return tuple(sorted(values, reverse=True))

    @property
    def share_values(self) -> tuple[float, ...]:
        """Synthetic clips for one real clip."""
        values = _each(self.shares, "--shares", float)
        _refuse_outside(values, "--shares", 100.0)
        return values

    def arm_names(self, sources: Sequence[str] = ()) -> tuple[str, ...]:
        """Arms asked for, and one for each source of clips from elsewhere.

        Args:
            sources: Names of these.
        """
        known = tuple(EXTRA)
        asked = _each(self.arms, "--arms", lambda word: known[known.index(word)], known)
        if "b" not in asked:
            msg = f"--arms {self.arms}: b is needed, gains are counted from it"
            raise UsageError(msg)
        return (*asked, *sources)

    @property
    def fold_numbers(self) -> range:
        """Folds that are run."""
        return range(self.run_folds or self.folds)


def _each(
    text: str, option: str, read: Callable[[str], Choice], known: Sequence[str] = ()
) -> tuple[Choice, ...]:
    """Read words with commas between, each once."""
    words = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    values = []
    for word in words:
        try:
            values.append(read(word))
        except (ValueError, KeyError):
            wanted = f"one of {', '.join(known)}" if known else "a number"
            msg = f"{option} {text}: {word!r} is not {wanted}"
            raise UsageError(msg) from None
    if not values:
        msg = f"{option}: give at least one"
        raise UsageError(msg)
    return tuple(values)


def _refuse_outside(values: Sequence[float], option: str, most: float) -> None:
    for value in values:
        if not 0 < value <= most or (most == 1.0 and value == most):
            msg = f"{option}: {value:g} must lie above 0 and below {most:g}"
            raise UsageError(msg)
