"""``sonoloop weights``: the frozen nets of the metrics, fetched once and checked."""

import sys
from pathlib import Path


def fetch(names: tuple[str, ...] = (), /, *, weights_dir: Path | None = None) -> None:
    """Fetch the nets that metrics need, check and convert them; afterwards no network is needed.

    Run the same command again to go on after an interruption. On a closed network, put the archive
    that the message names, or the .safetensors files of another computer, into the folder.

    Args:
        names: Which nets (see 'sonoloop weights list'); all by default.
        weights_dir: Folder for them; by default what SONOLOOP_WEIGHTS_DIR says, else
            sonoloop/weights in your cache.
    """
    from rich.console import Console  # noqa: PLC0415 (help must not wait for it)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TransferSpeedColumn,
    )

    from sonoloop.features.weight_sources import SOURCES  # noqa: PLC0415
    from sonoloop.features.weights import LICENCES_FOLDER, weights_folder  # noqa: PLC0415
    from sonoloop.features.weights import fetch as fetch_weights  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        tasks = {}

        def advance(archive: str, have: int, size: int) -> None:
            if archive not in tasks:
                tasks[archive] = progress.add_task(archive, total=size)
            progress.update(tasks[archive], completed=have)

        paths = fetch_weights(names or tuple(SOURCES), weights_dir, on_progress=advance)
    for path in paths:
        console.print(f"{path}", soft_wrap=True, highlight=False)
    licences = weights_folder(weights_dir) / LICENCES_FOLDER
    console.print(f"their licences: {licences}", soft_wrap=True, highlight=False)


def list_(*, weights_dir: Path | None = None) -> None:
    """List the nets that metrics need, what for, how large, and whether they are here.

    Args:
        weights_dir: Folder to look in; by default what SONOLOOP_WEIGHTS_DIR says, else
            sonoloop/weights in your cache.
    """
    from rich.console import Console  # noqa: PLC0415 (help must not wait for it)
    from rich.table import Column, Table  # noqa: PLC0415

    from sonoloop.features.weight_sources import SOURCES  # noqa: PLC0415
    from sonoloop.features.weights import verify as verify_weights  # noqa: PLC0415
    from sonoloop.features.weights import weights_folder  # noqa: PLC0415

    table = Table(
        Column("name", no_wrap=True),
        "for",
        "MB",
        "here",
        "SHA-256",
        "licence",
        box=None,
        pad_edge=False,
    )
    for name, source in SOURCES.items():
        table.add_row(
            name,
            source.purpose,
            f"{source.converted_bytes / 1e6:.0f}",
            verify_weights(name, weights_dir).value,
            source.content_sha256[:12],
            source.licence,
        )
    table.add_row(
        "i3d-dynamic-texture",
        "DTFVD, DIV",
        "50",
        "your file",
        "",
        "not to be passed on: I3D_16.pth.tar",
    )
    table.add_row(
        "inception-v3",
        "FID",
        "96",
        "your file",
        "",
        "not on the package index: pt_inception-2015-12-05-6726825d.pth",
    )
    console = Console()
    console.print(table)
    console.print(f"folder: {weights_folder(weights_dir)}", soft_wrap=True, highlight=False)


def verify(names: tuple[str, ...] = (), /, *, weights_dir: Path | None = None) -> int:
    """Check the content of fetched nets against the pinned SHA-256.

    Exit status 1 says that a net is damaged or not there.

    Args:
        names: Which nets (see 'sonoloop weights list'); all by default.
        weights_dir: Folder to look in; by default what SONOLOOP_WEIGHTS_DIR says, else
            sonoloop/weights in your cache.
    """
    from sonoloop.features.weight_sources import SOURCES  # noqa: PLC0415
    from sonoloop.features.weights import WeightState  # noqa: PLC0415
    from sonoloop.features.weights import verify as verify_weights  # noqa: PLC0415

    states = {name: verify_weights(name, weights_dir) for name in names or tuple(SOURCES)}
    for name, state in states.items():
        sys.stdout.write(f"{name}: {state.value}\n")
    return 0 if all(state is WeightState.READY for state in states.values()) else 1
