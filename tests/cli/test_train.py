"""``sonoloop train`` passes its options on and refuses bad ones at once."""

import json
from pathlib import Path

import pytest

from sonoloop.cli.main import main
from sonoloop.training.loop import Outcome

STAGES = ["autoencoder", "diffusion", "conditioner", "flow"]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Run a command; return exit status, output and errors."""
    with pytest.raises(SystemExit) as stopped:
        main(words)
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err


def options(stage: str) -> list[str]:
    """Give the options that a stage needs."""
    needed = ["train", stage, "--data", "missing", "--out", "run"]
    return needed + (["--autoencoder", "missing"] if stage in {"diffusion", "flow"} else [])


@pytest.mark.parametrize("stage", STAGES)
def test_dry_run_prints_the_settings(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Preset and overrides, resolved; --set may be repeated or take several."""
    section = f"{stage}_training"
    words = [
        "--set",
        f"{section}.max_steps=3",
        f"{section}.seed=4",
        "--set",
        f"{section}.betas=[0.5, 0.9]",
    ]
    status, out, _ = run(capsys, *options(stage), "--preset", "tiny", *words, "--dry-run")
    assert status == 0
    settings = json.loads(out)[section]
    assert (settings["max_steps"], settings["seed"], settings["betas"]) == (3, 4, [0.5, 0.9])


@pytest.mark.parametrize("stage", STAGES)
def test_a_signal_ends_the_script_that_trains(
    stage: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training that Ctrl-C stopped does not end with 0, though it left a checkpoint."""
    outcome = Outcome(3, "SIGINT received", None)
    recipe = f"sonoloop.recipes.train_{stage}.train_{stage}"
    monkeypatch.setattr(recipe, lambda *_, **__: outcome)
    status, *_ = run(capsys, *options(stage), "--preset", "tiny")
    assert status == 130


def test_control_is_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """--control switches it on, whatever the preset says."""
    for words, expected in (([], False), (["--control"], True)):
        status, out, _ = run(capsys, *options("diffusion"), "--dry-run", *words)
        assert status == 0
        assert json.loads(out)["control"] is expected


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--preset", "tyni"], "did you mean 'tiny'"),
        (["--set", "diffusion.dept=3"], "did you mean diffusion.depth"),
        (["--set", "diffusion.depth"], "write section.key=value"),
        (["--set", "diffusion.depth=none"], "diffusion.depth"),
    ],
)
def test_bad_setting_is_usage(
    stage: str, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2 and one sentence."""
    status, _, err = run(capsys, *options(stage), *words)
    assert status == 2
    assert sentence in err
    assert "Traceback" not in err


@pytest.mark.parametrize("stage", STAGES)
def test_missing_input_is_usage(
    stage: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No dataset or no stage 1: nothing is written."""
    monkeypatch.chdir(tmp_path)
    status, _, err = run(capsys, *options(stage))
    assert status == 2
    assert "missing" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", ["diffusion", "flow"])
def test_stage_2_cannot_set_stage_1(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its run decides."""
    status, _, err = run(capsys, *options(stage), "--set", "autoencoder.decoder=adain")
    assert status == 2
    assert "the run of stage 1 decides this" in err
