"""Whatever happens in the other process, this one gets a value or a sentence."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from sonoloop.errors import SonoloopError, UnreadableFileError
from sonoloop.limited_process import LimitedProcess, Limits

LIMITS = Limits(cpu_s=20.0, cpu_s_per_mb=0.0, memory_bytes=128 << 20)


@pytest.fixture(scope="module")
def process() -> Iterator[LimitedProcess]:
    """Keep one for all tests."""
    with LimitedProcess() as process:
        yield process


def identify(_: object) -> int:
    """Tell processes apart."""
    return os.getpid()


def crash(_: object) -> str:
    """Read where no memory is."""
    return str(ctypes.string_at(0))


def spin(_: object) -> None:
    """Hang and keep Python busy."""
    while True:
        pass


def wait_in_c(_: object) -> None:
    """Hang in C without work, and without the interpreter's lock."""
    ctypes.CDLL(None).sleep(100)


def fill(num_bytes: int) -> int:
    """Take memory and let it go again."""
    return len(np.ones(num_bytes, np.uint8))


def complain(_: object) -> None:
    """Raise what only the function knows."""
    raise UnreadableFileError(Path("deep/inside.png"), "is purple")


@pytest.mark.parametrize(
    ("function", "limits", "sentence"),
    [
        (crash, LIMITS, r"a\.avi: crashed the program that decodes it \(status -11\)"),
        (spin, Limits(0.2, 0.0, 128 << 20), r"a\.avi: takes more than 0\.2 s to read"),
        (wait_in_c, Limits(0.02, 0.0, 128 << 20), r"a\.avi: takes more than 0\.02 s to read"),
    ],
)
def test_a_bad_file_costs_its_process_and_no_more(
    process: LimitedProcess, function: object, limits: Limits, sentence: str
) -> None:
    """It is told in a sentence, and the next file is read by another process."""
    before = process.call(identify, None, path=Path("a.avi"), limits=LIMITS)
    began = time.monotonic()
    with pytest.raises(UnreadableFileError, match=sentence):
        process.call(function, None, path=Path("a.avi"), limits=limits)  # type: ignore[arg-type]
    assert time.monotonic() - began < 60
    assert process.call(identify, None, path=Path("a.avi"), limits=LIMITS) not in {
        before,
        os.getpid(),
    }


def test_memory_is_counted_from_the_start_of_each_file(process: LimitedProcess) -> None:
    """Half of what is allowed is given every time; twice of it is refused."""
    for _ in range(4):
        assert process.call(fill, 64 << 20, path=Path("b"), limits=LIMITS) == 64 << 20
    with pytest.raises(UnreadableFileError, match=r"b: takes more than 0\.1 GB of memory to read"):
        process.call(fill, 256 << 20, path=Path("b"), limits=LIMITS)
    assert process.call(fill, 64 << 20, path=Path("b"), limits=LIMITS) == 64 << 20


def test_errors_of_the_function_come_back_as_they_were(process: LimitedProcess) -> None:
    """With the file that they name, and the process stays."""
    before = process.call(identify, None, path=Path("c"), limits=LIMITS)
    with pytest.raises(UnreadableFileError, match=r"^deep/inside\.png: is purple$") as caught:
        process.call(complain, None, path=Path("c"), limits=LIMITS)
    assert caught.value.path == Path("deep/inside.png")
    assert process.call(identify, None, path=Path("c"), limits=LIMITS) == before


def test_relative_paths_mean_the_same_over_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process works in the folder of this one."""
    monkeypatch.chdir(tmp_path)
    with LimitedProcess() as process:
        there = process.call(where, None, path=Path("d"), limits=LIMITS)
    assert there == str(tmp_path)


def where(_: object) -> str:
    """Return the folder of the process."""
    return str(Path.cwd())


def test_an_ended_process_is_gone_and_another_begins() -> None:
    """Ending is safe at any time, also twice."""
    process = LimitedProcess()
    assert process.end() is None
    pid = process.call(identify, None, path=Path("e"), limits=LIMITS)
    assert process.end() == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert process.call(identify, None, path=Path("e"), limits=LIMITS) != pid
    process.end()


SCRIPT = """
import time
from pathlib import Path
from sonoloop.limited_process import LimitedProcess, Limits

print("script")
limits = Limits(cpu_s=20.0, cpu_s_per_mb=0.0, memory_bytes=1 << 30)
process = LimitedProcess()
print(process.call(abs, -7, path=Path("a"), limits=limits), flush=True)
print(process._process.pid, flush=True)
process.call(time.sleep, 300, path=Path("a"), limits=limits)
"""


def test_a_script_needs_no_guard_and_its_process_ends_with_it(tmp_path: Path) -> None:
    """It is not run a second time; when it is killed, nobody works on for it."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    with subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout is not None
        assert [script.stdout.readline() for _ in range(2)] == ["script\n", "7\n"]
        worker = Path("/proc", script.stdout.readline().strip())
        assert worker.is_dir()
        script.kill()
    end = time.monotonic() + 20
    while worker.is_dir() and "State:\tZ" not in (worker / "status").read_text():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_long_files_have_more_time(tmp_path: Path) -> None:
    """By their bytes, those of a folder of frames together."""
    limits = Limits(cpu_s=20.0, cpu_s_per_mb=2.0, memory_bytes=1)
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(bytes(500_000))
    assert limits.seconds(tmp_path / "1.png") == 21.0
    assert limits.seconds(tmp_path) == 22.0
    assert limits.seconds(tmp_path / "missing") == 20.0


def ask_again(path: Path) -> int:
    """Call another limited process from this one."""
    with LimitedProcess() as inner:
        return inner.call(identify, None, path=path, limits=LIMITS)


def test_what_runs_over_there_calls_on_in_place(process: LimitedProcess) -> None:
    """A process that decodes starts no other: it is limited already."""
    there = process.call(identify, None, path=Path("a"), limits=LIMITS)
    assert process.call(ask_again, Path("a"), path=Path("a"), limits=LIMITS) == there


def test_several_threads_may_call(process: LimitedProcess) -> None:
    """Each gets its own answer."""

    def square(number: int) -> int:
        return process.call(fill, number, path=Path("a"), limits=LIMITS)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(square, range(40))) == list(range(40))


def test_one_closed_while_it_starts_does_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the thread that starts it would work on, and its program wait, after SIGTERM."""
    process, start = LimitedProcess(), BaseProcess.start

    def closed(started: BaseProcess) -> None:
        process.close()
        start(started)

    monkeypatch.setattr(BaseProcess, "start", closed)
    with pytest.raises(SonoloopError, match="was closed"):
        process.call(identify, None, path=Path("a.avi"), limits=LIMITS)
    assert process.end() is None


def test_an_end_while_it_starts_stays_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM then raises in the middle of starting; a process not yet there was to be killed."""

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(BaseProcess, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), LimitedProcess() as process:
        process.call(identify, None, path=Path("a.avi"), limits=LIMITS)
    monkeypatch.undo()
    with process:
        assert process.call(identify, None, path=Path("a.avi"), limits=LIMITS) != os.getpid()
