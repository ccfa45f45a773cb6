"""ffmpeg's decoders give the same pixels as the files' uncompressed twins."""

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from sonoloop.data.dicom_jpeg import jpeg_frames


@pytest.mark.parametrize(
    ("compressed", "plain"),
    [
        ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"),
        ("SC_rgb_jpeg_gdcm.dcm", "SC_rgb_rle.dcm"),
    ],
)
def test_real_files_match_their_uncompressed_twins(compressed: str, plain: str) -> None:
    """Pairs of one picture that ship with pydicom: 16-bit JPEG-LS, colour JPEG Lossless."""
    paths = [get_testdata_file(name, download=False) for name in (compressed, plain)]
    assert all(paths), "pydicom no longer ships these files: take another pair"
    frames = list(jpeg_frames(dcmread(paths[0]), 1))
    assert len(frames) == 1
    np.testing.assert_array_equal(frames[0], dcmread(paths[1]).pixel_array)
