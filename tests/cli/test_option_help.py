"""Option help: plain words, whole sentences, within a terminal of 80 columns."""

import dataclasses
from pathlib import Path

import pytest
import tyro
from pydantic import BaseModel, ConfigDict, Field

from sonoloop.cli.main import COMMANDS, main
from sonoloop.cli.option_help import introduction, readable
from sonoloop.recipes.config import preset_names


class Settings(BaseModel):
    """Settings with a bound."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    size: int = Field(default=64, le=256)
    """Side of a frame,
    in pixels."""


@dataclasses.dataclass(frozen=True)
class Choices:
    """Choices.

    Args:
        title: What stands
            on top.
    """

    title: str | None = None


def command(
    paths: tuple[Path, ...],
    /,
    *,
    out: Path,
    is_quick: bool = False,
    settings: Settings,
    choices: Choices,
) -> list[object]:
    """Do what a test needs.

    At once.

    Args:
        paths: What to read.
        out: Where it goes, said in two
            lines.
        is_quick: Hurry.
        settings: How.
        choices: Which.

    Returns:
        The arguments.
    """
    return [paths, out, is_quick, settings, choices]


def help_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> str:
    """Return the help of a command in a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as end:
        main((*words, "--help"))
    assert end.value.code == 0
    return capsys.readouterr().out


def test_options_reach_the_command_as_it_wants_them() -> None:
    """Options of the settings classes stand beside the others and arrive in their classes."""
    words = ["a", "b", "--out", "c", "--is-quick", "--size", "32", "--title", "t"]
    paths, out, is_quick, settings, choices = tyro.cli(readable(command), args=words)
    assert (paths, out, is_quick) == ((Path("a"), Path("b")), Path("c"), True)
    assert settings == Settings(size=32)
    assert choices == Choices(title="t")
    *_, settings, choices = tyro.cli(readable(command), args=["a", "--out", "c"])
    assert (settings, choices) == (Settings(), Choices())


def test_help_is_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Texts go on after a line break; only defaults that say something are told."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        tyro.cli(readable(command), prog="command", description="", args=["--help"])
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for part in (
        "PATH ... What to read. (required)",
        "Where it goes, said in two lines. (required)",
        "--is-quick Hurry.",
        "--size INT Side of a frame, in pixels. (default: 64)",
        "--title TEXT What stands on top.",
    ):
        assert part in text
    for part in ("None", "False", "no-is-quick", "settings options", "choices options"):
        assert part not in text


def test_introduction_ends_before_the_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is wrapped to the terminal."""
    monkeypatch.setenv("COLUMNS", "12")
    assert introduction(command) == "Do what a\ntest needs.\n\nAt once."


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_of_every_command_reads_well(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fits, says first what it does, and last what to type; nothing speaks Python."""
    text = help_of(monkeypatch, capsys, *words)
    lines = text.splitlines()
    assert max(len(line) for line in lines if not line.startswith("usage: ")) <= 80
    assert lines[0][0].isupper()
    for odd in ("None", "(default: )", "options options", "STR", "FLOAT"):
        assert odd not in text
    _, _, examples = text.partition("\nExamples:\n")
    assert examples.startswith(f"  sonoloop {' '.join(words)}")


@pytest.mark.parametrize("stage", ["autoencoder", "diffusion"])
def test_training_names_every_preset(
    stage: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A preset that is added must be told."""
    text = " ".join(help_of(monkeypatch, capsys, "train", stage).replace("│", " ").split())
    assert f"Name of a preset ({', '.join(preset_names())})" in text
