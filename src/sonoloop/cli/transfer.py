"""``sonoloop transfer``: stills move as a clip moves."""

from pathlib import Path


def transfer(
    clip: Path,
    images: tuple[Path, ...],
    /,
    *,
    out: Path,
    start: float = 0.0,
    flow_only: bool = False,
    loop: bool = False,
    model: str = "default",
    formats: str = "mp4,gif,strip",
    batch_size: int | None = None,
    no_mark: bool = False,
) -> int:
    """Move ultrasound stills as a video moves.

    The model reads the motion of one clip and applies it to every still; nothing is drawn at
    random. Exit status 1 says that some stills could not be used.

    Args:
        clip: Video (mp4, avi, mov, gif, DICOM, frame folder) whose motion is taken.
        images: Stills (png, jpg, tif, webp, DICOM; of videos the first frame) and folders of them.
        out: Folder for the loops, manifest.parquet and manifest.csv.
        start: Where in the video the motion begins, in seconds.
        flow_only: Take how the tissue moves and leave out how its brightness changes, which carries
            the shadow of the clip's own anatomy into stills of another view.
        loop: Make the end meet the start, for playing in a circle.
        model: Name of a bundled model, or a folder made by 'sonoloop export'.
        formats: Which files to write, separated by commas: mp4, gif, npy, nifti, mha, dicom (an
            Ultrasound Multi-frame Image), and strip (one picture per still).
        batch_size: Loops computed together; by default 4 on a CPU, 32 on a GPU.
        no_mark: Leave out the word SYNTHETIC in mp4, gif, DICOM and strip; npy files never show
            it.
    """
    from sonoloop.recipes import synthesize as recipe  # noqa: PLC0415 - torch: seconds to import
    from sonoloop.synthesis.batch_options import BatchOptions, parse_formats  # noqa: PLC0415
    from sonoloop.synthesis.loops import LoopOptions  # noqa: PLC0415

    options = BatchOptions(
        formats=parse_formats(formats),
        mark=not no_mark,
        batch_size=batch_size,
        loops=LoopOptions(loop=loop),
    )
    motion = recipe.MotionSource(clip, start, flow_only)
    result = recipe.synthesize(images, out, options, model=model, motion=motion)
    return 1 if result.failures else 0
