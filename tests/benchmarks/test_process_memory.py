"""Memory is measured and judged as it is."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from process_memory import described, growth, memory_mb


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_own_memory_and_that_of_children_is_counted() -> None:
    """80 MB here and 80 MB in a process that was started."""
    before = memory_mb(os.getpid())
    kept = np.ones(10**7)
    assert memory_mb(os.getpid()) - before == pytest.approx(80, abs=5)
    child = 'kept = b"1" * 80_000_000; print(flush=True); input()'
    with subprocess.Popen(
        [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert memory_mb(os.getpid()) - before == pytest.approx(160, abs=20)
        process.communicate(b"\n")
    assert memory_mb(os.getpid()) - before == pytest.approx(80, abs=5)
    assert kept.all()


def test_growth_is_that_of_a_line_after_the_warm_up() -> None:
    """A level that is reached in the first fifth is flat; 1 MB a sample is not."""
    assert growth([0.0] * 20 + [100.0] * 80) == (pytest.approx(0), True)
    rising = [100.0 + number for number in range(100)]
    assert growth(rising) == (pytest.approx(79), False)
    assert described(rising) == "100 | 150 | 199 | 199 | +79.0 MB (NOT FLAT)"
    assert growth(rising[::-1]).is_flat
