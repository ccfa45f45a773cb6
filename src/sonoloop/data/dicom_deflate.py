"""Deflated DICOM files (PS3.5 A.5): how much they unpack to, told before memory is taken."""

import zlib
from pathlib import Path
from typing import Final

from pydicom.filereader import read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian

from sonoloop.data.pixel_limits import MAX_RECORDING_BYTES
from sonoloop.errors import UnreadableFileError

BEFORE_META: Final = 128 + 4 + 12
"""Preamble, "DICM" and the element that holds the length of the rest of the header (PS3.10 7.1)."""
READ_AT_ONCE: Final = 1 << 16
UNPACKED_AT_ONCE: Final = 1 << 20


def check_unpacked_size(path: Path) -> None:
    """Refuse a deflated file that unpacks to more than a recording may take.

    pydicom unpacks all of it at once, so a file of a few megabytes could fill the memory.

    Args:
        path: A DICOM Part 10 file; of another syntax it passes.

    Raises:
        UnreadableFileError: If it is too large unpacked, or damaged.
    """
    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    start = BEFORE_META + int(meta.get("FileMetaInformationGroupLength", 0))
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    num_bytes = 0
    try:
        with path.open("rb") as file:
            file.seek(start)
            while packed := unpacker.unconsumed_tail or file.read(READ_AT_ONCE):
                num_bytes += len(unpacker.decompress(packed, UNPACKED_AT_ONCE))
                if num_bytes > MAX_RECORDING_BYTES:
                    reason = f"unpacks to more than {MAX_RECORDING_BYTES >> 20} MB: it is not read"
                    raise UnreadableFileError(path, reason)
    except zlib.error as error:
        raise UnreadableFileError(path, "its deflated content is damaged") from error
