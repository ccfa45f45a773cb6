"""What one server accepts: size, number, length and time of the work, all bounded."""

from dataclasses import dataclass

from sonoloop.errors import UsageError
from sonoloop.synthesis.batch_options import BYTES_PER_MB


@dataclass(frozen=True)
class Limits:
    """Bounds that keep one request from taking the machine.

    Args:
        max_upload_mb: Most that the stills of one request take, in MB.
        max_queue: Most requests that wait while one is worked on.
        time_limit_s: Longest work on one request, in seconds.
        max_files: Most stills of one request.
        max_loops: Most loops of one request: stills times samples.
        max_frames: Longest loop.
        max_loop_mb: Most memory that the loops of one still take, in MB.
        max_kept: Requests whose loops can still be fetched; older ones are forgotten.

    Raises:
        UsageError: If a bound leaves nothing to do.
    """

    max_upload_mb: int = 100
    max_queue: int = 16
    time_limit_s: float = 300.0
    max_files: int = 50
    max_loops: int = 64
    max_frames: int = 256
    max_loop_mb: int = 512
    max_kept: int = 50

    def __post_init__(self) -> None:
        """Refuse bounds that nothing fits into."""
        for name, value in (
            ("max-upload-mb", self.max_upload_mb),
            ("max-queue", self.max_queue),
            ("time-limit", self.time_limit_s),
        ):
            if not value > 0:
                msg = f"{name} must be above 0, got {value:g}"
                raise UsageError(msg)

    @property
    def max_upload_bytes(self) -> int:
        """Most that the stills of one request take."""
        return self.max_upload_mb * BYTES_PER_MB
