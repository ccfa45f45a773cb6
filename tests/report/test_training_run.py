"""Reading a training's folder."""

import json
import shutil
from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.report.training_run import TrainingRun


@pytest.fixture
def copy(training_path: Path, tmp_path: Path) -> Path:
    """Copy a training's folder, to change it."""
    return Path(shutil.copytree(training_path, tmp_path / "run"))


def test_run_is_read(training_path: Path) -> None:
    """Settings, losses by name, the first and the last sample."""
    run = TrainingRun.read(training_path)
    assert (run.name, run.stage) == ("stage1", "autoencoder")
    assert run.curves("losses").keys() == {"loss", "kl"}
    assert [step for step, _ in run.curves("validation")["loss"]] == [500, 1000, 1500, 2000]
    assert list(run.strips) == ["step-00000500.png", "step-00002000.png"]
    assert run.environment["cpu"] == "test"


def test_unfinished_run_is_read(copy: Path) -> None:
    """Neither log, samples nor environment yet; a line that is being written does not count."""
    (copy / "environment.json").unlink()
    shutil.rmtree(copy / "samples")
    (copy / "log.jsonl").write_text('{"step": 1, "losses": {"loss": NaN}}\n{"step": 2, "lo')
    run = TrainingRun.read(copy)
    assert [line.step for line in run.log] == [1]
    assert not run.strips
    (copy / "log.jsonl").unlink()
    assert TrainingRun.read(copy).log == ()


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("config.json", "{", "is not valid JSON"),
        ("config.json", "[]", "holds no settings"),
        ("config.json", json.dumps({"name": "a model"}), "it names no stage"),
        ("log.jsonl", '{"step": 1}\n{"st\n', "log.jsonl is damaged"),
        ("log.jsonl", '{"losses": {}}\n', "log.jsonl is damaged"),
        ("environment.json", "x", "is not valid JSON"),
    ],
)
def test_damaged_run_is_refused(copy: Path, file: str, content: str, sentence: str) -> None:
    """One sentence that names the file."""
    (copy / file).write_text(content)
    with pytest.raises(UsageError, match=sentence) as refusal:
        TrainingRun.read(copy)
    assert "\n" not in str(refusal.value)
