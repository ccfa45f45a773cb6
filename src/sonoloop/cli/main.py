"""The ``sonoloop`` command: finds the subcommand, parses its options, turns errors into exits.

A command is looked up in ``COMMANDS`` by its words and only then imported, so ``sonoloop --help``
loads nothing but that table. Exit status: 0 done, 1 the run failed or some items were skipped,
2 wrong usage and nothing was started, 130 interrupted, 143 ended by SIGTERM.
"""

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from types import FrameType

from sonoloop import __version__
from sonoloop.cli.commands import COMMANDS, Command
from sonoloop.errors import SonoloopError, UsageError, is_out_of_memory

SPINS = "10000"
"""How often a thread of torch looks for work before it sleeps (libgomp): microseconds instead of
milliseconds, which on a busy machine take the time of the threads that would bring the work."""

LINE_LENGTH = 77
"""Most characters of an example, with room for indent and backslash in a terminal of 80."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status.

    Args:
        argv: Words after ``sonoloop``; None takes those of the process.

    Raises:
        SystemExit: Always, with the exit status.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # read when torch is imported
    try:
        with _ended_in_order():
            status = _run(words)
    except SonoloopError as error:
        status = _complain(str(error), error.exit_status)
    except _TerminatedError:
        status = _complain("ended by SIGTERM", 128 + signal.SIGTERM)
    except KeyboardInterrupt as interrupt:
        status = _stopped(str(interrupt))
    except BrokenPipeError:
        status = 1  # the reader of our output (head, less) has gone: nothing left to say
    except OSError as error:
        status = _complain(_os_error_sentence(error), 1)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        status = _complain("out of memory: close other programs or give it fewer items at once", 1)
    sys.exit(status)


class _TerminatedError(KeyboardInterrupt):
    """The system or a scheduler asked to end."""


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM undo what is half-done, as Ctrl-C does; training takes both over itself."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may take signals
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise _TerminatedError

    former = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _run(words: list[str]) -> int:
    """Dispatch to a command and return its exit status."""
    if words and words[0] in {"-V", "--version"}:
        sys.stdout.write(f"sonoloop {__version__}\n")
        return 0
    if not words or words[0] in {"-h", "--help"}:
        sys.stdout.write(_help(COMMANDS))
        return 0 if words else UsageError.exit_status
    for length in (1, 2):
        key = tuple(words[:length])
        if key in COMMANDS:
            return _run_command(key, COMMANDS[key], words[length:])
    group = {key: command for key, command in COMMANDS.items() if key[0] == words[0]}
    if group and (len(words) == 1 or words[1] in {"-h", "--help"}):
        sys.stdout.write(_help(group))
        return 0 if len(words) > 1 else UsageError.exit_status
    raise UsageError(_unknown_command_sentence(words))


def _run_command(key: tuple[str, ...], command: Command, options: list[str]) -> int:
    """Import one command, parse its options with tyro and call it."""
    import tyro  # noqa: PLC0415 (only a command that runs pays for it)
    from pydantic import ValidationError  # noqa: PLC0415

    from sonoloop.cli.option_help import introduction, readable  # noqa: PLC0415

    function: Callable[..., int | None] = getattr(import_module(command.module), command.function)
    name = " ".join(("sonoloop", *key))
    asks_for_help = not {"-h", "--help"}.isdisjoint(options)
    if asks_for_help:
        sys.stdout.write(f"{introduction(function)}\n\n")
    try:
        status = tyro.cli(readable(function), prog=name, description="", args=options)
    except SystemExit:
        if asks_for_help:
            examples = (_example(f"{name} {example}") for example in command.examples)
            sys.stdout.write("\n".join(("\nExamples:", *examples, "")))
        raise
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or error.title
        msg = f"{place}: {first['msg']}, got {first['input']!r}"
        raise UsageError(msg) from error
    return int(status or 0)


def _help(commands: dict[tuple[str, ...], Command]) -> str:
    """Compose the overview: one line per command and a line to copy for each."""
    width = max(len(" ".join(key)) for key in commands)
    lines = [
        f"sonoloop {__version__} turns a still ultrasound image into a cine loop.",
        "",
        "Commands:",
        *(f"  {' '.join(key):{width}}  {command.summary}" for key, command in commands.items()),
        "",
        "Examples:",
        *(_example(f"sonoloop {' '.join(key)} {commands[key].examples[0]}") for key in commands),
        "",
        "sonoloop COMMAND --help lists the options of one command,",
        "sonoloop --version the version.",
    ]
    return "\n".join(lines) + "\n"


def _example(words: str) -> str:
    """Set a line to copy, continued after a backslash where it is too long."""
    lines = [""]
    for option in words.rstrip().replace(" --", "\0--").split("\0"):
        longer = f"{lines[-1]} {option}"
        if len(longer) > LINE_LENGTH and lines[-1]:
            lines.append(f"     {option}")
        else:
            lines[-1] = longer
    return " \\\n".join(f" {line}" for line in lines)


def _unknown_command_sentence(words: list[str]) -> str:
    """Name the nearest command to what was typed."""
    known = [" ".join(key) for key in COMMANDS]
    typed = " ".join(words[:2])
    near = get_close_matches(typed, known, n=1) or get_close_matches(words[0], known, n=1)
    hint = f"did you mean 'sonoloop {near[0]}'?" if near else "'sonoloop --help' lists them all"
    return f"there is no command 'sonoloop {typed}': {hint}"


def _os_error_sentence(error: OSError) -> str:
    """Say which file the system refused, why, and what helps."""
    remedies = {
        errno.ENOSPC: "free some space or choose another --out",
        errno.EDQUOT: "free some space or choose another --out",
        errno.EFBIG: "the disk takes no file of this size: choose another --out",
        errno.EACCES: "change its permissions or choose another --out",
        errno.EPERM: "change its permissions or choose another --out",
        errno.EROFS: "choose another --out",
        errno.ENOENT: "check the path",
        errno.ENOTDIR: "a file stands where a folder is needed; choose another path",
        errno.EISDIR: "a folder stands where a file is needed; choose another path",
        errno.EEXIST: "choose another path",
    }
    place = f"{error.filename}: " if error.filename else ""
    if error.errno is None and "requested and" in str(error):  # how numpy says that a disk is full
        return f"{place}the disk took only part of a file ({error}); {remedies[errno.ENOSPC]}"
    reason = error.strerror or str(error) or type(error).__name__
    remedy = remedies.get(error.errno or 0)
    return f"{place}{reason}" + (f"; {remedy}" if remedy else "")


def _stopped(reason: str) -> int:
    """Tell what Ctrl-C ended, or a signal that a training has taken and obeyed in order."""
    from sonoloop.training.interruption import exit_status  # noqa: PLC0415 - rarely needed

    status = exit_status(reason)
    if not status:
        return _complain("interrupted", 130)
    return _complain(f"stopped ({reason}): run the same command again to go on", status)


def _complain(sentence: str, status: int) -> int:
    """Print one sentence on standard error and return the exit status."""
    sys.stderr.write(f"sonoloop: {sentence}\n")
    return status
