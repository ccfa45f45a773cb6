"""Fuzz the parsers that are sonoloop's own, guided by what code an input reaches (atheris).

    pip install atheris
    python benchmarks/fuzz_guided.py [--seconds 60] [--target pack --target manifest] [--out fuzz]

``fuzz_readers.py`` damages whole files blindly and reaches the libraries; here libFuzzer keeps
every input that reaches a new branch and goes on from it. Each target runs in a process of its own,
from the seeds of ``reader_seeds.py``. A parser may read an input or refuse it in the project's own
words; anything else, 10 s or 2 GB end the target, and the input is kept in --out. Printed is how
many inputs were tried, how many branches the seeds reached and all inputs reached, and how many
inputs are worth keeping.
"""

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SLOW_S = 10
MOST_MB = 2048
LONGEST = 60_000


class Target(NamedTuple):
    """One parser.

    Args:
        kind: Of ``reader_seeds.seeds``: its files are what to begin with.
        ending: Of the names of those that are taken.
        name: Of the file an input is written to.
        feed: Lets the parser read that file.
    """

    kind: str
    ending: str
    name: str
    feed: Callable[[Path], object]


def open_pack(path: Path) -> None:
    """Read a pack whose checksum and length are made good, every frame."""
    import fuzz_readers  # noqa: PLC0415 - imported where it is instrumented

    from sonoloop.data.pack import PackedStore  # noqa: PLC0415

    path.write_bytes(fuzz_readers.repaired("a.pack", path.read_bytes()))
    store = PackedStore.open(path)
    for number in range(len(store.items)):
        store.frames(number)
        store.times_s(number)


def decode_pack(path: Path) -> None:
    """Decode what may be the coded frames of a pack."""
    from sonoloop.data.pack_codec import decode_frames  # noqa: PLC0415

    try:
        decode_frames(path.read_bytes(), (6, 64, 64), 16.0)
    except ValueError:
        return  # as it is documented


def read_npy(path: Path) -> None:
    """Read a clip."""
    from sonoloop.evaluation.clip_arrays import read_array  # noqa: PLC0415

    read_array(path)


def compare_sums(path: Path) -> None:
    """Compare a folder with its checksums."""
    from sonoloop.checksums import damaged_files  # noqa: PLC0415

    damaged_files(path.parent)


def read_manifest(path: Path) -> None:
    """Read the rows of a manifest."""
    from sonoloop.data.manifest import read_rows  # noqa: PLC0415

    read_rows(path)


def read_sides(path: Path) -> None:
    """Read the sides of a split."""
    from sonoloop.data.splits import read_split  # noqa: PLC0415

    read_split(path)


def open_store(path: Path) -> None:
    """Open a store without shards."""
    from sonoloop.data.store import Store  # noqa: PLC0415

    Store.open(path.parent)


def read_config(path: Path) -> None:
    """Validate the config of a model."""
    from pydantic import ValidationError  # noqa: PLC0415

    from sonoloop.synthesis.config import ModelConfig  # noqa: PLC0415

    try:
        ModelConfig.model_validate_json(path.read_bytes())
    except ValidationError:
        return  # ``read_model`` makes a sentence of it


def look_at_volume(path: Path) -> None:
    """Look whether a NIfTI or MHA header names another file, and for its provenance."""
    from sonoloop.data import volume_files  # noqa: PLC0415

    volume_files._refuse_second_file(path)  # noqa: SLF001 - what stands before SimpleITK
    volume_files.mha_provenance(path)


def look_at_dicom(path: Path) -> None:
    """Read the header that tells the frames of a series."""
    from sonoloop.data import dicom_series  # noqa: PLC0415

    dicom_series._header(path)  # noqa: SLF001 - what is asked of every file of a folder


def look_at_png(path: Path) -> None:
    """Read a picture, with its checksums made good."""
    import fuzz_readers  # noqa: PLC0415

    from sonoloop.data.still_files import read_still  # noqa: PLC0415

    path.write_bytes(fuzz_readers.repaired("a.png", path.read_bytes()))
    read_still(path)


