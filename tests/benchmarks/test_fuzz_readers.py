"""A few damaged files of every kind: read, or refused in the project's own words."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonoloop.limited_process import LimitedProcess

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import fuzz_readers  # noqa: E402 - a script, found by the line above

EXAMPLES = 150


class Bench:
    """Whole files, and the process that reads damaged ones."""

    def __init__(self, folder: Path, process: LimitedProcess) -> None:
        """Make the whole files once."""
        (folder / "seeds").mkdir()
        self.whole = fuzz_readers.all_seeds(folder / "seeds")
        self.scratch = folder / "input"
        self.process = process

    def read(self, reader: str, files: fuzz_readers.Files) -> fuzz_readers.Outcome:
        """Write and read one input."""
        path = fuzz_readers.written(files, fuzz_readers.emptied(self.scratch))
        return fuzz_readers.judged(self.process, fuzz_readers.Request(reader, path))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Keep them for all tests."""
    with LimitedProcess() as process:
        yield Bench(tmp_path_factory.mktemp("fuzz"), process)


def test_whole_files_are_read(bench: Bench) -> None:
    """Else damage would prove nothing; few of those for provenance have one."""
    assert set(bench.whole) == set(fuzz_readers.READERS)
    for reader, whole in bench.whole.items():
        kinds = [bench.read(reader, files).kind for files in whole]
        assert "read" in kinds
        assert reader == "provenance" or set(kinds) == {"read"}, reader


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    reader=st.sampled_from(sorted(fuzz_readers.READERS)), random=st.randoms(use_true_random=False)
)
def test_damaged_files_are_read_or_refused(bench: Bench, reader: str, random: object) -> None:
    """Neither an error of a library, nor a crash, nor 10 s, nor a gigabyte."""
    files = fuzz_readers.one_input(reader, bench.whole[reader], random)  # type: ignore[arg-type]
    outcome = bench.read(reader, files)
    assert outcome.kind in {"read", "refused"}, outcome.words


@pytest.mark.slow
def test_the_script_reads_in_its_limited_process(tmp_path: Path) -> None:
    """A process that cannot find what it shall call would count every input as a crash."""
    words = ["--inputs", "3", "--reader", "bmp", "--out", str(tmp_path)]
    script = [sys.executable, str(BENCHMARKS / "fuzz_readers.py"), *words]
    result = subprocess.run(script, capture_output=True, text=True, check=True)
    *_, last = result.stdout.splitlines()
    name, read, refused, *others, total = last.split()
    assert (name, int(read) + int(refused), total) == ("all", 3, "3"), result.stderr
    assert set(others) == {"0"}
