"""Features of clips, kept by the content of the clips so that a second evaluation is quick."""

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.atomic_files import write_atomically
from sonoloop.data.recording import Frames
from sonoloop.errors import UnreadableFileError
from sonoloop.evaluation.clip_sets import ClipSource, to_clip
from sonoloop.features.extractor import FeatureExtractor

BATCH_SIZE = 4
CLIPS_BETWEEN_WRITES = 64
"""After a crash, at most this much is computed again."""


class FeatureCache:
    """Features of one net, in one file.

    Args:
        folder: Where files of all nets lie.
        extractor: The net.
    """

    def __init__(self, folder: Path, extractor: FeatureExtractor) -> None:
        """Read what is there.

        Raises:
            UnreadableFileError: If the file is damaged.
        """
        key = hashlib.sha256(f"{extractor.id} {extractor.checksum}".encode()).hexdigest()[:16]
        self.path = folder / f"{extractor.id.replace('/', '-')}-{key}.npz"
        self._extractor = extractor
        self._known: dict[str, np.ndarray] = {}
        if self.path.is_file():
            try:
                with np.load(self.path, allow_pickle=False) as stored:
                    names, features = stored["names"], stored["features"]
            except (ValueError, OSError, KeyError, EOFError) as error:
                reason = f"is no feature cache ({error}): delete it"
                raise UnreadableFileError(self.path, reason) from error
            self._known = dict(zip(names.tolist(), features, strict=True))

    def features(
        self, sources: Sequence[ClipSource], advance: Callable[[int], None] = lambda _: None
    ) -> Float[Tensor, "n features"]:
        """Look features up, computing and storing those that are not known.

        Args:
            sources: Clips of one shape.
            advance: Called with the number of clips done.
        """
        rows: list[str] = []
        pending: dict[str, Frames] = {}
        since_write = 0
        for source in sources:
            frames = np.ascontiguousarray(source.read())
            name = hashlib.sha256(repr(frames.shape).encode() + frames.tobytes()).hexdigest()
            rows.append(name)
            if name in self._known:
                advance(1)
                continue
            pending[name] = frames
            if len(pending) == BATCH_SIZE:
                since_write += self._compute(pending, advance)
                if since_write >= CLIPS_BETWEEN_WRITES:
                    self._write()
                    since_write = 0
        if pending:
            since_write += self._compute(pending, advance)
        if since_write:
            self._write()
        return torch.from_numpy(np.stack([self._known[name] for name in rows]))

    def _compute(self, pending: dict[str, Frames], advance: Callable[[int], None]) -> int:
        clip = torch.cat([to_clip(frames) for frames in pending.values()])
        found = self._extractor(clip).float().cpu().numpy()
        self._known.update(zip(pending, found, strict=True))
        count = len(pending)
        advance(count)
        pending.clear()
        return count

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(
            buffer, names=np.array(list(self._known)), features=np.stack(list(self._known.values()))
        )
        write_atomically(self.path, buffer.getvalue())
