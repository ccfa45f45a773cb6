"""``sonoloop synthesize``: your own stills become loops."""

from pathlib import Path

from sonoloop.cli.engine import EngineName, require_ray
from sonoloop.errors import UsageError


def synthesize(
    images: tuple[str, ...],
    /,
    *,
    out: str,
    samples: int = 1,
    seed: int = 0,
    model: str = "default",
    steps: int | None = None,
    frames: int | None = None,
    loop: bool = False,
    label: str | None = None,
    motion: float | None = None,
    guidance_scale: float | None = None,
    formats: str = "mp4,gif,strip",
    batch_size: int | None = None,
    no_mark: bool = False,
    engine: EngineName = "local",
    address: str | None = None,
    shard: int = 64,
    threads: int | None = None,
) -> int:
    """Turn ultrasound stills into cine loops.

    Loops come back at the size of the still. Run the same command again to go on after an
    interruption: loops that are there are skipped. Exit status 1 says that some stills could not
    be used.

    Args:
        images: Stills (png, jpg, tif, webp, DICOM; of videos the first frame) and folders of them.
        out: Folder for the loops, manifest.parquet and manifest.csv.
        samples: Loops per still.
        seed: Same seed, still and sample number: same loop.
        model: Name of a bundled model, or a folder made by 'sonoloop export'.
        steps: Steps of the sampler; by default the model's own.
        frames: Frames of a loop; by default those of the model's clips. More take windows of one
            motion after the other, all of them moving the still itself.
        loop: Make the end meet the start, for playing in a circle.
        label: Class of the loops, of a model trained with 'sonoloop train diffusion --control'.
        motion: How much they move, of such a model: the share of training clips that move less,
            0 to 1.
        guidance_scale: Weight of label and motion: 1 is the plain model, 2 obeys more.
        formats: Which files to write, separated by commas: mp4, gif, npy, nifti, mha, dicom (an
            Ultrasound Multi-frame Image), and strip (one picture with all loops of a still).
        batch_size: Loops computed together; by default 4 on a CPU, 32 on a GPU.
        no_mark: Leave out the word SYNTHETIC in mp4, gif, DICOM and strip; npy files never show
            it.
        engine: Where to compute: in this process, or on a Ray cluster for very many stills, which
            may then also be addresses (s3://...), patterns, and text files of paths. Loops come in
            shards (docs/scaling.md).
        address: Of the cluster, such as 10.0.0.1:6379; by default Ray starts on this machine.
        shard: Stills of a shard, on Ray.
        threads: CPU threads, of each worker on Ray; by default all cores, on Ray 1. The same
            number, batch size and processor give the same bytes.
    """
    uses_ray = require_ray(engine, address)
    remote = [place for place in (*images, out) if "://" in place]
    if remote and not uses_ray:
        msg = f"{remote[0]}: addresses are for --engine ray"
        raise UsageError(msg)
    if threads is not None and threads < 1:
        msg = f"--threads {threads}: at least 1 is needed"
        raise UsageError(msg)
    from sonoloop.recipes import synthesize as recipe  # noqa: PLC0415 - torch: seconds to import
    from sonoloop.synthesis.batch_options import BatchOptions, parse_formats  # noqa: PLC0415
    from sonoloop.synthesis.loops import LoopOptions  # noqa: PLC0415

    options = BatchOptions(
        num_samples=samples,
        seed=seed,
        num_inference_steps=steps,
        formats=parse_formats(formats),
        mark=not no_mark,
        batch_size=batch_size,
        loops=LoopOptions(label, motion, guidance_scale, frames, loop),
    )
    if uses_ray:
        from sonoloop.cluster.bulk import synthesize_in_bulk  # noqa: PLC0415

        bulk = synthesize_in_bulk(
            images,
            out,
            options,
            model=model,
            stills_per_shard=shard,
            address=address,
            threads=threads or 1,
        )
        return 1 if bulk.num_failed else 0
    result = recipe.synthesize(
        list(map(Path, images)), Path(out), options, model=model, threads=threads
    )
    return 1 if result.failures else 0