TARGETS = {
    "pack": Target("pack", ".pack", "a.pack", open_pack),
    "pack-codec": Target("pack", ".pack", "a.bin", decode_pack),
    "npy": Target("npy", ".npy", "a.npy", read_npy),
    "checksums": Target("checkpoint", "SHA256SUMS", "SHA256SUMS", compare_sums),
    "manifest": Target("manifest", ".csv", "a.csv", read_manifest),
    "split": Target("dataset", "split.json", "split.json", read_sides),
    "store": Target("dataset", "store.json", "store.json", open_store),
    "model-config": Target("model", "config.json", "config.json", read_config),
    "mha-header": Target("mha", ".mha", "a.mha", look_at_volume),
    "nifti-header": Target("nifti", ".nii", "a.nii", look_at_volume),
    "dicom-headers": Target("dicom-series", ".dcm", "a.dcm", look_at_dicom),
    "png": Target("png", ".png", "a.png", look_at_png),
}


def work(name: str, arguments: list[str]) -> None:
    """Fuzz one target in this process; does not return."""
    import atheris  # noqa: PLC0415 - only who fuzzes has it

    target = TARGETS[name]
    scratch = Path(tempfile.mkdtemp())
    path = scratch / target.name
    with atheris.instrument_imports(include=["sonoloop", "pydicom", "PIL", "fuzz_readers"]):
        from sonoloop.errors import SonoloopError  # noqa: PLC0415

        path.write_bytes(b"")
        with contextlib.suppress(SonoloopError):
            target.feed(path)  # imports what it needs, instrumented

    def one_input(content: bytes) -> None:
        path.write_bytes(content)
        with contextlib.suppress(SonoloopError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.feed(path)

    atheris.Setup([sys.argv[0], *arguments], one_input)
    atheris.Fuzz()


def fuzz(name: str, corpus: Path, seconds: int, out: Path) -> tuple[str, bool]:
    """Fuzz one target in another process.

    Args:
        name: One of ``TARGETS``.
        corpus: Folder of its seeds; gets the inputs that reached something new.
        seconds: How long.
        out: Where an input goes that was neither read nor refused.

    Returns:
        A line of the table, and whether there was such an input.
    """
    out.mkdir(parents=True, exist_ok=True)
    limits = [f"-timeout={SLOW_S}", f"-rss_limit_mb={MOST_MB}", f"-max_len={LONGEST}"]
    options = [f"-max_total_time={seconds}", "-print_final_stats=1", f"-artifact_prefix={out}/"]
    command = [sys.executable, __file__, "--work", name, *limits, *options, str(corpus)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    reached = [int(number) for number in re.findall(r"cov: (\d+)", said.stderr)] or [0]
    tried = re.findall(r"stat::number_of_executed_units:\s*(\d+)", said.stderr)
    kept = len(list(corpus.iterdir()))
    figures = f"{name:14}{tried[-1] if tried else '?':>9}{reached[0]:>9}{reached[-1]:>9}{kept:>8}"
    if said.returncode == 0:
        return figures, False
    (out / f"{name}.txt").write_text(said.stderr)
    lines = re.findall(r".*(?:Exception|ERROR): .*", said.stderr)
    return f"{figures}  {lines[0] if lines else said.stderr[-300:]}", True


def write_seeds(folder: Path) -> None:
    """Write the seeds of every target into a folder of its name."""
    from fuzz_readers import all_seeds  # noqa: PLC0415 - torch

    (folder / "made").mkdir()
    made = all_seeds(folder / "made")
    for name, target in TARGETS.items():
        place = folder / name
        place.mkdir()
        contents = [
            content
            for files in made[target.kind]
            for file, content in files.items()
            if file.endswith(target.ending)
        ]
        for number, content in enumerate(contents):
            (place / f"seed-{number}").write_bytes(content)


def main() -> None:
    """Print a line per target."""
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="per target")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS))
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-guided")
    asked = parser.parse_args()
    print("target           inputs    seeds  reached  corpus")
    bad = False
    with tempfile.TemporaryDirectory() as folder:
        write_seeds(Path(folder))
        for name in asked.target or TARGETS:
            line, was_bad = fuzz(name, Path(folder) / name, asked.seconds, asked.out)
            bad |= was_bad
            print(line, flush=True)
    sys.exit(bad)


if __name__ == "__main__":
    main()
