"""``sonoloop study`` passes its options on."""

from pathlib import Path
from typing import Any

import pytest

from sonoloop.cli.main import main
from sonoloop.cluster.study_engine import RayEngine
from sonoloop.recipes.study.engine import LocalEngine
from sonoloop.recipes.study.options import StudyOptions


def test_options_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders, label, classes, sources and the settings of the trainings."""
    given: dict[str, Any] = {}

    def study(dataset: Path, out: Path, options: StudyOptions, **rest: object) -> None:
        given.update(rest, dataset=dataset, out=out, options=options)

    monkeypatch.setattr("sonoloop.recipes.study.study.study", study)
    with pytest.raises(SystemExit) as stopped:
        main(
            ["study", "--data", "d", "--out", "o", "--label", "b_lines", "--classes", "no=0",
             "yes=1,2", "--source", "ours=clips", "--source", "theirs=made", "--arms", "a,b",
             "--ratios", "0.7,0.3", "--plan"]
        )  # fmt: skip
    assert stopped.value.code == 0
    assert (given["dataset"], given["out"], given["label"]) == (Path("d"), Path("o"), "b_lines")
    assert given["classes"] == ("no=0", "yes=1,2")
    assert given["sources"] == ("ours=clips", "theirs=made")
    assert (given["plan_only"], given["stills"]) == (True, None)
    assert given["options"] == StudyOptions(arms="a,b", ratios="0.7,0.3")
    assert given["engine"] == LocalEngine(None)


def test_a_cluster_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address, and one thread a training unless more are asked for."""
    engines: list[object] = []

    def study(*_: object, engine: object, **__: object) -> None:
        engines.append(engine)

    monkeypatch.setattr("sonoloop.recipes.study.study.study", study)
    for words in (["--engine", "ray"], ["--engine", "ray", "--address", "h:1", "--threads", "4"],
                  ["--threads", "2"]):  # fmt: skip
        with pytest.raises(SystemExit) as stopped:
            main(["study", "--data", "d", "--out", "o", *words])
        assert stopped.value.code == 0
    assert engines == [RayEngine(None, 1), RayEngine("h:1", 4), LocalEngine(2)]


def test_a_wrong_option_ends_before_anything_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and a sentence."""
    with pytest.raises(SystemExit) as stopped:
        main(["study", "--data", "d", "--out", "o", "--arms", "a,z"])
    assert stopped.value.code == 2
    assert "'z' is not one of a, b, c" in capsys.readouterr().err


def test_threads_are_at_least_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and a sentence."""
    with pytest.raises(SystemExit) as stopped:
        main(["study", "--data", "d", "--out", "o", "--threads", "0"])
    assert stopped.value.code == 2
    assert "--threads 0: at least 1 is needed" in capsys.readouterr().err
