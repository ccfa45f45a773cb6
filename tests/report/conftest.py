"""Folders as an evaluation and a training leave them, made of phantoms and of invented numbers."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.data.phantom import phantom_clip
from sonoloop.data.recording import Frames
from sonoloop.recipes.report import report
from sonoloop.report.audit_record import (
    VIEWS,
    AuditRecord,
    DifferenceRecord,
    IntervalRecord,
    ProbeRecord,
)
from sonoloop.report.records import (
    RECORD_FILE,
    CaseRecord,
    ClipSetRecord,
    EvaluationRecord,
    LoopRecord,
    MetricRecord,
    PrivacyRecord,
    ValueRecord,
    record_json,
)
from sonoloop.report.study_record import (
    ArmRecord,
    ComparisonRecord,
    LeakRecord,
    RecoveryRecord,
    ResultRecord,
    StudyRecord,
    VerdictRecord,
)
from sonoloop.synthesis.export import write_gif, write_mp4
from sonoloop.synthesis.film_strip import film_strip
from sonoloop.synthesis.provenance import Provenance

RATE_HZ = 25 / 3
PROVENANCE = Provenance(
    source="phantom",
    source_sha256="0" * 64,
    sample=0,
    seed=0,
    model="test data",
    model_sha256="0" * 64,
    sampler="none",
    num_inference_steps=0,
)
NUM_STILLS = 3


def value(role: str, estimate: float, spread: float | None, *, pair: int = 60) -> ValueRecord:
    """Return a value with an interval of a width that was asked for."""
    ends = (None, None) if spread is None else (estimate - spread, estimate + spread)
    return ValueRecord.model_validate(
        {
            "role": role,
            "value": estimate,
            "low": ends[0],
            "high": ends[1],
            "num_clips": 60,
            "num_reference_clips": pair,
        }
    )


def metrics(shift: float = 0.0) -> tuple[MetricRecord, ...]:
    """Return metrics of each direction, with and without a figure in the paper."""
    return (
        MetricRecord(
            id="fvd-i3d-k400-bilinear",
            name="FVD",
            better="lower",
            values=(
                value("synthetic", 143.7 + shift, 21.5),
                value("reconstructed", 96.2, 14.0),
                value("same-videos", 41.8, 8.3),
                value("other-patients", 118.4, 19.9),
                value("still-repeated", 1312.6, 160.0),
            ),
            net="I3D, Kinetics-400",
            net_sha256="ab" * 32,
            resize="bilinear to 224 x 224",
            warnings=("60 clips are fewer than the 400 dimensions of the features: see KVD",),
        ),
        MetricRecord(
            id="lpips-vgg",
            name="LPIPS (vgg)",
            better="lower",
            values=(value("synthetic", 0.318, 0.021), value("still-repeated", 0.291, 0.019)),
            net="VGG16",
        ),
        MetricRecord(
            id="motion-energy",
            name="Motion energy",
            better="one",
            values=(value("synthetic", 0.43, 0.05, pair=0), value("still-repeated", 0.0, None)),
        ),
    )


def write_loop(path: Path, frames: Frames) -> str:
    """Write a loop, and return the name by which a record may call it."""
    writer = write_gif if path.suffix == ".gif" else write_mp4
    writer(path, frames, frame_rate_hz=RATE_HZ, provenance=PROVENANCE)
    return f"{path.parent.name}/{path.name}"


def write_evaluation(folder: Path, *, title: str = "Phantoms (test data)", seed: int = 0) -> Path:
    """Write a record with loops of phantoms; its numbers are invented."""
    loops = folder / "loops"
    loops.mkdir(parents=True)
    rows = []
    for still in range(NUM_STILLS):
        clips = [
            phantom_clip(np.random.default_rng([seed, still, part]), size=96, num_frames=16)
            for part in range(4)
        ]
        names = [
            write_loop(loops / f"still{still}-{part}.mp4", clip) for part, clip in enumerate(clips)
        ]
        Image.fromarray(film_strip(clips)[0]).save(loops / f"still{still}.png")
        rows.append(
            LoopRecord(
                name=f"still{still}",
                real=names[0],
                reconstructed=names[1],
                synthetic=tuple(names[2:]),
                strip=f"loops/still{still}.png",
                caption="rows: real, reconstructed, synthetic",
            )
        )
    gif = write_loop(loops / "near.gif", phantom_clip(np.random.default_rng(9), num_frames=16))
    clips = ClipSetRecord(
        path="phantoms/test",
        num_clips=60,
        num_groups=20,
        num_frames=16,
        height=96,
        width=96,
        frame_rate_hz=RATE_HZ,
        failures=(("broken.mp4", "holds no video"),) if seed == 0 else (),
        notes=("resampled from 25 Hz",),
    )
    record = EvaluationRecord(
        title=title,
        created="2026-01-01T00:00:00Z",
        software="sonoloop (test data)",
        settings={"seed": 0, "metrics": "fvd,lpips,motion", "paper": False, "weights_dir": None},
        real=clips,
        synthetic=clips.model_copy(update={"path": "loops", "failures": ()}),
        metrics=metrics(20.0 * seed),
        cases=(
            CaseRecord(clip="still0-2", metric="lpips-vgg", value=0.21, rank=1),
            CaseRecord(clip="still1-3", metric="lpips-vgg", value=0.24, rank=2),
            CaseRecord(clip="still2-3", metric="lpips-vgg", value=0.52, rank=-1),
            CaseRecord(clip="elsewhere", metric="lpips-vgg", value=0.47, rank=-2),
        ),
        loops=tuple(rows),
        privacy=PrivacyRecord(
            embedding="correlation of I3D features, maximum over flips",
            threshold=0.934,
            share_above=0.05,
            num_clips=60,
            attack_auroc=0.56,
            attack_low=0.49,
            attack_high=0.63,
            nearest=(LoopRecord(name="still1-2", real=rows[0].real, synthetic=(gif,)),),
            notes=("the patient of the still is left out",),
        ),
        notes=("Numbers are invented, to test the page.",),
    )
    (folder / RECORD_FILE).write_text(record_json(record), encoding="utf-8")
    return folder


def write_training(folder: Path, *, steps: int = 2000) -> Path:
    """Write the folder of a training whose losses fall."""
    (folder / "samples").mkdir(parents=True)
    config = {
        "stage": "autoencoder",
        "init": None,
        "clip": {"size": 64, "num_frames": 16},
        "autoencoder": {"encoder_widths": [8, 16, 32, 48], "latent": "grid"},
        "autoencoder_training": {"learning_rate": 0.002, "max_steps": steps},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "environment.json").write_text(json.dumps({"cpu": "test", "gpus": []}))
    rng = np.random.default_rng(0)
    lines = []
    for step in range(20, steps + 1, 20):
        loss = 0.03 + 0.1 * np.exp(-step / 300)
        lines.append(
            {
                "step": step,
                "losses": {"loss": loss + rng.normal(0, 0.003), "kl": 100 * np.exp(-step / 250)},
                "learning_rate": 0.002 * (1 - step / (1.01 * steps)),
                "seconds": step / 4,
            }
        )
        if step % 500 == 0:
            lines.append({"step": step, "validation": {"loss": 1.1 * loss}, "seconds": step / 4})
            clip = phantom_clip(np.random.default_rng(step), size=64, num_frames=16)
            strip = film_strip([clip, clip])[0]
            Image.fromarray(strip).save(folder / "samples" / f"step-{step:08d}.png")
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture(scope="session")
def evaluation_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an evaluation's folder that no test changes."""
    return write_evaluation(tmp_path_factory.mktemp("report") / "evaluation")


