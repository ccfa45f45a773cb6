"""The tutorials run as they are written, and print what they say they print."""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIALS = sorted((Path(__file__).parents[2] / "docs" / "tutorials").glob("*.md"))
QUICK = {"still_to_loop"}
"""What every run of the tests can wait for."""
BLOCK = re.compile(r"^```(bash|python|text)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def _cases() -> list[object]:
    """Mark those that take longer."""
    return [
        pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else pytest.mark.slow)
        for path in TUTORIALS
    ]


class Reader:
    """Does what a tutorial tells, in one folder and one Python session."""

    def __init__(self, folder: Path) -> None:
        """Put ``sonoloop`` and ``python`` of this interpreter on the path."""
        self.folder = folder / "work"
        self.folder.mkdir()
        programs = folder / "programs"
        programs.mkdir()
        for name, words in (("python", ""), ("sonoloop", "-m sonoloop ")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
            program.chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "SONOLOOP_WEIGHTS_DIR": str(folder / "none"),  # as on a new machine
        }
        self.names: dict[str, object] = {"__name__": "__main__"}

    def follow(self, language: str, block: str) -> str:
        """Run a block and return what it printed."""
        if language == "python":
            printed = io.StringIO()
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(printed):
                exec(block, self.names)  # noqa: S102 - the tutorial's own lines
            return printed.getvalue()
        result = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", block],
            cwd=self.folder,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout


@pytest.mark.parametrize("path", _cases())
def test_tutorial_runs_as_written(path: Path, tmp_path: Path) -> None:
    """Every bash and python block in order; a text block after one is its output, ... for any."""
    reader, printed = Reader(tmp_path), ""
    blocks = BLOCK.findall(path.read_text())
    assert {"bash", "python"} <= {language for language, _ in blocks}
    for language, block in blocks:
        if language == "text":
            options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            assert doctest.OutputChecker().check_output(block, printed, options), printed
        else:
            printed = reader.follow(language, block)


def test_no_block_is_left_out() -> None:
    """Each fence of a tutorial has a language that is run or compared."""
    for path in TUTORIALS:
        text = path.read_text()
        assert text.count("```") == 2 * len(BLOCK.findall(text)), path.name


def test_a_wrong_line_fails(tmp_path: Path) -> None:
    """A command that ends with an error stops the tutorial, and so does a Python error."""
    reader = Reader(tmp_path)
    with pytest.raises(AssertionError, match="no command 'sonoloop sing'"):
        reader.follow("bash", "sonoloop sing\n")
    with pytest.raises(NameError):
        reader.follow("python", "print(unheard_of)\n")
