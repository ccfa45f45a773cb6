"""Published arrays become torch's."""

import numpy as np
import pytest

from sonoloop.errors import SonoloopError
from sonoloop.features.weight_conversion import convert_i3d, convert_lpips


def test_i3d_is_renamed_and_transposed() -> None:
    """(t, h, w, in, out) becomes (out, in, t, h, w)."""
    kernel = np.arange(2 * 3 * 4 * 5 * 6, dtype=np.float32).reshape(2, 3, 4, 5, 6)
    vector = np.arange(6, dtype=np.float32)
    unit = "Mixed_4b/Branch_1/Conv3d_0b_3x3"
    converted = convert_i3d(
        {
            f"params/{unit}/Conv_0/kernel": kernel,
            f"params/{unit}/BatchNorm_0/bias": vector,
            f"batch_stats/{unit}/BatchNorm_0/mean": vector.reshape(1, 1, 1, 1, 6) + 1,
            f"batch_stats/{unit}/BatchNorm_0/var": vector.reshape(1, 1, 1, 1, 6) + 2,
            "params/Conv3d_2c_3x3/Conv_0/kernel": kernel,
            "params/Mixed_3c/Branch_3/Conv3d_0b_1x1/Conv_0/kernel": kernel,
            "params/Logits/Conv3d_0c_1x1/Conv_0/kernel": kernel,
            "params/Logits/Conv3d_0c_1x1/Conv_0/bias": vector,
        }
    )
    assert converted["mixed_4b.branch_1b.weight"][4, 3, 1, 2, 0] == kernel[1, 2, 0, 3, 4]
    np.testing.assert_array_equal(converted["mixed_4b.branch_1b.beta"], vector)
    np.testing.assert_array_equal(converted["mixed_4b.branch_1b.mean"], vector + 1)
    np.testing.assert_array_equal(converted["mixed_4b.branch_1b.variance"], vector + 2)
    rest = {"conv_2c.weight", "mixed_3c.branch_3.weight", "logits.weight", "logits.bias"}
    assert rest < converted.keys()
    assert all(array.flags.c_contiguous for array in converted.values())


def test_lpips_is_renamed_and_transposed() -> None:
    """(h, w, in, out) becomes (out, in, h, w)."""
    kernel = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    head = np.arange(5, dtype=np.float32)
    converted = convert_lpips(
        {
            "VGG16_0/Conv_12/kernel": kernel,
            "VGG16_0/Conv_12/bias": head,
            "NetLinLayer_4/Conv_0/kernel": head.reshape(1, 1, 5, 1),
        }
    )
    assert converted["trunk.12.weight"][4, 3, 1, 2] == kernel[1, 2, 3, 4]
    np.testing.assert_array_equal(converted["trunk.12.bias"], head)
    np.testing.assert_array_equal(converted["heads.4"], head)


@pytest.mark.parametrize(
    "name", ["params/Conv3d_1a_7x7/Dense_0/kernel", "params/Mixed_9/x/Conv_0/kernel", "x"]
)
def test_unknown_arrays_are_named(name: str) -> None:
    """Of either net."""
    arrays = {name: np.zeros((1, 1, 1, 1, 1), np.float32)}
    with pytest.raises(SonoloopError, match=r"the I3D weights have .* which is not known"):
        convert_i3d(arrays)
    with pytest.raises(SonoloopError, match=r"the LPIPS weights have .* which is not known"):
        convert_lpips(arrays)
