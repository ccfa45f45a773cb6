"""What is run, in which order, and how much there is to train."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from sonoloop.data.catalog import CatalogItem
from sonoloop.data.datasets.busi import read_busi
from sonoloop.recipes.config import load_preset
from sonoloop.report.study_record import STUDY_FILE

METHODS: Final = {"cINN": "cinn", "LDDM": "lddm"}
"""What tables call each method -> its folders."""

SPLITS: Final = ("video", "patient")
NUM_SHOWN: Final = 3
"""Stills of each figure."""
TRAINING_SHARE: Final = 0.7
"""Of the videos, for the models of Table 1."""
FOLD_SHARE: Final = 0.8 * 0.85
"""Of the videos, that are neither held out nor validation in one of five folds."""


@dataclass(frozen=True)
class Scale:
    """How large everything is.

    Args:
        size: Of frames, in pixels.
        presets: Settings of each method; "study" are those of the study's generators.
        settings: Single settings of each training.
        samples: Loops of each still of Table 1; DIV needs several.
        metrics: What is measured; "" for all whose nets are there.
        study: Options of both studies.
        arms: Arms of each study, by how it divides.
    """

    size: int
    presets: dict[str, str]
    settings: dict[str, tuple[str, ...]]
    samples: int
    metrics: str
    study: tuple[str, ...]
    arms: dict[str, str]


PAPER: Final = Scale(
    size=128,
    presets={"lddm": "paper", "cinn": "cinn", "study": "paper"},
    settings={},
    samples=5,
    metrics="",
    study=(
        *("--models", "c3d,tsm,tdn,atmnet", "--ratios", "0.7,0.5,0.3", "--folds", "5"),
        *("--seeds", "2", "--epochs", "50", "--samples", "1", "--balance", "fill"),
    ),
    # As printed; by patient also the rivals, without which "it helps" cannot be said.
    arms={"video": "a,b,h-only,h,i-only,i", "patient": "a,b,c,d,e,g,h-only,h,i-only,i"},
)

QUICK: Final = Scale(
    size=64,
    presets={"lddm": "tiny", "cinn": "tiny", "study": "tiny"},
    settings={
        "lddm/autoencoder": ("autoencoder_training.max_steps=60",),
        "lddm/diffusion": ("diffusion_training.max_steps=60",),
        "cinn/autoencoder": (
            *("autoencoder_training.max_steps=30", "autoencoder.encoder=cinn"),
            *("autoencoder.encoder_stem=8", "autoencoder.latent=vector"),
            *("autoencoder.latent_channels=16", "autoencoder.decoder=spade"),
        ),
        "cinn/conditioner": (
            "conditioner_training.max_steps=4",
            "conditioner_training.batch_size=4",
        ),
        "cinn/flow": ("flow_training.max_steps=30", "flow.conditioner=resnet50"),
    },
    samples=2,
    metrics="psnr,motion",  # the nets of Table 1 take minutes on a CPU
    study=(
        *("--models", "r3d18", "--width", "4", "--size", "32", "--ratios", "0.5,0.3"),
        *("--folds", "2", "--seeds", "1", "--epochs", "1", "--samples", "1", "--windows", "1"),
        *("--batch-size", "8", "--balance", "fill", "--generator-minutes", "0.1"),
    ),
    arms={"video": "a,b,h-only,h,i-only,i", "patient": "a,b,h,i"},
)


class Step(NamedTuple):
    """One command.

    Args:
        name: What the plan calls it.
        words: The command behind ``sonoloop``.
        product: What is there when it is done.
        may_skip: Whether status 1 says that single files were left out.
    """

    name: str
    words: tuple[str, ...]
    product: Path
    may_skip: bool = False


def steps(
    busv: Path, busi: Path, out: Path, scale: Scale, *, dtfvd: Path | None = None
) -> Iterator[Step]:
    """List the commands in their order.

    Args:
        busv: Folder of the videos.
        busi: Folder of the stills.
        out: Where everything goes.
        scale: How large it is.
        dtfvd: The user's own file of the dynamic-texture net.
    """
    words: tuple[str, ...]
    videos, stills = out / "videos", out / "stills"
    sizes = ("--size", str(scale.size), "--window-frames", "48")
    for name, source, dataset in (("videos", busv, videos), ("stills", busi, stills)):
        words = ("data", "prepare", str(source), "--out", str(dataset), *sizes)
        yield Step(f"prepare {name}", words, dataset / "split.json", may_skip=True)

    def train(method: str, stage: str, *more: str) -> Step:
        settings = scale.settings.get(f"{method}/{stage}", ())
        run = out / "runs" / method / stage
        words = ("train", stage, "--data", str(videos), "--preset", scale.presets[method], *more)
        words += ("--set", *settings) if settings else ()
        return Step(f"train {method} {stage}", (*words, "--resume", "--out", str(run)), run)

    for method in METHODS.values():
        run, model = out / "runs" / method, out / "models" / method
        stage_1 = ("--autoencoder", str(run / "autoencoder"))
        stage_2 = "diffusion" if method == "lddm" else "flow"
        yield train(method, "autoencoder")
        more: tuple[str, ...] = ()
        if method == "cinn":
            yield train(method, "conditioner")
            more = ("--conditioner", str(run / "conditioner"))
        yield train(method, stage_2, *stage_1, *more)
        words = ("export", *stage_1, f"--{stage_2}", str(run / stage_2), "--out", str(model))
        yield Step(f"export {method}", words, model / "config.json")
    words = ("data", "export", str(videos), "--split", "test", "--out", str(out / "held_out"))
    yield Step("export held-out clips", words, out / "held_out" / "manifest.csv")
    chosen = [str(item.path) for item in shown_stills(read_busi(busi).items)]
    for method in METHODS.values():
        made = ("--model", str(out / "models" / method), "--formats", "npy", "--samples")
        loops = {
            "loops": (str(out / "held_out" / "stills"), *made, str(scale.samples)),
            "loops_busi": (*chosen, *made, "1"),
        }
        for name, asked in loops.items():
            folder = out / name / method
            words = ("synthesize", *asked, "--out", str(folder))
            yield Step(f"{name} {method}", words, folder / "manifest.csv", may_skip=True)
        record = out / "evaluation" / method
        words = ("evaluate", "--real", str(videos), "--synthetic", str(out / "loops" / method))
        words += ("--paper", "--title", method, "--out", str(record))
        words += ("--metrics", scale.metrics) if scale.metrics else ()
        words += ("--dtfvd-weights", str(dtfvd)) if dtfvd else ()
        yield Step(f"evaluate {method}", words, record / "evaluation.json", may_skip=True)
    for split in SPLITS:
        folder = out / f"study_{split}"
        words = ("study", "--data", str(videos), "--stills", str(stills), "--split", split)
        words += ("--classes", "benign=benign", "malignant=malignant", "--arms", scale.arms[split])
        words += (*scale.study, "--generator-preset", scale.presets["study"], "--out", str(folder))
        yield Step(f"study by {split}", words, folder / STUDY_FILE)
    parts = [out / f"study_{split}" for split in SPLITS]
    parts += [out / "evaluation" / method for method in METHODS.values()]
    parts += [out / "runs" / name for name in ("cinn/autoencoder", "cinn/flow")]
    parts += [out / "runs" / name for name in ("lddm/autoencoder", "lddm/diffusion")]
    words = ("report", *map(str, parts), "--title", "The paper's tables, measured here")
    page = out / "report.html"
    yield Step("report", (*words, "--out", str(page)), page)


def shown_stills(items: Sequence[CatalogItem]) -> list[CatalogItem]:
    """Choose stills with a lesion, evenly spread."""
    lesions = [item for item in items if item.label != "normal"]
    places = np.linspace(0, len(lesions) - 1, NUM_SHOWN).round().astype(int)
    return [lesions[place] for place in dict.fromkeys(places.tolist())]


def costs(num_videos: int, num_stills: int, scale: Scale) -> Iterator[str]:
    """Say how much there is to train, in steps of so many clips: hours depend on the machine."""
    yield f"{num_videos} videos and {num_stills} stills"
    options = dict(zip(scale.study[::2], scale.study[1::2], strict=True))
    ratios = [float(ratio) for ratio in options["--ratios"].split(",")]
    trainings = (("lddm", "autoencoder"), ("lddm", "diffusion"), ("cinn", "autoencoder"),
                 ("cinn", "conditioner"), ("cinn", "flow"))  # fmt: skip
    for method, stage in trainings:
        given = (one.split("=") for one in scale.settings.get(f"{method}/{stage}", ()))
        preset = load_preset(scale.presets[method], dict(given))
        training = getattr(preset, f"{stage}_training").for_videos(
            round(TRAINING_SHARE * num_videos)
        )
        yield f"{method} {stage}: {training.max_steps} steps of {training.batch_size}"
    folds, seeds = int(options["--folds"]), int(options["--seeds"])
    sets = len(SPLITS) * folds * len(ratios)
    mean = sum(ratios) / len(ratios)
    yield (
        f"generators of the studies: {sets} sets (stage 1, LDDM, cINN), each on about "
        f"{mean * FOLD_SHARE * num_videos:.0f} videos, and {sets * num_stills} clips of each"
    )
    models = len(options["--models"].split(","))
    arms = sum(len(scale.arms[split].split(",")) for split in SPLITS)
    cells = models * len(ratios) * folds * seeds * arms
    yield (
        f"classifiers: {cells} trainings of {options['--epochs']} epochs; 'sonoloop study --plan' "
        "measures their speed when the videos are prepared, and the study prints it"
    )
