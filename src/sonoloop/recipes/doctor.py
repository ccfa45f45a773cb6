"""What is installed and what works here: the first thing to put into a report of a fault."""

import io
import json
import os
import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final, Literal

import av
import numpy as np
import torch
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sonoloop import __version__
from sonoloop.data.dicom_jpeg import FFMPEG_CODECS
from sonoloop.errors import SonoloopError
from sonoloop.features.weight_sources import SOURCES
from sonoloop.features.weights import WeightState, verify, weights_folder
from sonoloop.synthesis.pretrained import bundled_models, find_model, read_model

State = Literal["ok", "missing", "broken"]
"""Missing: something optional is not there. Broken: sonoloop cannot do its work."""

EXTRAS: Final = {
    "gradio": "the web page: pip install 'sonoloop[web]'",
    "ray": "many machines: pip install 'sonoloop[cluster]'",
    "tensorboard": "TensorBoard logs: pip install 'sonoloop[tensorboard]'",
}
"""Optional packages, and what for."""
DICOM_SYNTAXES: Final = {
    "JPEG": JPEGBaseline8Bit,
    "JPEG lossless": JPEGLosslessSV1,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
    "RLE": RLELossless,
}
LITTLE_DISK_GB: Final = 2.0
"""Below this a training's checkpoints and samples may not fit."""
BYTES_PER_GB: Final = 1e9


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        name: What was looked at.
        state: How it is.
        detail: What was found, and what to do where it is not well.
    """

    name: str
    state: State
    detail: str


def doctor(
    *, as_json: bool, weights_dir: Path | None = None, console: Console | None = None
) -> int:
    """Look at this installation and this machine.

    Nothing of the user's data is looked at or told; paths are those of folders of sonoloop.

    Args:
        as_json: One JSON object instead of a table.
        weights_dir: Folder of the metrics' nets; None for the usual one.
        console: Where to say it; None takes the terminal.

    Returns:
        Number of things that are broken.
    """
    console = console or Console()
    findings = examine(weights_dir)
    if as_json:
        lines = {finding.name: asdict(finding) for finding in findings}
        console.print(json.dumps(lines, indent=1), markup=False, highlight=False, soft_wrap=True)
    else:
        show(findings, console)
    return sum(finding.state == "broken" for finding in findings)


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print findings as a table.

    Args:
        findings: One a line.
        console: Where to.
    """
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        table.add_row(*map(Text, (finding.name, finding.state, finding.detail)))
    console.print(table)


def examine(weights_dir: Path | None = None) -> list[Finding]:
    """Collect all findings.

    Args:
        weights_dir: Folder of the metrics' nets; None for the usual one.
    """
    return [
        Finding("sonoloop", "ok", f"{__version__}, Python {platform.python_version()}"),
        Finding("machine", "ok", _machine()),
        _gpu(),
        *_packages(),
        *(_checked(f"model '{name}'", partial(_model, name)) for name in bundled_models()),
        _checked("mp4", _mp4),
        *_dicom_decoders(),
        *_nets(weights_dir),
        *_disk({"this folder": Path.cwd(), "the nets' folder": weights_folder(weights_dir)}),
    ]


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.platform()}, {platform.machine()}, {cores} cores for this process"


def _gpu() -> Finding:
    """Say which GPU torch uses, or that there is none."""
    if not torch.cuda.is_available():
        return Finding("GPU", "missing", f"torch {torch.__version__} finds none: the CPU is used")
    properties = torch.cuda.get_device_properties(0)
    memory = properties.total_memory / BYTES_PER_GB
    return Finding("GPU", "ok", f"{properties.name}, {memory:.0f} GB, CUDA {torch.version.cuda}")


def _packages() -> list[Finding]:
    """List the versions of what sonoloop needs, and which extras are there."""
    needed = [line for line in requires("sonoloop") or [] if "extra ==" not in line]
    names = sorted({line.split(">")[0].split("=")[0].split(";")[0].strip() for line in needed})
    found, absent = [], []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            absent.append(name)
    findings = [Finding("packages", "ok", ", ".join(found))]
    if absent:
        detail = f"not installed: {', '.join(absent)}; install sonoloop again"
        findings.append(Finding("packages", "broken", detail))
    for name, purpose in EXTRAS.items():
        try:
            findings.append(Finding(name, "ok", version(name)))
        except PackageNotFoundError:
            findings.append(Finding(name, "missing", f"only needed for {purpose}"))
    return findings


def _checked(name: str, look: Callable[[], str]) -> Finding:
    """Turn what goes wrong into a finding."""
    try:
        return Finding(name, "ok", look())
    except (SonoloopError, OSError, ValueError, RuntimeError) as error:
        return Finding(name, "broken", str(error))


def _model(name: str) -> str:
    """Read a bundled model, its checksum included."""
    config, _ = read_model(find_model(name))
    return f"trained on {config.trained_on}, SHA-256 {config.weights_sha256[:12]}"


def _mp4() -> str:
    """Encode one frame."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32), np.uint8), format="gray")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer) as container:
        num_frames = container.streams.video[0].frames
    if num_frames != 1:
        msg = f"one frame was written and {num_frames} are there"
        raise RuntimeError(msg)
    return f"H.264 is written (PyAV {av.__version__})"


def _dicom_decoders() -> list[Finding]:
    """Ask pydicom which compressed DICOM it can decode here."""
    return [_decoder(name, syntax) for name, syntax in DICOM_SYNTAXES.items()]


def _decoder(name: str, syntax: UID) -> Finding:
    if syntax in FFMPEG_CODECS:
        try:
            codec = Codec(FFMPEG_CODECS[syntax], "r")
        except UnknownCodecError as error:
            return Finding(f"DICOM {name}", "missing", str(error))
        return Finding(f"DICOM {name}", "ok", f"decoded by ffmpeg ({codec.name})")
    decoder = get_decoder(syntax)
    if decoder.is_available:
        plugins = ", ".join(decoder.available_plugins)
        return Finding(f"DICOM {name}", "ok", f"decoded by {plugins}")
    return Finding(f"DICOM {name}", "missing", "; ".join(decoder.missing_dependencies))


def _nets(weights_dir: Path | None) -> list[Finding]:
    """Check the nets of the metrics, which are fetched once."""
    states: dict[WeightState, State] = {WeightState.READY: "ok", WeightState.DAMAGED: "broken"}
    findings = []
    for name, source in SOURCES.items():
        state = verify(name, weights_dir)
        help_ = "" if state is WeightState.READY else f", 'sonoloop weights fetch {name}' brings it"
        detail = f"{state.value}, for {source.purpose}{help_}"
        findings.append(Finding(name, states.get(state, "missing"), detail))
    return findings


def _disk(folders: dict[str, Path]) -> list[Finding]:
    """Measure the free space where sonoloop writes."""
    findings = []
    for name, folder in folders.items():
        there = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(there).free / BYTES_PER_GB
        state: State = "ok" if free >= LITTLE_DISK_GB else "broken"
        writable = "" if os.access(there, os.W_OK) else ", not writable"
        findings.append(Finding(f"disk of {name}", state, f"{free:.0f} GB free{writable}"))
    return findings
