"""Memory is measured and judged as it is."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from process_memory import described, family, growth, memory_mb

PARENT = """
import subprocess, sys, threading, time
kept = b"1" * 80_000_000
child = "kept = b'1' * 80_000_000; print(flush=True); input()"
with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=-1) as process:
    process.stdout.readline()
    print(process.pid, flush=True)
    input()
    process.communicate(b"\\n")
print(flush=True)
while True:  # threads come and go
    thread = threading.Thread(target=time.sleep, args=(0.002,))
    thread.start()
    sum(range(20_000))
"""
INTERPRETER_MB = pytest.approx(10, abs=10)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_own_memory_and_that_of_children_is_counted() -> None:
    """80 MB in a process and 80 MB in one that it started, and while its threads come and go."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert list(family(parent.pid)) == [parent.pid, child]
        assert list(family(parent.pid, apart=child)) == [parent.pid]
        assert memory_mb(child) - 80 == INTERPRETER_MB
        both = memory_mb(parent.pid)
        assert (both - 160) / 2 == INTERPRETER_MB
        assert both - memory_mb(parent.pid, apart=child) == pytest.approx(memory_mb(child), abs=5)
        parent.stdin.write("\n")
        parent.stdin.flush()
        parent.stdout.readline()
        for _ in range(50):
            assert memory_mb(parent.pid) - 80 == INTERPRETER_MB
        parent.kill()
    assert memory_mb(parent.pid) == 0


def test_growth_is_that_of_a_line_after_the_warm_up() -> None:
    """A level that is reached in the first fifth is flat; 1 MB a sample is not."""
    assert growth([0.0] * 20 + [100.0] * 80) == (pytest.approx(0), True)
    rising = [100.0 + number for number in range(100)]
    assert growth(rising) == (pytest.approx(79), False)
    assert described(rising) == "100 | 150 | 199 | 199 | +79.0 MB (NOT FLAT)"
    assert growth(rising[::-1]).is_flat
