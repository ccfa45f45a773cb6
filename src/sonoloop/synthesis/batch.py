"""Many stills to many files: named without collisions, resumable, one bad still skipped.

File names are NAME-HASH_seedS_sampleK.mp4 (NAME-HASH_motionH_sample0.mp4 for the motion of another
clip), where HASH begins the SHA-256 of the still's file: equal
names from different folders stay apart, and a name never depends on what else is in the batch.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, NamedTuple

from sonoloop.data.reading import ReadRecording, read_recording
from sonoloop.data.recording import Frames
from sonoloop.data.volume_files import write_volume_file
from sonoloop.errors import UnreadableFileError
from sonoloop.synthesis.batch_options import BatchOptions, BatchResult, Format, StillFile
from sonoloop.synthesis.clip_names import file_sha256, origin, still_stem
from sonoloop.synthesis.controlled_sampling import check_control
from sonoloop.synthesis.dicom_export import write_dicom
from sonoloop.synthesis.export import write_gif, write_mp4, write_npy
from sonoloop.synthesis.film_strip import write_film_strip
from sonoloop.synthesis.image_to_video import CPU_BATCH_SIZE, GPU_BATCH_SIZE, ImageToVideo
from sonoloop.synthesis.loops import LoopRequest, TimedLoop
from sonoloop.synthesis.manifest import Manifest, Row, row_key
from sonoloop.synthesis.motion_transfer import FlowOnly, KnownMotion
from sonoloop.synthesis.provenance import Provenance
from sonoloop.synthesis.still import Still
from sonoloop.synthesis.synthetic_mark import mark_synthetic
from sonoloop.synthesis.typicality import StillTypicality

SECONDS_BETWEEN_MANIFESTS: Final = 20.0
"""After a crash, at most this much work is done again."""
SUFFIXES: Final[dict[Format, str]] = {
    "mp4": ".mp4",
    "gif": ".gif",
    "npy": ".npy",
    "dicom": ".dcm",
    "nifti": ".nii.gz",
    "mha": ".mha",
}
"""Files that hold one loop."""


class _Job(NamedTuple):
    """A still with the samples that are still to make."""

    file: StillFile
    still: Still
    sha256: str
    samples: tuple[int, ...]
    verdict: StillTypicality | None


def synthesize_batch(
    model: ImageToVideo,
    files: Sequence[StillFile],
    out: Path,
    options: BatchOptions,
    *,
    advance: Callable[[int], None],
    read: ReadRecording = read_recording,
) -> BatchResult:
    """Animate stills into a folder; clips that are there already are skipped.

    Args:
        model: Makes the loops.
        files: Stills.
        out: Folder of the clips and the manifest.
        options: What to make of every still.
        advance: Told the number of clips that were finished, skipped or given up.
        read: Reads files; ``LimitedReader`` for those of unknown origin.

    Returns:
        What was made, skipped and refused. The manifest is written in any case.

    Raises:
        OSError: If a file cannot be written.
        UsageError: If an option is out of range or unknown to the model, or a manifest is damaged.
    """
    batch = _Batch(model, out, options, advance)
    try:
        for jobs in _grouped(batch.jobs(files, read), batch.batch_size):
            batch.make(jobs)
    finally:
        batch.manifest.write()
    return batch.result


def _grouped(jobs: Iterable[_Job], batch_size: int) -> Iterator[list[_Job]]:
    """Gather stills until their loops fill a batch."""
    group: list[_Job] = []
    for job in jobs:
        group.append(job)
        if sum(len(member.samples) for member in group) >= batch_size:
            yield group
            group = []
    if group:
        yield group


class _Batch:
    """State of one run: manifest, settings and the result so far."""

    def __init__(
        self,
        model: ImageToVideo,
        out: Path,
        options: BatchOptions,
        advance: Callable[[int], None],
    ) -> None:
        self.model = model
        self.out = out
        self.options = options
        self.advance = advance
        self.manifest = Manifest(out)
        self.result = BatchResult()
        on_cpu = model.device.type == "cpu"
        self.batch_size = options.batch_size or (CPU_BATCH_SIZE if on_cpu else GPU_BATCH_SIZE)
        stage_2, loops = model.config.stage_2, options.loops
        check_control(model.sampler, loops)
        self.motion = model.sampler.clip if isinstance(model.sampler, KnownMotion) else None
        transfer = "flow transfer" if isinstance(model.autoencoder, FlowOnly) else "transfer"
        steps = options.num_inference_steps or stage_2.num_inference_steps
        self.num_frames = loops.num_frames or model.config.clip.num_frames
        # A clip is made again if one of these differs.
        self.settings: dict[str, str | float | bool | None] = {
            "model_sha256": model.config.weights_sha256,
            "sampler": stage_2.sampler if self.motion is None else transfer,
            "num_inference_steps": steps if self.motion is None else 0,
            "label": loops.label,
            "motion": loops.motion,
            "guidance_scale": loops.guidance_scale,
            "num_frames": self.num_frames,
            "loop": loops.loop,
            "marked": options.mark,
        }
        self._last_written = time.monotonic()

    def jobs(self, files: Sequence[StillFile], read: ReadRecording) -> Iterator[_Job]:
        """Open the stills that have something left to make, and note those that cannot be used."""
        for file in files:
            try:
                sha256 = file_sha256(file.path)
                samples = self._unfinished(file, sha256)
                skipped = self.options.num_samples - len(samples)
                self.result.num_skipped += skipped
                if skipped:
                    self.advance(skipped)
                if not samples:
                    continue
                still = self.model.open(file.path, read=read)
                self.options.check_size(file.path, still.height, still.width, self.num_frames)
            except UnreadableFileError as error:
                self.result.failures.append(error)
                self.advance(self.options.num_samples)
                continue
            verdict = self.model.judge(still)
            if verdict is not None and verdict.is_unusual:
                self.result.unusual.append((file.name, verdict))
            self.result.warnings += [(file.name, warning) for warning in still.warnings]
            yield _Job(file, still, sha256, samples, verdict)

    def make(self, jobs: Sequence[_Job]) -> None:
        """Animate some stills and write their files and rows."""
        requests = [LoopRequest(job.still, sample) for job in jobs for sample in job.samples]
        loops = self.model.animate(
            requests,
            seed=self.options.seed,
            num_inference_steps=self.options.num_inference_steps,
            batch_size=self.batch_size,
            options=self.options.loops,
        )
        for job in jobs:
            rows = [self._write_clip(job, sample, next(loops)) for sample in job.samples]
            clips = [clip for _, clip in rows]
            strip = self._write_strip(job, clips) if "strip" in self.options.formats else None
            finished = [dict(row) | {"strip": strip} for row, _ in rows]
            self.manifest.add(finished)
            self.result.rows += finished
        if time.monotonic() - self._last_written > SECONDS_BETWEEN_MANIFESTS:
            self.manifest.write()
            self._last_written = time.monotonic()

    def _unfinished(self, file: StillFile, sha256: str) -> tuple[int, ...]:
        """List the samples without a row of the same settings or without their files."""
        samples = tuple(range(self.options.num_samples))
        missing = tuple(sample for sample in samples if not self._is_finished(file, sha256, sample))
        # A strip shows all loops of its still, so all are needed to draw it again.
        return samples if missing and "strip" in self.options.formats else missing

    def _is_finished(self, file: StillFile, sha256: str, sample: int) -> bool:
        key = row_key(
            {
                "source": file.name,
                "source_sha256": sha256,
                "seed": self.options.seed,
                "sample": sample,
                "motion_sha256": None if self.motion is None else self.motion.sha256,
            }
        )
        row = self.manifest.find(key)
        if row is None or any(row[name] != value for name, value in self.settings.items()):
            return False
        names = [row[kind] for kind in self.options.formats]
        return all(isinstance(name, str) and (self.out / name).is_file() for name in names)

    def _provenance(self, job: _Job, sample: int) -> Provenance:
        return Provenance(
            source=job.file.name,
            source_sha256=job.sha256,
            sample=sample,
            seed=self.options.seed,
            model=self.model.config.name,
            model_sha256=self.model.config.weights_sha256,
            sampler=str(self.settings["sampler"]),
            num_inference_steps=int(self.settings["num_inference_steps"] or 0),
            label=self.options.loops.label,
            motion=self.options.loops.motion,
            guidance_scale=self.options.loops.guidance_scale,
            loop=self.options.loops.loop,
            motion_source=None if self.motion is None else self.motion.name,
            motion_sha256=None if self.motion is None else self.motion.sha256,
            motion_start_s=None if self.motion is None else self.motion.start_s,
        )

    def _write_clip(self, job: _Job, sample: int, loop: TimedLoop) -> tuple[Row, Frames]:
        """Write the files of one loop; return its row and the loop as it is shown."""
        began = time.perf_counter()
        options, rate_hz = self.options, self.model.config.frame_rate_hz
        provenance = self._provenance(job, sample)
        shown = mark_synthetic(loop.frames) if options.mark else loop.frames
        stem = f"{self._stem(job)}_sample{sample}"
        names = {
            kind: f"{stem}{suffix}" if kind in options.formats else None
            for kind, suffix in SUFFIXES.items()
        }
        if names["mp4"]:
            write_mp4(self.out / names["mp4"], shown, frame_rate_hz=rate_hz, provenance=provenance)
        if names["gif"]:
            write_gif(self.out / names["gif"], shown, frame_rate_hz=rate_hz, provenance=provenance)
        if names["npy"]:
            write_npy(self.out / names["npy"], loop.frames)
        if names["dicom"]:
            write_dicom(
                self.out / names["dicom"],
                shown,
                frame_rate_hz=rate_hz,
                provenance=provenance,
                pixel_spacing_mm=job.still.pixel_spacing_mm,
                region=job.still.region,
            )
        for name in filter(None, (names["nifti"], names["mha"])):
            write_volume_file(
                self.out / name,
                shown,
                frame_rate_hz=rate_hz,
                provenance=provenance.to_json(),
                pixel_spacing_mm=job.still.pixel_spacing_mm,
            )
        spacing = job.still.pixel_spacing_mm or (None, None)
        verdict = job.verdict
        provenance_columns = asdict(provenance)
        del provenance_columns["synthetic"]
        row: Row = {
            **provenance_columns,
            **{str(kind): name for kind, name in names.items()},
            "trained_on": self.model.config.trained_on,
            "num_frames": len(loop.frames),
            "height": job.still.height,
            "width": job.still.width,
            "frame_rate_hz": rate_hz,
            "pixel_spacing_height_mm": spacing[0],
            "pixel_spacing_width_mm": spacing[1],
            "typicality_distance": None if verdict is None else verdict.distance,
            "typicality_threshold": None if verdict is None else verdict.threshold,
            "atypical": None if verdict is None else verdict.is_atypical,
            "unusual": None if verdict is None else verdict.is_unusual,
            "seconds": loop.seconds + time.perf_counter() - began,
            "marked": options.mark,
        }
        self.manifest.add([{**row, "strip": None}])  # on record though the still be interrupted
        self.advance(1)
        return row, shown

    def _stem(self, job: _Job) -> str:
        motion_sha256 = None if self.motion is None else self.motion.sha256
        return f"{still_stem(job.file.name, job.sha256)}_{origin(self.options.seed, motion_sha256)}"

    def _write_strip(self, job: _Job, clips: Sequence[Frames]) -> str:
        name = f"{self._stem(job)}_strip.png"
        write_film_strip(self.out / name, clips, provenance=self._provenance(job, 0))
        return name
