"""``sonoloop classify`` passes its options on and says what came out."""

from pathlib import Path
from typing import Any

import pytest

from sonoloop.cli.main import main
from sonoloop.recipes.classify_options import ClassifyOptions
from sonoloop.recipes.predict_classes import Prediction
from sonoloop.training.loop import Outcome


def run(*words: str) -> object:
    """Run a command; return its exit status."""
    with pytest.raises(SystemExit) as stopped:
        main(words)
    return stopped.value.code


def test_train_passes_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes are words after one option; the exit status says how it ended."""
    given: dict[str, Any] = {}

    def train(dataset: Path, out: Path, options: ClassifyOptions, **rest: object) -> Outcome:
        given.update(rest, dataset=dataset, out=out, options=options)
        return Outcome(1, "SIGINT received", None)

    monkeypatch.setattr("sonoloop.recipes.train_classifier.train_classifier", train)
    status = run(
        "classify", "train", "dataset", "--out", "run", "--label", "severity",
        "--classes", "mild=0,1", "severe=2,3", "--net", "tsm", "--epochs", "3", "--any-class",
    )  # fmt: skip
    assert status == 130
    assert given["classes"] == ("mild=0,1", "severe=2,3")
    assert (given["label"], given["out"], given["resume"]) == ("severity", Path("run"), False)
    assert given["options"] == ClassifyOptions(net="tsm", epochs=3, any_class=True)


@pytest.mark.parametrize(
    ("result", "status", "sentence"),
    [
        (Prediction(3, {"accuracy": 0.5}, (), 0), 0, "against their labels: accuracy 0.500"),
        (Prediction(3, {}, ("severe",), 0), 0, "none of these videos is labelled severe"),
        (Prediction(3, {}, (), 2), 1, "p.csv: 3 videos"),
    ],
)
def test_predict_says_what_came_out(
    result: Prediction,
    status: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Figures where there are labels of every class; status 1 where files were skipped."""
    recipe = "sonoloop.recipes.predict_classes.predict_classes"
    monkeypatch.setattr(recipe, lambda *_, **__: result)
    assert run("classify", "predict", "run", "videos", "--out", "p.csv") == status
    assert sentence in capsys.readouterr().err
