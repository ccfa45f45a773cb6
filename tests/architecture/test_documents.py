"""What the documents say can be done: commands, options, files and functions in them exist."""

import re
import shlex
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

from sonoloop.cli.main import COMMANDS, Command, main

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _relative(path: Path) -> str:
    """Name a test case by its place in the repository."""
    return str(path.relative_to(ROOT))


def _command_lines(text: str) -> list[str]:
    """Return the ``sonoloop ...`` lines of the fenced blocks, continuations joined."""
    blocks = re.findall(r"```(?:bash|sh|console)?\n(.*?)```", text, flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if re.match(r"(\.venv/bin/)?sonoloop ", line)]


@cache
def _anchors(path: Path) -> frozenset[str]:
    """Name the headings of a document as GitHub and the site do in addresses."""
    prose = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)", prose, flags=re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings)


@cache
def _help(words: tuple[str, ...]) -> str:
    """Return what a command prints about itself."""
    text = StringIO()
    with pytest.raises(SystemExit), redirect_stdout(text):
        main([*words, "--help"])
    return text.getvalue()


def _check(line: str) -> None:
    """Assert that the command and each of its options exist."""
    words = shlex.split(line, comments=True)[1:]
    known = [key for key in COMMANDS if tuple(words[: len(key)]) == key]
    if not known and words[0].startswith("--"):
        return
    assert known, f"no such command: {line}"
    for word in words[len(known[0]) :]:
        if word.startswith("--"):
            option = word.split("=")[0]
            assert re.search(rf"{option}\b", _help(known[0])), f"no option {option}: {line}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=_relative)
def test_commands_in_documents_exist(path: Path) -> None:
    """Each command line shown names a command and options that there are."""
    for line in _command_lines(path.read_text()):
        _check(line)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_examples_in_the_help_exist(words: tuple[str, ...]) -> None:
    """Each example of the command line's own help is one that it takes."""
    command: Command = COMMANDS[words]
    for example in command.examples:
        _check(f"sonoloop {' '.join(words)} {example}")


@pytest.mark.parametrize("path", DOCUMENTS, ids=_relative)
def test_links_in_documents_lead_somewhere(path: Path) -> None:
    """Each relative link points at a file of the repository, and its anchor at a heading there."""
    for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", path.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        found = path.parent / name if name else path
        assert found.exists(), f"{target} in {path.name}"
        assert not anchor or anchor in _anchors(found), f"{target} in {path.name}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=_relative)
def test_code_named_in_documents_exists(path: Path) -> None:
    """Each `folder/file.py` or `folder/file.py:name` names a source file and what it defines."""
    for place, name in re.findall(r"`([\w/]+\.py)(?::([\w.]+))?`", path.read_text()):
        candidates = [ROOT / place, ROOT / "src" / "sonoloop" / place]
        found = [candidate for candidate in candidates if candidate.is_file()]
        assert found, f"no file {place}"
        if name:
            pattern = rf"^\s*(def|class) {name.split('.')[-1]}\b|^{name} ?[:=]"
            assert re.search(pattern, found[0].read_text(), flags=re.MULTILINE), f"{place}:{name}"
