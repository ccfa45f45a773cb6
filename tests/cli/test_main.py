"""The command line finds commands, parses options and turns errors into exits."""

import errno
import os
import signal
import subprocess
import sys
import time
from types import ModuleType

import pytest
import torch

from sonoloop import __version__
from sonoloop.cli import main as cli
from sonoloop.errors import SonoloopError, UnreadableFileError, UsageError


def exit_status(*words: str) -> int:
    """Run the command in this process and return its exit status."""
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Replace the table of commands by one command ``stub`` whose function a test sets."""
    module = ModuleType("stub_command")
    monkeypatch.setitem(sys.modules, "stub_command", module)
    command = cli.Command("stub_command", "stub", "does nothing", ("--count 3",))
    monkeypatch.setattr(cli, "COMMANDS", {("stub",): command, ("group", "stub"): command})
    return module


def test_help_names_every_command_with_a_line_to_copy(capsys: pytest.CaptureFixture[str]) -> None:
    """The overview lists each command and starts an example with it."""
    assert exit_status("--help") == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for words in cli.COMMANDS:
        assert text.count(" ".join(words)) >= 2


def test_help_is_fast_and_imports_no_torch() -> None:
    """``sonoloop --help`` answers within a second on an idle core and leaves torch unloaded."""
    program = (
        "import sys\nfrom sonoloop.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    durations = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
        durations.append(time.perf_counter() - start)
    assert min(durations) <= 1.0


@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, "10000"), ({"GOMP_SPINCOUNT": "5"}, "5"), ({"OMP_WAIT_POLICY": "active"}, None)],
)
def test_threads_wait_asleep_unless_the_user_says_otherwise(
    given: dict[str, str], spins: str | None
) -> None:
    """It must be settled before torch is imported; spinning threads made a busy machine crawl."""
    program = (
        "import os, sys; from sonoloop.cli.main import main\n"
        "try: main(['--version'])\n"
        "finally: print(os.environ.get('GOMP_SPINCOUNT'), 'torch' in sys.modules)"
    )
    names = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}
    others = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=others | given,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == f"{spins} False"


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """``sonoloop --version`` prints the version of the package."""
    assert exit_status("--version") == 0
    assert capsys.readouterr().out == f"sonoloop {__version__}\n"


def test_no_command_and_unfinished_group_show_help_as_usage_errors(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing to do is status 2 with the overview; a group's own help lists only its commands."""
    assert exit_status() == 2
    assert "Commands:" in capsys.readouterr().out
    assert exit_status("train") == 2
    assert exit_status("train", "--help") == 0
    assert "synthesize" not in capsys.readouterr().out


def test_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error is answered with the command that was probably meant."""
    assert exit_status("synthesise", "a.png") == 2
    assert "did you mean 'sonoloop synthesize'?" in capsys.readouterr().err
    assert exit_status("qqq") == 2
    assert "'sonoloop --help' lists them all" in capsys.readouterr().err


def test_options_reach_the_function(stub: ModuleType) -> None:
    """Words of one and of two levels reach the same typed function; its return is the status."""
    seen = []

    def command(*, count: int = 1) -> int:
        """Count."""
        seen.append(count)
        return 0

    stub.stub = command
    assert exit_status("stub", "--count", "3") == 0
    assert exit_status("group", "stub", "--count", "4") == 0
    assert seen == [3, 4]


def test_help_of_a_command_shows_its_options_and_examples(
    stub: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """Help is composed of docstring, option docs and runnable lines."""

    def command(*, count: int = 1) -> None:
        """Count things.

        Args:
            count: How many things.
        """

    stub.stub = command
    assert exit_status("stub", "--help") == 0
    text = capsys.readouterr().out
    assert "Count things." in text
    assert "How many things." in text
    assert "sonoloop stub --count 3" in text
    assert "Args:" not in text


@pytest.mark.parametrize("words", [("stub", "--count", "three"), ("stub", "--cout", "3")])
def test_wrong_options_are_usage_errors(
    stub: ModuleType, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """What tyro cannot parse exits 2 and shows no traceback."""

    def command(*, count: int = 1) -> None:
        """Count."""

    stub.stub = command
    assert exit_status(*words) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (SonoloopError("loss became NaN at step 3"), 1, "loss became NaN at step 3"),
        (UsageError("--size is 7, use 64 to 256"), 2, "--size is 7, use 64 to 256"),
        (UnreadableFileError("a.png", "is empty"), 1, "a.png: is empty"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (KeyboardInterrupt("SIGINT received"), 130, "stopped (SIGINT received): run the same"),
        (KeyboardInterrupt("SIGTERM received"), 143, "stopped (SIGTERM received): run the same"),
        (MemoryError(), 1, "out of memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), 1, "out of memory: close other programs"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/a.mp4"),
            1,
            "out/a.mp4: No space left on device; free some space or choose another --out",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "out"),
            1,
            "out: Permission denied; change its permissions or choose another --out",
        ),
        (OSError("odd"), 1, "odd"),
        (
            OSError("204800 requested and 99872 written"),
            1,
            "the disk took only part of a file (204800 requested and 99872 written); free some",
        ),
    ],
    ids=repr,
)
def test_errors_become_one_sentence_and_a_status(
    stub: ModuleType,
    error: BaseException,
    status: int,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A failure a user can meet is one line on standard error without traceback."""

    def command() -> None:
        """Fail."""
        raise error

    stub.stub = command
    assert exit_status("stub") == status
    text = capsys.readouterr().err
    assert sentence in text
    assert text.count("\n") == 1


def test_sigterm_undoes_what_is_half_done(
    stub: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a scheduler ends a job: blocks that clean up still do."""
    cleaned = []

    def command() -> None:
        """Wait for the end."""
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            cleaned.append(True)

    stub.stub = command
    former = signal.getsignal(signal.SIGTERM)
    assert exit_status("stub") == 143
    assert capsys.readouterr().err == "sonoloop: ended by SIGTERM\n"
    assert cleaned == [True]
    assert signal.getsignal(signal.SIGTERM) is former


def test_invalid_setting_is_a_usage_error(
    stub: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pydantic refusal names the field and the value and exits 2."""
    from pydantic import BaseModel, Field  # noqa: PLC0415 (only this test needs it)

    class Settings(BaseModel):
        """One bounded number."""

        size: int = Field(le=256)

    def command() -> None:
        """Fail."""
        Settings(size=1000)

    stub.stub = command
    assert exit_status("stub") == 2
    assert "size: Input should be less than or equal to 256, got 1000" in capsys.readouterr().err