@pytest.fixture(scope="session")
def other_evaluation_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write another one, with other numbers."""
    folder = tmp_path_factory.mktemp("report") / "other"
    return write_evaluation(folder, title="A second model with a long name (test data)", seed=1)


@pytest.fixture(scope="session")
def training_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a training's folder that no test changes."""
    return write_training(tmp_path_factory.mktemp("report") / "stage1")


@pytest.fixture(scope="session")
def report_path(
    evaluation_path: Path,
    other_evaluation_path: Path,
    training_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Write the page of all three."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    report([evaluation_path, other_evaluation_path, training_path], out=out)
    return out


AUROCS = {"still": 0.55, "stills": 0.6, "shuffled": 0.78, "video": 0.8, "metadata": 0.5}
"""Of a data set like BLUES: the label is in motion, and in nothing else."""


@pytest.fixture
def make_audit() -> Callable[..., AuditRecord]:
    """Return a function that invents an audit from the AUROCs of its views."""

    def make(*, half: float = 0.06, **changed: float) -> AuditRecord:
        values = AUROCS | {"energy": 0.5} | changed

        def interval(estimate: float) -> IntervalRecord:
            return IntervalRecord(estimate=estimate, low=estimate - half, high=estimate + half)

        def probe(name: str, estimate: float) -> ProbeRecord:
            auroc = interval(estimate)
            return ProbeRecord(view=name, auroc=auroc, accuracy=0.73, balanced_accuracy=0.7)

        others = ("stills", "still", "shuffled", "metadata", "energy")
        return AuditRecord(
            dataset="lungs",
            label="b_lines",
            classes=("no", "yes"),
            num_clips=291,
            num_groups=51,
            clips_of_class={"no": 146, "yes": 145},
            groups_of_class={"no": 40, "yes": 42},
            folds=5,
            repeats=5,
            seed=0,
            num_draws=4000,
            net="i3d",
            net_sha256="0" * 64,
            num_components=32,
            created="2026-01-01T00:00:00+00:00",
            software="sonoloop",
            seconds=1.0,
            probes=tuple(probe(name, values[name]) for name in VIEWS),
            columns=(probe("source", values["metadata"]), probe("fps", 0.5)),
            differences=tuple(
                DifferenceRecord.model_validate(
                    {
                        "view": "video",
                        "other": other,
                        "difference": interval(values["video"] - values[other]),
                    }
                )
                for other in others
            ),
            findings=(),
            notes=("2 of 293 videos have no b_lines and were left out",),
        )

    return make


def _study_interval(estimate: float, half: float) -> IntervalRecord:
    return IntervalRecord(estimate=estimate, low=estimate - half, high=estimate + half)


def _study_result(ratio: float, headroom: float, *, decided: bool) -> ResultRecord:
    gain, room = _study_interval(0.03, 0.05), _study_interval(headroom, 0.1)
    comparison = ComparisonRecord(
        arm="i", other="b", difference=gain, adjusted_p=0.3, is_better=False
    )
    recovery = RecoveryRecord(
        arm="i",
        gain=gain,
        headroom=room,
        ratio=_study_interval(0.6, 0.4) if decided else None,
        reason="" if decided else "too little",
        meets_target=decided,
    )
    return ResultRecord(
        model="c3d",
        ratio=ratio,
        real_videos=100 * ratio,
        stills=100 - 100 * ratio,
        held_out_videos=60,
        patients=20,
        arms=tuple(
            ArmRecord(
                arm=arm,
                trained_on=f"trained on {arm}",
                auroc=_study_interval(0.7, 0.1),
                f1=0.6,
                accuracy=0.65,
                sensitivity=0.5,
                specificity=0.8,
                auroc_of_seeds=(0.69, 0.71),
                shares=(),
            )
            for arm in "abi"
        ),
        verdicts=(
            VerdictRecord(
                arm="i",
                answer="not shown",
                sentence="it is not shown",
                recovery=recovery,
                against_rivals=(comparison,),
                against_baseline=(comparison,),
            ),
        ),
        headroom=room,
        leaks=LeakRecord(
            follows_request={"synthetic, against the still": 0.8},
            real_or_synthetic={"benign": 0.9},
        ),
        notes=(),
    )


@pytest.fixture
def study_record() -> StudyRecord:
    """Return a study of one classifier at two ratios, decided at the smaller one."""
    return StudyRecord(
        dataset="breast",
        label="label",
        classes=("benign", "malignant"),
        split="patient",
        options={"epochs": 20},
        num_cells=12,
        num_draws=4000,
        seconds_of_cells=600.0,
        software="sonoloop",
        results=(_study_result(0.7, 0.05, decided=False), _study_result(0.5, 0.25, decided=True)),
        findings=("it is not shown",),
    )
