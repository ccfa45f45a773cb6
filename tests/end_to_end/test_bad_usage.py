"""Mistakes on the command line end with status 2, one sentence and no traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest

ExitStatus = Callable[..., int]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--preset", "tinny"), "did you mean 'tiny'"),
        (("--preset", "absent.toml"), "absent.toml"),
        (("--preset", "tiny", "--set", "autoencoder.latent_chanels=3"), "latent_channels"),
        (("--preset", "tiny", "--set", "clip.size=7"), "clip.size"),
        (("--preset", "tiny", "--set", "clip.size"), "section.key=value"),
        (("--preset", "tiny"), "absent"),
    ],
    ids=["preset", "preset file", "key", "value", "form", "dataset"],
)
def test_training_refuses_what_it_cannot_use(
    tmp_path: Path,
    words: tuple[str, ...],
    message: str,
    exit_status: ExitStatus,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wrong preset, setting or dataset is named, with what would be right, and nothing starts."""
    out = tmp_path / "run"
    data = tmp_path / "absent"
    assert exit_status("train", "autoencoder", "--data", data, "--out", out, *words) == 2
    text = " ".join(capsys.readouterr().err.split())
    assert message in text
    assert "Traceback" not in text
    assert not out.exists()


def test_a_preset_file_with_an_unknown_key_is_refused(
    tmp_path: Path, exit_status: ExitStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key and the nearest right one are named."""
    preset = tmp_path / "mine.toml"
    preset.write_text("[autoencoder_training]\nlearning_rat = 1e-3\n")
    words = ("--data", tmp_path, "--out", tmp_path / "run", "--preset", preset)
    assert exit_status("train", "autoencoder", *words) == 2
    text = capsys.readouterr().err
    assert "learning_rat" in text
    assert "did you mean autoencoder_training.learning_rate" in text


def test_synthesis_refuses_absent_stills_and_models(
    tmp_path: Path, exit_status: ExitStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped still or model is named and no folder is made."""
    out = tmp_path / "loops"
    assert exit_status("synthesize", tmp_path / "absent.png", "--out", out) == 2
    assert "absent.png" in capsys.readouterr().err
    still = tmp_path / "still.png"
    still.write_bytes(b"")
    words = ("--out", out, "--model", tmp_path / "no_model")
    assert exit_status("synthesize", still, *words) in {1, 2}
    assert "no_model" in capsys.readouterr().err
    assert not out.exists() or not any(out.iterdir())
