"""Shells complete what the commands take."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sonoloop.cli.commands import COMMANDS
from sonoloop.cli.completion_script import Commands, described_commands, script
from sonoloop.cli.main import main

BASH, FISH = shutil.which("bash"), shutil.which("fish")
LINES = [
    ("", {" ".join(key).split()[0] for key in COMMANDS}),
    ("synth", {"synthesize"}),
    ("data ", {"prepare", "check", "pack", "export"}),
    ("data p", {"prepare", "pack"}),
    ("synthesize a.png --sa", {"--samples"}),
    ("train diffusion --data d --au", {"--autoencoder"}),
    ("evaluate --real x --split ", {"train", "validation", "test", "all"}),
    ("evaluate --real x --precision b", {"bf16"}),
    ("completion ", {"bash", "zsh", "fish"}),
]
"""What was typed after ``sonoloop``, and what may follow."""


@pytest.fixture(scope="module")
def commands() -> Commands:
    """Describe all commands."""
    return described_commands()


@pytest.mark.skipif(BASH is None, reason="needs bash")
@pytest.mark.parametrize(("typed", "expected"), LINES)
def test_bash_completes(commands: Commands, tmp_path: Path, typed: str, expected: set[str]) -> None:
    """Bash calls the function with the words typed, as on pressing the tab key."""
    words = ["sonoloop", *typed.split(" ")]
    (tmp_path / "sonoloop.bash").write_text(script("bash", commands))
    program = (
        'source sonoloop.bash; complete -p sonoloop >&2; COMP_WORDS=("$@"); '
        'COMP_CWORD=$(($# - 1)); _sonoloop; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(
        [str(BASH), "--norc", "-uc", program, "bash", *words],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(result.stdout.split()) == expected
    assert "-F _sonoloop sonoloop" in result.stderr


@pytest.mark.skipif(BASH is None, reason="needs bash")
def test_bash_leaves_files_to_the_shell(commands: Commands, tmp_path: Path) -> None:
    """Where a file is wanted the function offers nothing, and bash then offers files."""
    text = script("bash", commands)
    assert "complete -o bashdefault -o default" in text
    (tmp_path / "sonoloop.bash").write_text(text)
    program = (
        "source sonoloop.bash; COMP_WORDS=(sonoloop synthesize still); COMP_CWORD=2; _sonoloop; "
        'printf "%s" "${#COMPREPLY[@]}"'
    )
    result = subprocess.run(
        [str(BASH), "--norc", "-c", program],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert result.stdout == "0"


@pytest.mark.skipif(FISH is None, reason="needs fish")
@pytest.mark.parametrize(("typed", "expected"), LINES)
def test_fish_completes(commands: Commands, tmp_path: Path, typed: str, expected: set[str]) -> None:
    """Fish itself tells what it would offer."""
    path = tmp_path / "sonoloop.fish"
    path.write_text(script("fish", commands))
    program = f"source {path}; complete -C 'sonoloop {typed}'"
    result = subprocess.run(
        [str(FISH), "--no-config", "-c", program], check=True, capture_output=True, text=True
    )
    assert {line.split("\t")[0] for line in result.stdout.splitlines()} == expected


def test_zsh_gets_what_bash_gets(commands: Commands) -> None:
    """Its emulation of bash's completion is switched on first."""
    head, _, body = script("zsh", commands).partition("bashcompinit && bashcompinit\n")
    assert "compinit && compinit" in head
    assert body == script("bash", commands).partition("\n")[2]


@pytest.mark.parametrize(
    "name", ["synthesize", "data prepare", "train autoencoder", "evaluate", "classify train"]
)
def test_options_are_those_of_the_help(
    commands: Commands, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each option that the command's own help lists is completed, and no other."""
    with pytest.raises(SystemExit):
        main([*name.split(), "--help"])
    text = capsys.readouterr().out
    listed = set(re.findall(r"^\W{0,3}(?:-h, )?(--[a-z][a-z-]*)", text, flags=re.MULTILINE))
    assert {option.name for option in commands[name].options} == listed


def test_every_command_is_described(commands: Commands) -> None:
    """The table's summary goes with it, and a help text of one sentence with each option."""
    assert [tuple(name.split()) for name in commands] == list(COMMANDS)
    for command in commands.values():
        assert command.summary
        assert all(option.text and ". " not in option.text for option in command.options)
